"""Addresses of looking after merchants, and of closing one's own store."""

from django.urls import path

from mall.lifecycle import views

urlpatterns = [
    path("ops/merchants/", views.merchants, name="ops-merchants"),
    path("ops/merchants/<int:pk>/", views.merchant, name="ops-merchant"),
    path("ops/merchants/<int:pk>/<slug:action>/", views.act, name="ops-merchant-act"),
    path("merchant/close/", views.close, name="merchant-close"),
]
