"""Addresses of the pages of tax."""

from django.urls import path

from mall.taxes import views

urlpatterns = [
    path("ops/taxes/", views.rates, name="tax-rates"),
    path("ops/taxes/enter/", views.enter, name="tax-rate-enter"),
    path("ops/taxes/category/", views.category, name="tax-category"),
    path("ops/taxes/<int:pk>/take-back/", views.take_back, name="tax-rate-take-back"),
]
