"""What every event of payments posts, as a page: the journals themselves, called with the figures of one sale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from payments import card_journals, journals, making_up_journals
from payments.ledger.journal import Journal
from payments.settlement.elsewhere import journals as elsewhere

AT = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 1, 4)


def document() -> str:
    """Return the whole of ``docs/money-flow.md``."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Money flow: what every event of payments posts"
    yield ""
    yield "Generated from `payments/journals.py` by `manage.py money_flow --write docs/money-flow.md`: each line is the"
    yield "journal of one event, posted whole or not at all, with figures of a sale of 100.00 and a return of 25.00."
    for title, entries in (
        ("Opening", _opening()),
        ("Paying", _paying()),
        ("Settling", _settling()),
        ("Undoing", _undoing()),
        ("Other banks", _elsewhere()),
        ("The card provider", _card_provider()),
    ):
        yield ""
        yield f"## {title}"
        yield ""
        yield "| event | what happened | debit → credit | amount |"
        yield "|---|---|---|---|"
        for meaning, journal in entries:
            for number, transfer in enumerate(journal.transfers):
                event = f"`{journal.event}`" if number == 0 else ""
                words = meaning if number == 0 else ""
                amount = f"{transfer.amount // 100}.{transfer.amount % 100:02}"
                yield f"| {event} | {words} | {transfer.debit} → {transfer.credit} | {amount} |"
    yield ""


def _opening() -> Iterator[tuple[str, Journal]]:
    common = {"bank": "main", "amount": 10_000, "currency": "EUR", "key": "k", "at": AT}
    yield "The owners pay capital in", journals.capital_paid_in(**common)
    yield (
        "Money arrives from another bank",
        journals.money_received(account="C", reference="", **common),
    )
    yield (
        "… for an account nobody has",
        journals.money_received_for_nobody(account="?", reference="", **common),
    )
    yield "Money leaves to another bank", journals.money_sent(account="C", reference="", **common)


def _paying() -> Iterator[tuple[str, Journal]]:
    paid = {"currency": "EUR", "key": "k", "at": AT}
    hold = journals.hold_on_account(account="C", payment_id=0, amount=10_000)
    yield (
        "Authorise by bank account (a card, a plan, a voucher post nothing)",
        journals.payment_authorised(payment_id=0, reference="order", transfers=hold, **paid),
    )
    sent = journals.transfer_confirmed(payment_id=0, amount=10_000, currency="EUR")
    yield (
        "Authorise by another bank: it confirms what it sent",
        journals.payment_authorised(payment_id=0, reference="order", transfers=sent, **paid),
    )
    yield (
        "… and it has come",
        journals.transfers_settled(bank="main", amount=10_000, **paid),
    )
    back = journals.hold_given_back(account="C", payment_id=0, amount=10_000)
    yield (
        "Void, expiry, cancelled consignment",
        journals.hold_released(payment_id=0, reference="K", transfers=back, **paid),
    )
    back = journals.transfer_sent_back(payment_id=0, amount=10_000, currency="EUR")
    yield (
        "… of money from another bank",
        journals.hold_released(payment_id=0, reference="K", transfers=back, **paid),
    )
    for words, transfers in (
        ("Capture by bank account", journals.capture_from_account(payment_id=0, escrow="escrow:K", amount=10_000)),
        ("Capture by card", journals.capture_from_card(escrow="escrow:K", amount=10_000, currency="EUR")),
        (
            "Capture by a voucher of the bank",
            journals.capture_from_voucher(escrow="escrow:K", amount=10_000, currency="EUR"),
        ),
    ):
        yield words, journals.part_captured(part="K", payment_id=0, transfers=transfers, **paid)


def _settling() -> Iterator[tuple[str, Journal]]:
    common = {"currency": "EUR", "key": "k", "at": AT}
    yield (
        "Release on delivery: net, commission, the tax on it",
        journals.part_released(part="K", merchant="merchant:M", net=9_032, commission=800, vat=168, **common),
    )
    yield (
        "Settle T+N: what is owed first, then reserve, the rest available",
        journals.merchant_settled(
            merchant="merchant:M", day=DAY, receivable=1_000, reserve=402, available=7_630, **common
        ),
    )
    yield "A reserve matures", journals.reserve_matured(merchant="merchant:M", day=DAY, amount=402, **common)
    yield (
        "Payout to an account here",
        journals.merchant_paid_out(merchant="merchant:M", day=DAY, account="M", amount=7_630, **common),
    )


