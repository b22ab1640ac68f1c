"""Keys made and revoked, and what programs ask for done once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from mall.actors import Actor, NotAllowed
from mall.api.models import SCOPES, ApiCall, ApiKey
from mall.merchants import authority, roles
from mall.merchants.models import ACTIVE, SUSPENDED
from payments import rows

MOST_KEYS = 20
KEPT = timedelta(hours=48)
# When a key was used is told to the minute: not every request is worth a write.
USE_NOTED = timedelta(minutes=1)
PREFIX = "rialto_"


class UnableToMakeKey(Exception):
    """There is no new key."""


class WrongKey(Exception):
    """No key like that counts."""


class KeyReused(Exception):
    """An idempotency key came with another request before."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key and its text, which is shown once and kept nowhere."""

    key_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Caller:
    """The program behind a request."""

    key_id: int
    merchant_id: int
    currency: str
    scopes: frozenset[str]


def make_key(*, merchant_id: int, name: str, scopes: Sequence[str], by: Actor, at: datetime) -> MadeKey:
    """Make a key; for those who may (the owner).

    :raises NotAllowed: the person may not.
    :raises UnableToMakeKey: it has no name or allows nothing, or there are too many.
    """
    if not name.strip():
        raise UnableToMakeKey(_("Give the key a name, so that you know it again."))
    known = [scope for scope, _name in SCOPES if scope in scopes]
    if not known:
        raise UnableToMakeKey(_("Choose at least one thing that the key allows."))
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.KEYS)
        if ApiKey.objects.filter(merchant_id=merchant_id, revoked_at__isnull=True).count() >= MOST_KEYS:
            raise UnableToMakeKey(_("There are %(most)d keys: revoke one that is not used.") % {"most": MOST_KEYS})
        row = ApiKey.objects.create(
            merchant_id=merchant_id,
            name=name.strip()[:60],
            prefix=text[:12],
            digest=_digest(text),
            scopes=known,
            made_by_id=by.user_id,
            made_at=at,
        )
        authority.record(
            merchant_id=merchant_id, kind="api_key_made", by=authority.name_of(by=by), at=at, note=row.name
        )
    return MadeKey(row.pk, text)


def revoke_key(*, merchant_id: int, key_id: int, by: Actor, at: datetime) -> None:
    """Let a key count no more, from now on; one that was revoked before stays as it is.

    :raises NotAllowed: the person may not, or it is no key of this merchant.
    """
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.KEYS)
        row = ApiKey.objects.filter(pk=key_id, merchant_id=merchant_id).first()
        if row is None:
            raise NotAllowed(_("There is no such key of yours."))
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by_id = at, by.user_id
            row.save(update_fields=["revoked_at", "revoked_by"])
            authority.record(
                merchant_id=merchant_id, kind="api_key_revoked", by=authority.name_of(by=by), at=at, note=row.name
            )


def caller_of(*, text: str, at: datetime) -> Caller:
    """Return whose program shows this key, and note that it was used.

    :raises WrongKey: no such key counts, or its store is closed.
    """
    found = ApiKey.objects.filter(digest=_digest(text), revoked_at__isnull=True).select_related("merchant")
    row = found.filter(merchant__status__in=(ACTIVE, SUSPENDED)).first()
    if row is None:
        raise WrongKey
    if row.last_used_at is None or at - row.last_used_at > USE_NOTED:
        since = Q(last_used_at__isnull=True) | Q(last_used_at__lt=at)
        ApiKey.objects.filter(since, pk=row.pk).update(last_used_at=at)
    return Caller(row.pk, row.merchant_id, row.merchant.currency, frozenset(row.scopes))


def once(
    *, merchant_id: int, idempotency_key: str, request: bytes, at: datetime, act: Callable[[], dict]
) -> tuple[dict, bool]:
    """Act in one transaction and keep the answer; the same request with the same key gets it again without acting.

    Of two at once the second waits for the first. A refusal by `act` (an exception) keeps nothing.

    :returns: the answer, and whether it was given before.
    :raises KeyReused: the key came with another request.
    """
    if not idempotency_key:
        return act(), False
    digest = hashlib.sha256(request).hexdigest()
    with transaction.atomic():
        call = ApiCall(
            merchant_id=merchant_id, idempotency_key=idempotency_key, request_digest=digest, answer={}, at=at
        )
        rows.insert(rows=[call], ignore_conflicts=True)
        kept = ApiCall.objects.select_for_update(no_key=True).get(
            merchant_id=merchant_id, idempotency_key=idempotency_key
        )
        if kept.request_digest != digest:
            raise KeyReused
        if kept.answer:
            return kept.answer, True
        kept.answer = act()
        kept.save(update_fields=["answer"])
    return kept.answer, False


def forget_calls(*, at: datetime) -> int:
    """Forget answers that nobody asks for any more; return how many."""
    return ApiCall.objects.filter(at__lt=at - KEPT).delete()[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
