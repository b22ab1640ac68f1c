"""Addresses of the pages about credit."""

from django.urls import path

from financing.checkout import views as checkout
from financing.workbench import merchant_views as merchant
from financing.workbench import officer_views as officer
from financing.workbench import shopper_views as shopper

urlpatterns = [
    path("pay-later/<int:tender_id>/", checkout.pay_later, name="pay-later"),
    path("money/plans/", shopper.plans, name="plans"),
    path("money/plans/<int:pk>/", shopper.plan, name="plan"),
    path("money/plans/<int:pk>/agreement/", shopper.agreement, name="plan-agreement"),
    path("merchant/financing/", merchant.financing, name="merchant-financing"),
    path("merchant/financing/ask/", merchant.ask, name="merchant-financing-ask"),
    path("merchant/financing/sign/<int:pk>/", merchant.sign, name="merchant-financing-sign"),
    path("officer/", officer.queue, name="officer"),
    path("officer/<int:pk>/", officer.case, name="officer-case"),
    path("officer/<int:pk>/<slug:action>/", officer.act, name="officer-act"),
]
