"""The checkout as it stands: the goods, how each parcel comes, how it is paid, and the form with what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest
from oscar.core.loading import get_model

from mall import bank
from mall.basket import contents as baskets
from mall.checkout import tenders, typed
from mall.checkout.forms import NEW_ADDRESS, CheckoutForm
from mall.customer.addresses import AddressData
from mall.promotions import taking

UserAddress = get_model("address", "UserAddress")

MOST_ADDRESSES = 6


@dataclass(frozen=True, slots=True)
class Page:
    """What the checkout is about to be."""

    contents: baskets.Contents
    choices: dict[int, str]
    total: int
    form: CheckoutForm
    closed: list[str]
    book: list[UserAddress]
    at: datetime

    def address(self, *, request: HttpRequest) -> AddressData:
        """Return where the goods go; where nothing is carried, whose they are."""
        user = request.user
        if not self.form.carried:
            name = user.get_full_name() or user.email if user.is_authenticated else self.form.cleaned_data["email"]
            return AddressData(name=name, line1="", city="", postcode="", country="")
        chosen = self.form.address_id
        if chosen is None:
            return self.form.address
        row = next(row for row in self.book if row.pk == chosen)
        return AddressData(
            name=row.name,
            line1=row.line1,
            line2=row.line2,
            city=row.line4,
            region=row.state,
            postcode=row.postcode,
            country=row.country_id,
            phone=str(row.phone_number or ""),
        )


def build(request: HttpRequest) -> Page:
    """Return the checkout of this request: as it was sent, else as it was typed before."""
    at = bank.now()
    posted = request.method == "POST"
    data = request.POST if posted else typed.kept(request=request)
    user = request.user
    guest = not user.is_authenticated
    email = data.get("email", "") if guest else user.email
    book = [] if guest else _book(user_id=user.pk)
    found = baskets.contents(
        basket=request.basket,
        at=at,
        customer=taking.customer(user_id=user.pk, email=email),
        country=_country(data=data, book=book),
    )
    choices = {
        parcel.merchant_id: quote.code
        for parcel in found.parcels
        if (quote := parcel.delivery(code=data.get(f"delivery-{parcel.merchant_id}", ""))) is not None
    }
    total = found.total(choices=choices)
    buyer = {"user_id": user.pk, "email": email}
    divided = tenders.split(
        data=data,
        total=total,
        currency=found.currency,
        at=at,
        goods=[(parcel.merchant_id, line.product_id, line.amount) for parcel in found.parcels for line in parcel.lines],
        **buyer,
    )
    options, closed = [], []
    if found.parcels:
        # What is paid in full already may still be paid another way when that is taken back.
        options, closed = bank.ways_to_pay(**buyer, total=divided.rest or total, currency=found.currency, at=at)
    account = next((option.source for option in options if option.method == "bank_account"), divided.account_number)
    form = CheckoutForm(
        data if posted else None,
        initial=None if posted else dict(data.items()),
        guest=guest,
        book=[(row.pk, ", ".join(row.active_address_fields())) for row in book],
        options=options,
        split=replace(divided, account_number=account),
        carried=found.needs_address(choices=choices),
        stores=[(parcel.merchant_id, parcel.merchant) for parcel in found.parcels if not parcel.digital],
    )
    return Page(contents=found, choices=choices, total=total, form=form, closed=closed, book=book, at=at)


def _book(*, user_id: int) -> list[UserAddress]:
    rows = UserAddress.objects.filter(user_id=user_id).select_related("country")
    return list(rows.order_by("-is_default_for_shipping", "-num_orders_as_shipping_address", "pk")[:MOST_ADDRESSES])


def _country(*, data: Mapping[str, str], book: list[UserAddress]) -> str:
    """Return the country of the address that is chosen, else typed, else usual."""
    chosen = data.get("address_choice") or (str(book[0].pk) if book else NEW_ADDRESS)
    row = next((row for row in book if str(row.pk) == chosen), None)
    if row is not None:
        return row.country_id
    given = data.get("country", "")
    return given if len(given) == 2 and given.isalpha() else bank.policy().BANK_COUNTRY
