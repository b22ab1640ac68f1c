"""Addresses of payments' pages."""

from django.urls import path

from payments.views import money, ops

urlpatterns = [
    path("money/", money.money, name="money"),
    path("money/accounts/<str:number>/", money.statement, name="money-statement"),
    path("money/card/<str:reference>/", money.card_question, name="money-card"),
    path("money/confirm/<int:tender_id>/", money.confirm, name="money-confirm"),
    path("ops/", ops.overview, name="ops"),
    path("ops/find/", ops.find, name="ops-find"),
    path("ops/run/", ops.run, name="ops-run"),
]
