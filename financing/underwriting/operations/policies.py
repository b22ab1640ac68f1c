"""Propose, approve and put back policy; who may decide how much."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from financing.underwriting import policy
from financing.underwriting.errors import UnableToChangePolicy
from financing.underwriting.models import Authority, PolicyVersion

SHIPPED = "shipped with Rialto"
REVIEWED = "reviewed with the code"

# Minor units of a loan's own currency, by role and kind of product.
AUTHORITIES: Mapping[str, Mapping[str, int]] = {
    "credit officer": {"installments": 1_000_000, "advance": 1_000_000},
    "senior officer": {"installments": 5_000_000, "advance": 5_000_000},
}


def install_defaults(*, at: datetime) -> PolicyVersion:
    """Put the opening policy and the officers' authorities in place where there are none; return the active policy."""
    Authority.objects.bulk_create(
        [
            Authority(role=role, product_kind=kind, limit=limit)
            for role, limits in AUTHORITIES.items()
            for kind, limit in limits.items()
        ],
        ignore_conflicts=True,
    )
    active = PolicyVersion.objects.filter(state=PolicyVersion.State.ACTIVE).first()
    if active is not None:
        return active
    drafted = propose_policy(data=policy.first(), note="Opening policy", proposed_by=SHIPPED, at=at)
    return approve_policy(number=drafted.number, approved_by=REVIEWED, at=at)


def propose_policy(*, data: Mapping[str, Any], note: str, proposed_by: str, at: datetime) -> PolicyVersion:
    """Record a policy as a draft; it decides nothing before somebody else approves it.

    :raises UnableToChangePolicy: the data is not a policy.
    """
    try:
        policy.check(data=data)
    except policy.WrongPolicy as wrong:
        raise UnableToChangePolicy(str(wrong)) from wrong
    with transaction.atomic():
        list(PolicyVersion.objects.select_for_update().order_by("-number")[:1])
        newest = PolicyVersion.objects.aggregate(newest=Max("number"))["newest"] or 0
        return PolicyVersion.objects.create(
            number=newest + 1, data=data, note=note, proposed_by=proposed_by, proposed_at=at
        )


def approve_policy(*, number: int, approved_by: str, at: datetime) -> PolicyVersion:
    """Make a draft the policy that decides, or put a retired version back, in one step; the active one retires.

    :raises UnableToChangePolicy: no such version, active already, or approved by who proposed it.
    """
    with transaction.atomic():
        versions = {one.number: one for one in PolicyVersion.objects.select_for_update().order_by("number")}
        chosen = versions.get(number)
        if chosen is None or chosen.state == PolicyVersion.State.ACTIVE:
            raise UnableToChangePolicy(f"There is no policy {number} that could be put in force.")
        if not approved_by or approved_by == chosen.proposed_by:
            raise UnableToChangePolicy(f"{chosen.proposed_by} proposed this policy: somebody else has to approve it.")
        PolicyVersion.objects.filter(state=PolicyVersion.State.ACTIVE).update(state=PolicyVersion.State.RETIRED)
        chosen.state, chosen.approved_by, chosen.approved_at = PolicyVersion.State.ACTIVE, approved_by, at
        chosen.save(update_fields=["state", "approved_by", "approved_at"])
    return chosen
