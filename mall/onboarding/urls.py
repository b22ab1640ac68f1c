"""Addresses of applying to sell, for companies and for the bank's operations."""

from django.urls import path

from mall.onboarding import ops_views as ops
from mall.onboarding import views

urlpatterns = [
    path("sell/", views.sell, name="sell"),
    path("sell/begin/", views.begin, name="sell-begin"),
    path("sell/terms/<str:version>/", views.terms_page, name="sell-terms"),
    path("sell/documents/<int:pk>/", views.document, name="application-document"),
    path("sell/<int:pk>/people/<int:person_id>/remove/", views.person_remove, name="sell-person-remove"),
    path("sell/<int:pk>/documents/<int:document_id>/remove/", views.document_remove, name="sell-document-remove"),
    path("sell/<int:pk>/answer/", views.answer, name="sell-answer"),
    path("sell/<int:pk>/withdraw/", views.withdraw, name="sell-withdraw"),
    path("sell/<int:pk>/<slug:step>/", views.step, name="sell-step"),
    path("ops/applications/", ops.queue, name="applications"),
    path("ops/applications/<int:pk>/", ops.case, name="application"),
    path("ops/applications/<int:pk>/decide/", ops.decide, name="application-decide"),
    path("ops/applications/<int:pk>/ask/", ops.ask, name="application-ask"),
    path("ops/applications/<int:pk>/clear/<slug:code>/", ops.clear, name="application-clear"),
    path("ops/applications/<int:pk>/check/", ops.check, name="application-check"),
]
