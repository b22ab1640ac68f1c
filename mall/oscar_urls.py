"""The addresses Oscar's own code and back office name, each leading to the page that replaced it."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView


def _to(name: str) -> object:
    return RedirectView.as_view(pattern_name=name, query_string=True)


catalogue = (
    [
        path("catalogue/", _to("search"), name="index"),
        path("catalogue/<slug:product_slug>_<int:pk>/", _to("product"), name="detail"),
        re_path(
            r"^catalogue/category/(?P<category_slug>[\w-]+(/[\w-]+)*)_(?P<pk>\d+)/$",
            RedirectView.as_view(url="/c/%(category_slug)s/"),
            name="category",
        ),
    ],
    "catalogue",
)
basket = ([path("shop/basket/", _to("basket"), name="summary")], "basket")
checkout = ([path("shop/checkout/", _to("checkout"), name="index")], "checkout")
search = ([path("shop/search/", _to("search"), name="search")], "search")
customer = (
    [
        path("shop/account/", _to("account-home"), name="summary"),
        path("shop/account/login/", _to("account_login"), name="login"),
        path("shop/account/logout/", _to("account_logout"), name="logout"),
        path("shop/account/orders/", _to("orders"), name="order-list"),
        path("shop/account/orders/<str:number>/", _to("order"), name="order"),
    ],
    "customer",
)

urlpatterns = [path("", include(part)) for part in (catalogue, basket, checkout, search, customer)]
