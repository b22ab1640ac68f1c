"""Addresses of the mall's pages."""

from django.urls import include, path, re_path

from mall import component_views
from mall.basket import views as basket
from mall.catalogue import views as catalogue
from mall.checkout import views as checkout
from mall.customer import views as customer
from mall.merchants import catalogue_views as merchant_catalogue
from mall.merchants import dispute_views as merchant_disputes
from mall.merchants import money_views as merchant_money
from mall.merchants import payout_views as payout
from mall.merchants import store_views
from mall.merchants import views as merchants
from mall.search import views as search

urlpatterns = [
    path("", search.home, name="home"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="search-suggest"),
    path("c/<path:path>/", search.category, name="category"),
    path("p/<slug:product_slug>-<int:pk>/", catalogue.product, name="product"),
    path("p/<slug:product_slug>-<int:pk>/pictures/<int:number>/", catalogue.picture, name="product-picture"),
    re_path(r"^photos/(?P<digest>[0-9a-f]{64})/(?P<width>[0-9]{2,4})\.webp$", catalogue.photo, name="photo"),
    path("store/<slug:slug>/", store_views.store, name="store"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/", basket.add, name="basket-add"),
    path("basket/change/", basket.change, name="basket-change"),
    path("basket/accept/", basket.accept, name="basket-accept"),
    path("basket/later/", basket.later, name="basket-later"),
    path("basket/later/<int:pk>/", basket.kept, name="basket-kept"),
    path("basket/code/", basket.code, name="basket-code"),
    path("basket/code/<int:pk>/remove/", basket.code_remove, name="basket-code-remove"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("checkout/summary/", checkout.summary, name="checkout-summary"),
    path("checkout/done/<str:number>/", checkout.done, name="checkout-done"),
    path("checkout/done/<str:number>/give-up/", checkout.give_up, name="checkout-give-up"),
    path("", include("mall.invoices.urls")),
    path("", include("mall.order.urls")),
    path("", include("mall.packing.urls")),
    path("account/details/", customer.home, name="account-home"),
    path("account/addresses/add/", customer.address_add, name="address-add"),
    path("account/addresses/<int:pk>/default/", customer.address_default, name="address-default"),
    path("account/addresses/<int:pk>/remove/", customer.address_remove, name="address-remove"),
    path("account/consent/", customer.consent, name="account-consent"),
    path("", include("mall.onboarding.urls")),
    path("merchant/", merchants.home, name="merchant"),
    path("merchant/choose/", merchants.choose, name="merchant-choose"),
    path("merchant/catalogue/", merchant_catalogue.catalogue, name="merchant-catalogue"),
    path("merchant/catalogue/new/", merchant_catalogue.product, name="merchant-product"),
    path("merchant/catalogue/offers/<int:stockrecord_id>/", merchant_catalogue.offer, name="merchant-offer-edit"),
    path("", include("mall.proposals.urls")),
    path("merchant/money/", merchant_money.money, name="merchant-money"),
    path("merchant/money/account/", payout.account, name="merchant-payout-account"),
    path("merchant/money/account/<int:pk>/confirm/", payout.confirm, name="merchant-payout-confirm"),
    path("merchant/money/account/<int:pk>/cancel/", payout.cancel, name="merchant-payout-cancel"),
    path("payouts/cancel/<str:token>/", payout.cancel_link, name="payout-cancel"),
    path("merchant/money/<int:pk>/", merchant_money.settlement, name="merchant-settlement"),
    path("merchant/disputes/", merchant_disputes.disputes, name="merchant-disputes"),
    path("merchant/disputes/<int:pk>/", merchant_disputes.dispute, name="merchant-dispute"),
    path("merchant/disputes/<int:pk>/<slug:action>/", merchant_disputes.act, name="merchant-dispute-act"),
    path("merchant/dispute-papers/<int:pk>/", merchant_disputes.paper, name="merchant-dispute-paper"),
    re_path(
        r"^merchant/money/(?P<pk>[0-9]{1,18})/statement\.(?P<form>pdf|csv|xlsx)$",
        merchant_money.settlement_file,
        name="merchant-settlement-file",
    ),
    path("", include("mall.merchants.staff_urls")),
    path("", include("mall.lifecycle.urls")),
    path("", include("mall.health.urls")),
    path("", include("mall.storefront.urls")),
    path("", include("mall.returns.urls")),
    path("", include("mall.messages.urls")),
    path("", include("mall.imports.urls")),
    path("", include("mall.api.urls")),
    path("", include("mall.delivery.urls")),
    path("", include("mall.promotions.urls")),
    path("", include("mall.taxes.urls")),
    path("_components/", component_views.components, name="components"),
    path("_components/schemes.css", component_views.schemes, name="component-schemes"),
    path("", include("mall.notices.urls")),
    path("", include("mall.oscar_urls")),
]
