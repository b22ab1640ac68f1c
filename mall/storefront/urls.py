"""Addresses of editing a store's page, and of its pictures."""

from django.urls import path

from mall.storefront import views

urlpatterns = [
    path("merchant/store/", views.edit, name="merchant-store"),
    path("merchant/store/preview/", views.preview, name="merchant-store-preview"),
    path("merchant/store/publish/", views.publish, name="merchant-store-publish"),
    path("merchant/store/holiday/", views.holiday, name="merchant-store-holiday"),
    path("store-pictures/<int:pk>-<slug:digest>-<int:width>.webp", views.picture, name="store-picture"),
]
