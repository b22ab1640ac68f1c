"""Shoppers: registered with their account at the bank, and what they consent to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import connection, transaction
from oscar.core.loading import get_model

from mall import bank, events
from mall.customer.addresses import AddressData
from mall.customer.models import CREDIT_USE, DeviceSighting, HomeAddress, User
from payments import rows

UserAddress = get_model("address", "UserAddress")

CONSENT_TEXT_VERSION = "2026-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterShopper:
    """A person to register, with a current account in `currency`.

    `password` may be hashed already; without one the person cannot sign in until setting one.
    """

    email: str
    name: str
    currency: str
    at: datetime
    password: str | None = None
    address: AddressData | None = None
    consent_credit: bool = False
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeConsent:
    """A subject (`user:1`, `merchant:3`) allows a use of data, or withdraws that."""

    subject: str
    purpose: str
    granted: bool
    at: datetime
    text_version: str = CONSENT_TEXT_VERSION


def register_shoppers(*, requests: Sequence[RegisterShopper]) -> list[User]:
    """Register people and open their accounts; somebody with that e-mail address is returned as he is.

    :returns: for each request, in order, the person.
    """
    by_email: dict[str, RegisterShopper] = {}
    for request in requests:
        by_email.setdefault(User.objects.normalize_email(request.email).lower(), request)
    with transaction.atomic():
        known = set(User.objects.filter(email__in=by_email).values_list("email", flat=True))
        User.objects.bulk_create(
            [_user(email=email, request=request) for email, request in by_email.items() if email not in known],
            ignore_conflicts=True,
        )
        people = {user.email: user for user in User.objects.filter(email__in=by_email)}
        fresh = [(people[email], request) for email, request in by_email.items() if email not in known]
        set_up_accounts(people=fresh)
    return [people[User.objects.normalize_email(request.email).lower()] for request in requests]


def _user(*, email: str, request: RegisterShopper) -> User:
    first, _, last = request.name.strip().rpartition(" ")
    return User(
        email=email,
        first_name=first,
        last_name=last,
        password=_password(request.password),
        date_joined=request.at,
        currency=request.currency,
        region=_region(request.address),
    )


def _region(address: AddressData | None) -> str:
    return f"{address.country}-{address.region}".rstrip("-")[:64] if address else ""


def _password(given: str | None) -> str:
    if given is None:
        return make_password(None)
    try:
        identify_hasher(given)
    except ValueError:
        return make_password(given)
    return given


def set_up_accounts(*, people: Sequence[tuple[User, RegisterShopper]]) -> None:
    """Give people who exist their current accounts, addresses and consents, in the caller's transaction."""
    if not people:
        return
    bank.open_accounts(
        holders=[(bank.shopper(user_id=user.pk), request.currency, request.at) for user, request in people]
    )
    # An address confirmed by whoever registered them; sign-in by allauth needs the row.
    rows.insert(
        rows=[EmailAddress(user=user, email=user.email, verified=False, primary=True) for user, _request in people],
        ignore_conflicts=True,
    )
    add_addresses(addresses=[(user.pk, request.address, request.at) for user, request in people if request.address])
    rows.insert(
        rows=[
            DeviceSighting(user=user, device=request.device[:64], first_seen=request.at)
            for user, request in people
            if request.device
        ],
        ignore_conflicts=True,
    )
    record_consents(
        requests=[
            ChangeConsent(subject=bank.shopper(user_id=user.pk), purpose=CREDIT_USE, granted=True, at=request.at)
            for user, request in people
            if request.consent_credit
        ]
    )


def add_addresses(*, addresses: Sequence[tuple[int, AddressData, datetime]]) -> None:
    """Add (user id, address, moment) to address books, and remember whose doors they are; twice is once."""
    added = []
    for user_id, address, _at in addresses:
        first, _, last = address.name.strip().rpartition(" ")
        row = UserAddress(
            user_id=user_id,
            first_name=first,
            last_name=last,
            line1=address.line1,
            line2=address.line2,
            line4=address.city,
            state=address.region,
            postcode=address.postcode,
            country_id=address.country,
            phone_number=address.phone,
        )
        row.search_text = " ".join(
            part for part in (address.name, address.line1, address.city, address.postcode) if part
        )
        row.hash = address.fingerprint or address.postcode
        added.append(row)
    # One default address a person: the first one he has.
    having = set(
        UserAddress.objects.filter(user_id__in={row.user_id for row in added}).values_list("user_id", flat=True)
    )
    for row in added:
        row.is_default_for_shipping = row.user_id not in having
        having.add(row.user_id)
    rows.insert(rows=added, ignore_conflicts=True)
    rows.insert(
        rows=[
            HomeAddress(user_id=user_id, fingerprint=address.fingerprint, first_seen=at)
            for user_id, address, at in addresses
            if address.fingerprint
        ],
        ignore_conflicts=True,
    )


def set_default_address(*, user_id: int, address_id: int) -> None:
    """Have goods go to one address of a person's book unless he says otherwise; another's address changes nothing."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        if UserAddress.objects.filter(pk=address_id, user_id=user_id).exists():
            UserAddress.objects.filter(user_id=user_id).update(is_default_for_shipping=False)
            UserAddress.objects.filter(pk=address_id, user_id=user_id).update(is_default_for_shipping=True)


def sight_device(*, user_id: int, device: str, at: datetime) -> None:
    """Remember that a person was seen with a device; only the first time counts."""
    if device:
        DeviceSighting.objects.bulk_create(
            [DeviceSighting(user_id=user_id, device=device[:64], first_seen=at)], ignore_conflicts=True
        )


def record_consents(*, requests: Sequence[ChangeConsent]) -> None:
    """Record consents granted and withdrawn; what is in force already, or not in force, stays as it is.

    Of several requests of one subject for one purpose the last counts.
    """
    if not requests:
        return
    wanted = {(request.subject, request.purpose): request for request in requests}
    with transaction.atomic():
        withdrawn = _withdraw(requests=[request for request in wanted.values() if not request.granted])
        granted = _grant(requests=[request for request in wanted.values() if request.granted])
        changed = [wanted[pair] for pair in wanted if pair in granted or pair in withdrawn]
        bank.publish(
            happened=[
                events.ConsentChanged(
                    key=f"{item.subject}:{item.purpose}:{item.granted}:{item.at.isoformat()}",
                    at=item.at,
                    subject=item.subject,
                    purpose=item.purpose,
                    granted=item.granted,
                )
                for item in changed
            ]
        )


def _grant(*, requests: Sequence[ChangeConsent]) -> set[tuple[str, str]]:
    """Grant what is not in force yet; only one consent is ever in force, says the table."""
    if not requests:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO customer_consent (subject, purpose, text_version, granted_at)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[]) ORDER BY 1, 2
            ON CONFLICT DO NOTHING RETURNING subject, purpose
            """,
            [
                [request.subject for request in requests],
                [request.purpose for request in requests],
                [request.text_version for request in requests],
                [request.at for request in requests],
            ],
        )
        return set(cursor.fetchall())


def _withdraw(*, requests: Sequence[ChangeConsent]) -> set[tuple[str, str]]:
    if not requests:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE customer_consent c SET withdrawn_at = greatest(w.at, c.granted_at)
            FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS w (subject, purpose, at)
            WHERE c.subject = w.subject AND c.purpose = w.purpose AND c.withdrawn_at IS NULL
            RETURNING c.subject, c.purpose
            """,
            [
                [request.subject for request in requests],
                [request.purpose for request in requests],
                [request.at for request in requests],
            ],
        )
        return set(cursor.fetchall())
