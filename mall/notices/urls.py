"""Addresses of notices."""

from django.urls import path

from mall.notices import views

urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.read, name="notices-read"),
    path("notices/<int:pk>/", views.follow, name="notice"),
    path("notices/stop/<str:token>/", views.stop, name="notices-stop"),
    path("account/notices/", views.settings, name="notice-settings"),
]
