"""Addresses of the pages of delivery."""

from django.urls import path

from mall.delivery import views

urlpatterns = [path("merchant/store/delivery/", views.delivery, name="merchant-delivery")]
