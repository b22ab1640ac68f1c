"""Addresses of the mall's pages."""

from django.urls import include, path

from mall.basket import views as basket
from mall.catalogue import views as catalogue
from mall.merchants import store_views
from mall.search import views as search

urlpatterns = [
    path("", search.home, name="home"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="search-suggest"),
    path("c/<path:path>/", search.category, name="category"),
    path("p/<slug:product_slug>-<int:pk>/", catalogue.product, name="product"),
    path("store/<slug:slug>/", store_views.store, name="store"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/", basket.add, name="basket-add"),
    path("basket/change/", basket.change, name="basket-change"),
    path("basket/voucher/", basket.voucher, name="basket-voucher"),
    path("", include("mall.oscar_urls")),
]
