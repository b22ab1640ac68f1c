"""How the total is divided: a voucher first, then a part from one's account, the rest by one more way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mall import bank
from mall.promotions import taking, vouchers

_AMOUNT = forms.DecimalField(
    min_value=Decimal("0.01"),
    max_digits=12,
    decimal_places=3,
    required=False,
    error_messages={
        "invalid": gettext_lazy("Please write the amount in digits, like 12.50."),
        "min_value": gettext_lazy("Please give an amount above zero."),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The division of a total; amounts are minor units and sum to it. ``problems``: a sentence by field."""

    total: int
    currency: str
    voucher_code: str = ""
    voucher: int = 0
    account_number: str = ""
    account: int = 0
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def rest(self) -> int:
        """Return what one more way has to give."""
        return self.total - self.voucher - self.account

    def tenders(self, *, method: str, source: str) -> tuple[tuple[str, str, int], ...]:
        """Return (method, source, minor units) of each tender in the order of use; the rest by ``method``."""
        account = self.account
        rest = self.rest
        if (method, source) == ("bank_account", self.account_number):
            account, rest = account + rest, 0
        found = (
            ("voucher", self.voucher_code, self.voucher),
            ("bank_account", self.account_number, account),
            (method, source, rest),
        )
        return tuple(tender for tender in found if tender[2])


def split(
    *,
    data: Mapping[str, str],
    total: int,
    currency: str,
    user_id: int | None,
    email: str,
    at: datetime,
    goods: Sequence[tuple[int, int, int]] = (),
) -> Split:
    """Divide the total as the shopper wrote it; what cannot be is left out and said in ``problems``.

    ``goods``: (merchant, product, amount after promotions) of each line, for vouchers that are for some goods alone.
    """
    problems: dict[str, str] = {}
    code = data.get("voucher_code", "").strip()[:64]
    voucher = 0
    if code:
        found = bank.voucher(code=code, user_id=user_id, email=email, currency=currency, at=at)
        code = found.code if found else code
        most, problem = vouchers.pays_at_most(
            code=code,
            goods=goods,
            customer=taking.customer(user_id=user_id, email=email),
            currency=currency,
            at=at,
        )
        voucher = min(found.left, total, total if most is None else most) if found else 0
        if problem:
            problems["voucher_code"] = problem
        elif found is None:
            problems["voucher_code"] = _("There is no voucher %(code)s that you can use now.") % {"code": code}
        elif not voucher:
            problems["voucher_code"] = _("The voucher %(code)s is used up.") % {"code": code}
    number, account = "", 0
    if user_id is not None and data.get("account_amount", "").strip():
        number = bank.account_of(user_id=user_id, currency=currency) or ""
    if number:
        account, problem = _from_account(
            text=data.get("account_amount", ""), left=total - voucher, currency=currency, user_id=user_id
        )
        if problem:
            problems["account_amount"] = problem
    return Split(
        total=total,
        currency=currency,
        voucher_code=code,
        voucher=voucher,
        account_number=number,
        account=account,
        problems=problems,
    )


def _from_account(*, text: str, left: int, currency: str, user_id: int | None) -> tuple[int, str]:
    try:
        wanted = _AMOUNT.clean(text.strip())
    except ValidationError as problem:
        return 0, str(problem.messages[0])
    if wanted is None:
        return 0, ""
    amount = bank.minor(amount=wanted, currency=currency)
    if amount > left:
        return 0, _("That is more than is left to pay: %(left)s.") % {"left": bank.text(amount=left, currency=currency)}
    holds = bank.money_of(user_id=user_id, currency=currency) or 0
    if amount > holds:
        return 0, _("Your account holds %(holds)s.") % {"holds": bank.text(amount=holds, currency=currency)}
    return amount, ""


def own_vouchers(*, options: Sequence[object]) -> str:
    """Return the shopper's own vouchers as a sentence, from the ways to pay he is offered."""
    named = [f"{option.source} ({option.detail})" for option in options if option.method == "voucher"]
    return _("Yours: %(vouchers)s") % {"vouchers": ", ".join(named)} if named else ""
