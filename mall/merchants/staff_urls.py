"""Addresses of a store's team."""

from django.urls import path

from mall.merchants import staff_views as views

urlpatterns = [
    path("merchant/staff/", views.staff, name="merchant-staff"),
    path("merchant/staff/<int:user_id>/remove/", views.remove, name="merchant-staff-remove"),
    path("merchant/staff/<int:user_id>/role/", views.role, name="merchant-staff-role"),
    path("merchant/staff/<int:user_id>/hand-over/", views.hand_over, name="merchant-staff-hand-over"),
    path("merchant/staff/invitations/<int:pk>/withdraw/", views.withdraw, name="merchant-invitation-withdraw"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
]
