"""Addresses of invoices and credit notes."""

from django.urls import path

from mall.invoices import views

urlpatterns = [
    path("orders/<str:number>/papers/<slug:paper>.pdf", views.of_order, name="order-paper"),
    path("merchant/papers/<slug:paper>.pdf", views.of_merchant, name="merchant-paper"),
]