def _undoing() -> Iterator[tuple[str, Journal]]:
    common = {"part": "K", "reason": "returned", "currency": "EUR", "key": "k", "at": AT}
    sources = {"part": "K", "merchant": "merchant:M", "currency": "EUR"}
    nothing = dict.fromkeys(("escrow", "pending", "available", "reserve", "receivable", "commission", "vat"), 0)
    before = journals.refund_sources(**sources, **{**nothing, "escrow": 2_500})
    after = journals.refund_sources(
        **sources,
        **{
            **nothing,
            "pending": 1_000,
            "available": 500,
            "reserve": 402,
            "receivable": 356,
            "commission": 200,
            "vat": 42,
        },
    )
    destinations = (
        ("to a bank account", journals.account_destination(account="C")),
        ("to a card", journals.card_destination(currency="EUR")),
        ("to an account at another bank", journals.transfer_destination(currency="EUR")),
        ("to a voucher's budget", journals.voucher_destination(currency="EUR")),
    )
    for words, destination in destinations:
        transfers = journals.refund_to(sources=before, destination=destination)
        yield f"Refund before release {words}", journals.part_refunded(transfers=transfers, **common)
    transfers = journals.refund_to(sources=after, destination=destinations[0][1])
    yield (
        "Refund after release: this part's unsettled money, else available, else reserve, else a debt; and the fees",
        journals.part_refunded(transfers=transfers, **common),
    )
    made_up = {"currency": "EUR", "key": "k", "at": AT}
    failed = journals.card_destination(currency="EUR")
    yield (
        "A refund its provider could not deliver",
        making_up_journals.refund_failed(refund="K", source=failed, amount=2_500, **made_up),
    )
    yield (
        "… is paid another way, here",
        making_up_journals.refund_paid_another_way(refund="K", account="C", amount=2_500, **made_up),
    )
    yield (
        "Goodwill, at the bank's expense",
        making_up_journals.goodwill_given(account="C", amount=1_000, reason="late", **made_up),
    )


def _elsewhere() -> Iterator[tuple[str, Journal]]:
    common = {"amount": 10_000, "currency": "EUR", "key": "k", "at": AT}
    ordered = {"transit": "payout:transit:B", "end_to_end_id": "RP1", **common}
    for words, kind, source in (
        ("Payout to an account elsewhere is ordered", "payout", "merchant:M:available"),
        ("A customer's transfer elsewhere is ordered", "transfer", "deposit:C"),
        ("Money in suspense is ordered to be sent back", "send_back", "suspense:transfers"),
        ("A refund that failed is ordered to an account elsewhere", "refund", "suspense:refunds"),
    ):
        yield words, elsewhere.payment_ordered(kind=kind, source=source, **ordered)
    yield "The other bank has booked it", elsewhere.payment_confirmed(bank="main", **ordered)
    yield (
        "Withdrawn, rejected, or returned before it was booked",
        elsewhere.payment_given_back(source="merchant:M:available", **ordered),
    )
    yield (
        "Returned after it was booked",
        elsewhere.payment_returned(bank="main", source="merchant:M:available", end_to_end_id="RP1", **common),
    )
    yield (
        "An entry of our account elsewhere that fits nothing: money in",
        elsewhere.entry_suspended(bank="main", is_credit=True, reference="E", **common),
    )
    yield "… money out", elsewhere.entry_suspended(bank="main", is_credit=False, reference="E", **common)
    yield "Its owner is found", elsewhere.suspense_matched(account="C", reference="E", **common)
    yield (
        "A transfer to an account here",
        elsewhere.transferred_here(payer="C", payee="D", reference="rent", **common),
    )


def _card_provider() -> Iterator[tuple[str, Journal]]:
    common = {"currency": "EUR", "key": "k", "at": AT}
    line = {"transaction": "T", **common}
    yield "The provider's fee on a charge is known", card_journals.card_fee_known(fee=175, **line)
    yield "A charge's net is available at the provider", card_journals.card_money_available(net=9_825, **line)
    yield "A refund is taken from what is available there", card_journals.card_money_available(net=-2_500, **line)
    yield "The provider charges for its service", card_journals.provider_charged(amount=200, **line)
    payout = {"payout": "O", "bank": "main", "amount": 7_325, **common}
    yield "The provider pays out to our bank", card_journals.provider_paid_out(**payout)
    yield "… and the payout fails afterwards", card_journals.provider_payout_returned(**payout)
    dispute = {"dispute": "D", "receivable": "dispute:D:receivable", "held": "dispute:D:held", **common}
    sources = (("escrow:K", 10_000),)
    yield (
        "A dispute is opened before release, and its fee charged",
        card_journals.dispute_opened(taken=10_000, fee=1_500, sources=sources, **dispute),
    )
    merchants = (("merchant:M:pending", 8_000), ("merchant:M:receivable", 1_032), ("income:commission", 800))
    sources = (*merchants, ("tax:vat:commission", 168))
    yield (
        "… after release: as for a refund",
        card_journals.dispute_opened(taken=10_000, fee=0, sources=sources, **dispute),
    )
    covered = {name: value for name, value in dispute.items() if name != "receivable"}
    yield (
        "More is held, once a refund under way has come to nothing",
        card_journals.dispute_covered(sources=(("escrow:K", 2_500),), **covered),
    )
    yield (
        "A dispute is won",
        card_journals.dispute_won(given_back=10_000, taken=10_000, fee=0, destinations=sources, **dispute),
    )
    yield (
        "A dispute is lost; nothing was held for a part that had been refunded",
        card_journals.dispute_lost(amount=7_500, uncovered=2_500, **dispute),
    )
    known = {name: value for name, value in covered.items() if name != "held"}
    destinations = (("merchant:M:available", 9_032), ("income:commission", 800), ("tax:vat:commission", 168))
    yield (
        "A lost dispute's money comes back after all",
        card_journals.dispute_recovered(amount=10_000, fee=0, destinations=destinations, **known),
    )
