"""Saying how a store delivers; orders keep what they were promised."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from mall.actors import Actor
from mall.delivery import queries
from mall.delivery.models import MOST_CLOSED_DAYS, PICKUP, STANDARD, WAYS, DeliveryMethod, DeliveryTerms
from mall.delivery.plans import Plan, Way
from mall.merchants import authority, roles
from mall.merchants.models import Merchant
from mall.search import operations as search

MOST_AMOUNT = 10**9


class UnableToSetDelivery(Exception):
    """How the store delivers stays as it was."""


def set_delivery(*, merchant_id: int, plan: Plan, by: Actor, at: datetime) -> None:
    """Replace how a store delivers; the country is the merchant's own, whatever the plan says.

    :raises NotAllowed: the actor may not set this merchant's delivery.
    :raises UnableToSetDelivery: a figure is not possible, or no way is left.
    """
    _check(plan=plan)
    with transaction.atomic():
        merchant = authority.require(merchant_id=merchant_id, by=by, permission=roles.DELIVERY)
        terms, _created = DeliveryTerms.objects.update_or_create(
            merchant=merchant,
            defaults={
                "handling_days": plan.handling_days,
                "cut_off_hour": plan.cut_off_hour,
                "time_zone": plan.time_zone,
                "working_days": list(plan.working_days),
                "closed_days": sorted(plan.closed_days),
                "pickup_place": plan.pickup_place,
                "changed_by": str(by),
                "changed_at": at,
            },
        )
        terms.methods.all().delete()
        DeliveryMethod.objects.bulk_create(
            [
                DeliveryMethod(
                    terms=terms,
                    code=way.code,
                    charge=way.charge,
                    free_from=way.free_from,
                    transit_days=way.transit_days,
                    countries=list(way.countries),
                )
                for way in plan.ways
            ]
        )
        usual = next((way for way in plan.ways if way.code == STANDARD), plan.ways[0])
        # Search tells of free delivery by these two.
        Merchant.objects.filter(pk=merchant_id).update(
            delivery_charge=usual.charge,
            delivery_free_from=_free_from(way=usual),
        )
        search.announce(at=at, merchant_id=merchant_id)
        # Nobody may keep what he read before this was committed.
        transaction.on_commit(lambda: queries.forget_plan(merchant_id=merchant_id))
    queries.forget_plan(merchant_id=merchant_id)


def _free_from(*, way: Way) -> int:
    if way.charge == 0:
        return 0
    return MOST_AMOUNT if way.free_from is None else way.free_from


def _check(*, plan: Plan) -> None:
    codes = [way.code for way in plan.ways]
    if not codes or len(set(codes)) != len(codes) or not set(codes) <= set(WAYS):
        raise UnableToSetDelivery(_("Please offer at least one way of delivery."))
    if not plan.working_days or not set(plan.working_days) <= set(range(7)):
        raise UnableToSetDelivery(_("Please choose at least one day on which you send parcels."))
    if not 0 <= plan.handling_days <= 30 or not 0 <= plan.cut_off_hour <= 23:
        raise UnableToSetDelivery(_("Handling takes 0 to 30 days, and hours run from 0 to 23."))
    if plan.time_zone not in available_timezones():
        raise UnableToSetDelivery(_("There is no such time zone."))
    if len(plan.closed_days) > MOST_CLOSED_DAYS:
        raise UnableToSetDelivery(_("Please name at most %(most)d closed days.") % {"most": MOST_CLOSED_DAYS})
    if PICKUP in codes and not plan.pickup_place.strip():
        raise UnableToSetDelivery(_("Please say where goods can be collected."))
    for way in plan.ways:
        if not 0 <= way.charge <= MOST_AMOUNT or not 0 <= way.transit_days <= 60:
            raise UnableToSetDelivery(_("A charge or a number of days is not possible."))
