"""Addresses of files in and out."""

from django.urls import path, re_path

from mall.imports import bulk_views, export_views, views
from mall.imports.desks import DESKS

FORM = r"(?P<form>csv|xlsx)$"
NUMBER = r"(?P<pk>[0-9]{1,18})"

urlpatterns = [
    path("merchant/catalogue/bulk/", bulk_views.bulk, name="merchant-bulk"),
    re_path(rf"^merchant/catalogue/export\.{FORM}", export_views.catalogue, name="merchant-catalogue-file"),
    re_path(rf"^merchant/export/orders\.{FORM}", export_views.orders, name="merchant-orders-file"),
]
for desk in DESKS:
    urlpatterns += [
        path(desk.path, desk.open(views.desk_page), name=desk.name),
        re_path(rf"^{desk.path}template\.{FORM}", desk.open(views.template_file), name=f"{desk.name}-template"),
        path(f"{desk.path}<int:pk>/", desk.open(views.one), name=f"{desk.name}-one"),
        path(f"{desk.path}<int:pk>/progress/", desk.open(views.progress), name=f"{desk.name}-progress"),
        re_path(
            rf"^{desk.path}{NUMBER}/problems\.{FORM}", desk.open(views.problems_file), name=f"{desk.name}-problems"
        ),
        path(f"{desk.path}<int:pk>/<slug:action>/", desk.open(views.act), name=f"{desk.name}-act"),
    ]
