"""Addresses of the merchants' interface."""

from django.urls import path

from mall.api import key_views, views

urlpatterns = [
    path("api/v1/stock", views.stock, name="api-stock"),
    path("api/v1/prices", views.prices, name="api-prices"),
    path("api/v1/orders", views.orders, name="api-orders"),
    path("merchant/keys/", key_views.keys, name="merchant-keys"),
    path("merchant/keys/<int:pk>/revoke/", key_views.revoke, name="merchant-key-revoke"),
    path("developers/", key_views.developers, name="developers"),
]
