"""Addresses of the pages of promotions."""

from django.urls import path, re_path

from mall.promotions import ops_views, views

urlpatterns = [
    path("merchant/promotions/", views.promotions, name="merchant-promotions"),
    path("merchant/promotions/<int:pk>/end/", views.end, name="merchant-promotion-end"),
    path("ops/vouchers/", ops_views.vouchers, name="ops-vouchers"),
    re_path(
        r"^ops/vouchers/(?P<pk>[0-9]{1,15})/(?P<action>agree|decline|end)/$", ops_views.act, name="ops-voucher-act"
    ),
]
