"""The one door from the mall to payments: the clock, money, accounts, and everything a payment can do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import SimpleNamespace
from typing import Protocol

from babel.core import get_global
from django.conf import settings
from django.http import HttpResponseBase

from payments import clock, events, methods, operations, private_files, queries
from payments.money import Money, largest_remainder
from payments.queries import banks, disputes, facts, health, merchants, owing, standing, vouchers
from payments.settlement import elsewhere, holding
from payments.settlement.elsewhere import bank_days
from payments.views import exporting, second_factor, settlement_files

Event = events.Event
Story = disputes.Story
PrivateFiles = private_files.PrivateFiles
FileDamaged = private_files.FileDamaged
content_type = private_files.content_type
# How a page asks for a second factor and reads the answer.
ask_second_factor = second_factor.asked
second_factor_answer = second_factor.answer
InProgress = operations.InProgress

AUTHORISED = ("authorised", "captured")
DEAD = ("refused", "expired", "voided")


# What a table may be had as, and whether a spreadsheet would act on a text.
TABLE_FORMS = exporting.FORMATS
is_formula = exporting.is_formula
# What a settlement's statement may be had as.
STATEMENT_FORMS = settlement_files.FORMS


def now() -> datetime:
    """Return the present moment; for the mall's pages, commands and tasks alone."""
    return clock.now()


def policy() -> SimpleNamespace:
    """Return the bank's fees, limits and terms."""
    return settings.RIALTO_POLICY


def minor(*, amount: Decimal, currency: str) -> int:
    """Return an Oscar price in whole minor units; this is the only place where prices are rounded."""
    return Money.from_decimal(amount, currency, rounding=ROUND_HALF_UP).minor_units


def decimal(*, amount: int, currency: str) -> Decimal:
    """Return minor units as the decimal Oscar shows."""
    return Money(amount, currency).to_decimal()


def text(*, amount: int, currency: str, locale: str = "en") -> str:
    """Return an amount as people write it."""
    return Money(amount, currency).format(locale)


