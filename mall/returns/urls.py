"""Addresses of returns."""

from django.urls import path

from mall.returns import merchant_views, staff_views, views

urlpatterns = [
    path("returns/", views.returns, name="returns"),
    path("returns/new/<str:consignment>/", views.ask, name="return-ask"),
    path("returns/pictures/<int:pk>/", views.photo, name="return-photo"),
    path("returns/<str:number>/", views.show, name="return"),
    path("returns/<str:number>/label.pdf", views.label, name="return-label"),
    path("returns/<str:number>/<slug:action>/", views.act, name="return-act"),
    path("merchant/returns/", merchant_views.returns, name="merchant-returns"),
    path("merchant/returns/terms/", merchant_views.terms, name="merchant-return-terms"),
    path("merchant/returns/<str:number>/", merchant_views.show, name="merchant-return"),
    path("merchant/returns/<str:number>/<slug:action>/", merchant_views.act, name="merchant-return-act"),
    path("ops/returns/", staff_views.returns, name="ops-returns"),
    path("ops/returns/<str:number>/", staff_views.show, name="ops-return"),
    path("ops/returns/<str:number>/<slug:action>/", staff_views.act, name="ops-return-act"),
]
