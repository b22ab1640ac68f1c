"""Addresses of a shopper's orders."""

from django.urls import path

from mall.order import act_views, views

urlpatterns = [
    path("orders/", views.orders, name="orders"),
    path("orders/link/<str:token>/", views.guest_order, name="guest-order"),
    path("orders/<str:number>/", views.order, name="order"),
    path("orders/<str:number>/cancel/", act_views.cancel, name="order-cancel"),
    path("orders/<str:number>/again/", act_views.again, name="order-again"),
    path("orders/<str:number>/<str:consignment>/received/", act_views.received, name="order-received"),
    path("orders/<str:number>/<str:consignment>/cancel/", act_views.cancel_pieces, name="order-cancel-pieces"),
    path("orders/<str:number>/<str:consignment>/review/", act_views.review, name="order-review"),
]