def split(*, total: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights; the parts sum to the whole."""
    return largest_remainder(total, weights)


def publish(*, happened: Sequence[Event]) -> None:
    """Write events in the caller's transaction; the outbox delivers them afterwards."""
    operations.publish(happened=happened)


def subject(*, user_id: int | None, email: str) -> str:
    """Return a buyer as the facts name them: a guest by a fingerprint, never by the address."""
    return facts.subject(shopper(user_id=user_id) if user_id is not None else f"guest:{email}")


def shopper(*, user_id: int) -> str:
    """Return the name by which the bank knows a shopper."""
    return f"user:{user_id}"


def merchant(*, merchant_id: int) -> str:
    """Return the name by which the bank knows a merchant."""
    return f"merchant:{merchant_id}"


def merchant_id(*, reference: str) -> int:
    """Return the number in a merchant's reference."""
    return int(reference.removeprefix("merchant:"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderToPay:
    """An order whose payment is to be recorded; amounts are minor units.

    `tenders`: (method, source, amount). `consignments`: (number, merchant id, goods, shipping). `device`, `address`:
    digests of the device and of where the goods go.
    """

    number: str
    payer: str
    currency: str
    tenders: tuple[tuple[str, str, int], ...]
    consignments: tuple[tuple[str, int, int, int], ...]
    return_url: str
    expires_at: datetime
    at: datetime
    device: str = ""
    address: str = ""


def record_payments(*, orders: Sequence[OrderToPay]) -> list[int | Exception]:
    """Record the payments of orders in the caller's transaction; return their ids, or why not."""
    if not orders:
        return []
    return operations.record_payments(
        requests=[
            operations.PaymentRequest(
                key=f"order:{order.number}",
                reference=order.number,
                payer=order.payer,
                currency=order.currency,
                tenders=tuple(
                    operations.TenderRequest(method=method, source=source, amount=amount)
                    for method, source, amount in order.tenders
                ),
                parts=tuple(
                    operations.PartRequest(
                        reference=number, merchant=merchant(merchant_id=merchant_id), goods=goods, shipping=shipping
                    )
                    for number, merchant_id, goods, shipping in order.consignments
                ),
                return_url=order.return_url,
                device=order.device,
                address=order.address,
                expires_at=order.expires_at,
                at=order.at,
            )
            for order in orders
        ]
    )


def authorise(*, payment_id: int, at: datetime) -> operations.PaymentOutcome:
    """Ask every tender of a payment for its promise: all or none."""
    return operations.one(operations.authorise_payments(requests=[operations.Authorise(payment_id=payment_id, at=at)]))


def void(*, payments: Sequence[tuple[int, str, datetime]]) -> list[Exception]:
    """Give back what payments hold, each (payment id, order number, moment); return what could not be."""
    if not payments:
        return []
    results = operations.void_payments(
        requests=[operations.VoidPayment(payment_id=payment_id, at=at) for payment_id, _number, at in payments]
    )
    return [result for result in results if isinstance(result, Exception)]


def payment_states(*, payment_ids: Sequence[int]) -> dict[int, str]:
    """Return the state of each payment that exists."""
    return standing.payment_states(payment_ids=payment_ids) if payment_ids else {}


def parts(*, numbers: Sequence[str]) -> dict[str, standing.PartStanding]:
    """Return how the money of each consignment stands."""
    return standing.parts_standing(references=numbers) if numbers else {}


def paying_holders(*, payment_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return whose accounts here each payment draws on, as `user:1` or `merchant:3`."""
    return standing.paying_holders(payment_ids=payment_ids) if payment_ids else {}


@dataclass(frozen=True, slots=True)
class PartRequest:
    """Something to do with a consignment's part of its payment; `key` names it once for ever."""

    number: str
    key: str
    at: datetime


def capture(*, parts: Sequence[PartRequest]) -> list[Exception]:
    """Take the money of consignments that were sent into escrow; return what could not be."""
    return _errors(
        operations.capture_parts(
            requests=[
                operations.CapturePart(part_reference=part.number, key=part.key, at=part.at, amount=None)
                for part in parts
            ]
        )
    )


def release(*, parts: Sequence[PartRequest]) -> list[Exception]:
    """Release the escrow of consignments that arrived to their merchants; return what could not be."""
    return _errors(
        operations.release_parts(
            requests=[
                operations.ReleasePart(part_reference=part.number, key=part.key, at=part.at, amount=None)
                for part in parts
            ]
        )
    )


def cancel(*, parts: Sequence[PartRequest]) -> list[Exception]:
    """Give back what is held for consignments that will not be sent; return what could not be."""
    return _errors(
        operations.cancel_parts(
            requests=[operations.CancelPart(part_reference=part.number, key=part.key, at=part.at) for part in parts]
        )
    )


def divide(
    *, number: str, new_number: str, goods: int, shipping: int, key: str, at: datetime, given_up: bool
) -> Exception | None:
    """Divide a consignment's part of its payment; return why not, or nothing.

    `InProgress` is a why-not that ends: the same key may be tried again. With `given_up` nobody else is asked, and it
    may run in the caller's transaction; the new part is to be cancelled then.
    """
    [result] = operations.divide_parts(
        requests=[
            operations.DividePart(
                part_reference=number,
                new_reference=new_number,
                goods=goods,
                shipping=shipping,
                key=key,
                at=at,
                given_up=given_up,
            )
        ]
    )
    return result if isinstance(result, Exception) else None


class Refund(Protocol):
    """What a refund needs to say."""

    number: str
    amount: int
    reason: str
    key: str
    at: datetime
    claim: str


def refund(*, refunds: Sequence[Refund]) -> list[object]:
    """Send money back to the tenders it came from, never more than was captured; an exception where it cannot be."""
    if not refunds:
        return []
    return list(
        operations.refund_parts(
            requests=[
                operations.RefundPart(
                    part_reference=item.number,
                    amount=item.amount,
                    reason=item.reason,
                    key=refund_key(number=item.number, key=item.key),
                    at=item.at,
                    claim=item.claim,
                )
                for item in refunds
            ]
        )
    )


def refund_key(*, number: str, key: str) -> str:
    """Return the name by which the bank knows a consignment's refund."""
    return f"refund:{number}:{key}"


def refunds_done(*, keys: Sequence[str]) -> dict[str, int]:
    """Return what each of these refunds gave back, in minor units, by its key; those not done are left out."""
    return standing.refunds_done(keys=keys) if keys else {}


def claim(*, number: str, most: int, key: str, at: datetime) -> int:
    """Keep up to so many minor units of a consignment for its buyer, in the caller's transaction; return how many.

    :raises UnableToKeep: nothing is left to keep, or the card's bank decides on it.
    """
    request = operations.ClaimPart(part_reference=number, most=most, key=key, at=at)
    return operations.one(operations.open_claims(requests=[request])).amount


UnableToKeep = operations.PaymentError


def close_claims(*, claims: Sequence[tuple[str, datetime]]) -> None:
    """Let go what is kept for these claims, each (key, moment), in the caller's transaction."""
    operations.close_claims(requests=[operations.CloseClaim(key=key, at=at) for key, at in claims])


def claims_left(*, keys: Sequence[str]) -> dict[str, int]:
    """Return what is still kept for each open claim, in minor units."""
    return standing.claims_left(keys=keys) if keys else {}


def open_claims() -> dict[str, int]:
    """Return what is still kept for every open claim, in minor units."""
    return standing.open_claims()


def bank_days_after(*, at: datetime, days: int) -> date:
    """Return the bank day so many bank days after a moment's day."""
    day = at.date()
    for _turn in range(days):
        day = bank_days.next_bank_day(day)
    return day


def _errors(results: Sequence[object]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]


def open_accounts(*, holders: Sequence[tuple[str, str, datetime]]) -> dict[tuple[str, str], str]:
    """Open current accounts, each (holder, currency, moment); return their numbers by holder and currency.

    An account that is open stays as it is.
    """
    if not holders:
        return {}
    accounts = operations.open_customer_accounts(
        requests=[operations.OpenAccount(holder=holder, currency=currency, at=at) for holder, currency, at in holders]
    )
    return {(account.holder, account.currency): account.number for account in accounts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the bank takes from a merchant's sales, and when it pays; rates are basis points."""

    merchant_id: int
    currency: str
    commission_bps: int
    reserve_bps: int
    settle_days: int
    at: datetime


def open_merchants(*, terms: Sequence[Terms]) -> None:
    """Open each merchant's payout account, terms and ledger accounts; what is open stays as it is."""
    if not terms:
        return
    numbers = open_accounts(
        holders=[(merchant(merchant_id=item.merchant_id), item.currency, item.at) for item in terms]
    )
    results = operations.open_merchant_terms(
        requests=[
            operations.OpenMerchantTerms(
                merchant=merchant(merchant_id=item.merchant_id),
                currency=item.currency,
                commission_bps=item.commission_bps,
                reserve_bps=item.reserve_bps,
                settle_days=item.settle_days,
                payout_account_number=numbers[merchant(merchant_id=item.merchant_id), item.currency],
                at=item.at,
            )
            for item in terms
        ]
    )
    for problem in _errors(results):
        raise problem


def account_of(*, user_id: int, currency: str) -> str | None:
    """Return the number of a shopper's current account in a currency, if there is one."""
    holder = shopper(user_id=user_id)
    return standing.account_numbers(holders=[holder]).get((holder, currency))


def money_of(*, user_id: int, currency: str) -> int | None:
    """Return what a shopper's account in a currency holds, in minor units; nothing without an account."""
    for account in standing.account_balances(holder=shopper(user_id=user_id)):
        if account.currency == currency:
            return account.balance
    return None


def merchant_money(*, merchant_id: int) -> merchants.MerchantMoney | None:
    """Return where a merchant's money stands."""
    return merchants.merchant_money(merchant=merchant(merchant_id=merchant_id))


def settlements_of(*, merchant_id: int, limit: int = 50, offset: int = 0) -> list[merchants.SettlementView]:
    """Return a merchant's settlements, newest first, each with its payout."""
    return merchants.settlements_of(merchant=merchant(merchant_id=merchant_id), limit=limit, offset=offset)


def settlement(
    *, settlement_id: int, merchant_id: int
) -> tuple[merchants.SettlementView, list[merchants.LineView]] | None:
    """Return one of a merchant's settlements with its lines."""
    return merchants.settlement(settlement_id=settlement_id, merchant=merchant(merchant_id=merchant_id))


def table_file(*, name: str, headings: Sequence[str], rows: Iterable[Sequence[object]], form: str) -> HttpResponseBase:
    """Return a table as a file to keep, ``csv`` or ``xlsx``, written row by row; no text in it acts as a formula."""
    return exporting.respond(table=exporting.Table(name=name, headings=headings, rows=rows), form=form)


def money_cell(*, amount: int, currency: str) -> Money:
    """Return an amount as a cell of a table."""
    return Money(amount, currency)


def settlement_line_names() -> dict[str, str]:
    """Return what each kind of a settlement's line is called."""
    return settlement_files.names()


def settlement_file(
    *, settlement_id: int, merchant_id: int, recipient: Sequence[str], form: str, at: datetime
) -> HttpResponseBase | None:
    """Return one of a merchant's paid settlements as a file to keep; ``recipient`` is who it is addressed to."""
    statement = merchants.settlement_statement(settlement_id=settlement_id, merchant=merchant(merchant_id=merchant_id))
    if statement is None:
        return None
    return settlement_files.respond(statement=statement, recipient=recipient, form=form, at=at)
UnableToChangePayoutAccount = elsewhere.UnableToChangePayoutAccount


def payout_accounts(*, merchant_id: int) -> dict[str, banks.PayoutAccountView]:
    """Return a merchant's account at another bank that counts and the one that waits, by `active` and `waiting`."""
    return banks.payout_accounts(merchant=merchant(merchant_id=merchant_id))


def ask_payout_account(*, merchant_id: int, user_id: int, name: str, iban: str, bic: str) -> int:
    """Note the account a merchant wants to be paid to; return the number its confirmation goes by.

    :raises UnableToChangePayoutAccount: it cannot be paid to.
    """
    request = elsewhere.AskPayoutAccount(
        merchant=merchant(merchant_id=merchant_id),
        name=name,
        iban=iban,
        bic=bic,
        by=shopper(user_id=user_id),
        at=now(),
    )
    return elsewhere.ask_payout_account(request=request).pk


def payout_question(*, account_id: int, user_id: int) -> elsewhere.Question:
    """Ask for the second factor that confirms a payout account.

    :raises UnableToChangePayoutAccount: nothing of this person waits to be confirmed, or no code could be sent.
    """
    return elsewhere.question_of(account_id=account_id, by=shopper(user_id=user_id), at=now())


def confirm_payout_account(*, account_id: int, user_id: int, answer: Mapping[str, str]) -> None:
    """Accept the second factor, as `second_factor.answer` reads it; the account counts after the days of waiting.

    :raises UnableToChangePayoutAccount: the answer is not right, or nothing waits to be confirmed.
    """
    elsewhere.confirm_payout_account(account_id=account_id, by=shopper(user_id=user_id), at=now(), **answer)


def cancel_payout_account(*, account_id: int, merchant_id: int, by: str) -> None:
    """Give up a change of the payout account that does not count yet.

    :raises UnableToChangePayoutAccount: it counts already, or there is none.
    """
    elsewhere.cancel_payout_account(
        account_id=account_id, merchant=merchant(merchant_id=merchant_id), by=by, at=now()
    )


def ways_to_pay(
    *, user_id: int | None, email: str, total: int, currency: str, at: datetime
) -> tuple[list[methods.TenderOption], list[str]]:
    """Return the ways this shopper could pay this total (minor units), and the names of those out of order now."""
    payer = shopper(user_id=user_id) if user_id is not None else f"guest:{email}"
    closed = health.closed(at=at)
    options = [
        option
        for method in methods.connected()
        if method.code not in closed
        for option in method.options(payer=payer, amount=total, currency=currency, at=at)
        if user_id is not None or not option.needs_sign_in
    ]
    return options, list(closed.values())


def hold_link(*, question_id: int) -> str:
    """Return the link by which a payer chooses another card for a hold that ends."""
    return queries.hold_link(question_id=question_id)


def hold_question(*, payment_id: int | None) -> tuple[str, datetime] | None:
    """Return the link and the deadline of the question about a payment's hold, while it waits for its payer."""
    question_id = queries.open_question(payment_id=payment_id) if payment_id is not None else None
    if question_id is None:
        return None
    return queries.hold_path(question_id=question_id), operations.hold_standing(question_id=question_id).deadline


def voucher(
    *, code: str, user_id: int | None, email: str, currency: str, at: datetime
) -> vouchers.VoucherStanding | None:
    """Return what a voucher of the bank would give to this shopper, if he may use it."""
    payer = shopper(user_id=user_id) if user_id is not None else f"guest:{email}"
    return vouchers.voucher(code=code, payer=payer, currency=currency, at=at)


def issue_voucher(
    *, code: str, label: str, currency: str, budget: int, valid_from: datetime, valid_until: datetime
) -> str:
    """Issue a voucher the bank pays for, in the caller's transaction; return why not, empty when it is there."""
    [result] = operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code=code,
                label=label,
                currency=currency,
                budget=budget,
                valid_from=valid_from,
                valid_until=valid_until,
            )
        ]
    )
    return str(result) if isinstance(result, Exception) else ""


def end_voucher(*, code: str, at: datetime) -> None:
    """Let a voucher of the bank be used no more; what is reserved of it stays reserved."""
    operations.end_vouchers(codes=[code], at=at)


def voucher_budgets(*, codes: Sequence[str]) -> dict[str, int]:
    """Return what of each voucher's budget is spent or promised, in minor units."""
    return vouchers.given(codes=codes) if codes else {}


def exponents_json() -> str:
    """Return, as JSON, how many decimal digits each currency has that does not have two."""
    return json.dumps({code: digits for code, (digits, *_rest) in get_global("currency_fractions").items()})


def hold_money(*, merchant_id: int, reason: str, by: str, agreed_by: str, at: datetime) -> int | None:
    """Hold all of a merchant's money, in the caller's transaction; return the hold, or nothing where one is there."""
    request = holding.AskHold(
        merchant=merchant(merchant_id=merchant_id), part_reference="", reason=reason, by=by, at=at
    )
    try:
        hold_id = holding.ask(request=request)
    except holding.UnableToHold:
        return None
    holding.agree(hold_id=hold_id, by=agreed_by, at=at)
    return hold_id


def let_money_go(*, hold_id: int, reason: str, by: str, agreed_by: str, at: datetime) -> None:
    """End a hold of a merchant's money, in the caller's transaction; one that ended otherwise stays ended."""
    try:
        holding.ask_release(hold_id=hold_id, reason=reason, by=by, at=at)
        holding.agree(hold_id=hold_id, by=agreed_by, at=at)
    except holding.UnableToHold:
        return


def is_money_held(*, merchant_id: int) -> bool:
    """Tell whether money of a merchant is held by operations now."""
    return owing.holds_of(merchant=merchant(merchant_id=merchant_id)) > 0
