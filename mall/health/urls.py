"""Addresses of a store's health."""

from django.urls import path

from mall.health import views

urlpatterns = [
    path("merchant/health/", views.health, name="merchant-health"),
    path("merchant/health/<slug:code>/<int:days>/", views.orders, name="merchant-health-orders"),
]
