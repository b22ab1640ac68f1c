"""Addresses of the packing desk."""

from django.urls import path

from mall.merchants import order_views
from mall.packing import scan_views, views

urlpatterns = [
    path("merchant/orders/", views.orders, name="merchant-orders"),
    path("merchant/orders/bulk/", views.bulk, name="merchant-orders-bulk"),
    path("merchant/scan/", scan_views.scan, name="merchant-scan"),
    path("merchant/orders/<str:number>/", order_views.order, name="merchant-order"),
    path("merchant/orders/<str:number>/pack/", order_views.pack, name="merchant-pack"),
    path("merchant/orders/<str:number>/divide/", order_views.divide, name="merchant-divide"),
    path("merchant/orders/<str:number>/dispatch/", order_views.dispatch, name="merchant-dispatch"),
    path("merchant/orders/<str:number>/cancel/", order_views.cancel, name="merchant-cancel"),
    path("merchant/orders/<str:number>/refund/", order_views.refund, name="merchant-refund"),
]
