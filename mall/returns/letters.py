"""Letters about returns: one for each event that somebody should know of, in plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mall import bank, mail
from mall.merchants import roles
from mall.queries import staff
from mall.returns import states
from mall.returns.models import Return, ReturnEvent

# Events whose words the other side wrote.
_QUOTED = {"offer", "decline", "reduce", "receive", "let keep", "award", "refuse", "say"}
_WORDS = 600

_TO_BUYER = {
    ("ask", states.ASKED): gettext_lazy("We have told %(store)s that you want to return something."),
    ("accept", states.ACCEPTED): gettext_lazy("%(store)s takes it back: your label is ready to print."),
    ("time out", states.ACCEPTED): gettext_lazy(
        "%(store)s did not answer in time, so your return is accepted: your label is ready to print."
    ),
    ("let keep", states.REFUNDING): gettext_lazy("%(store)s pays you back %(sum)s, and you keep the goods."),
    ("offer", states.OFFERED): gettext_lazy("%(store)s offers you %(sum)s back, and you keep the goods."),
    ("decline", states.DECLINED): gettext_lazy("%(store)s does not take it back. You can call the bank to decide."),
    ("receive", states.REFUNDING): gettext_lazy("%(store)s has your goods, and %(sum)s goes back to you."),
    ("reduce", states.REDUCED): gettext_lazy(
        "%(store)s has your goods and gives back %(sum)s. If you do not agree, you can call the bank to decide."
    ),
    ("time out", states.REFUNDING): gettext_lazy("Your goods came back to %(store)s: what is due goes back to you."),
    ("get lost", states.CLOSED): gettext_lazy("Your goods did not come to %(store)s in time: the return is closed."),
    ("time out", states.CLOSED): gettext_lazy("Your return to %(store)s is closed: its time is over."),
    ("escalate", states.ESCALATED): gettext_lazy("The bank looks at the return to %(store)s and decides."),
    ("award", states.REFUNDING): gettext_lazy("The bank has decided: %(sum)s goes back to you."),
    ("refuse", states.CLOSED): gettext_lazy("The bank has decided: nothing goes back for your return to %(store)s."),
    ("pay", states.REFUNDED): gettext_lazy("Your money for the return to %(store)s is back: %(back)s."),
    ("say", ""): gettext_lazy("There is news about your return to %(store)s."),
}
_TO_STORE = {
    ("ask", states.ASKED): gettext_lazy("A buyer wants to return something worth %(sum)s."),
    ("take offer", states.REFUNDING): gettext_lazy("The buyer takes your offer of %(sum)s and keeps the goods."),
    ("refuse offer", states.ASKED): gettext_lazy("The buyer does not take your offer: please answer once more."),
    ("time out", states.ASKED): gettext_lazy("The buyer did not answer your offer: please answer once more."),
    ("time out", states.ACCEPTED): gettext_lazy("You did not answer in time, so the return is accepted."),
    ("send", states.SENT): gettext_lazy("The goods are on their way to you."),
    ("withdraw", states.WITHDRAWN): gettext_lazy("The buyer does not want to return it any more."),
    ("get lost", states.CLOSED): gettext_lazy("The goods did not come in time: the return is closed."),
    ("time out", states.REFUNDING): gettext_lazy(
        "You did not confirm goods that came to you: what is due goes back to the buyer."
    ),
    ("escalate", states.ESCALATED): gettext_lazy(
        "The bank looks at this return and decides. You can add what you know."
    ),
    ("award", states.REFUNDING): gettext_lazy("The bank has decided: %(sum)s goes back to the buyer."),
    ("refuse", states.CLOSED): gettext_lazy("The bank has decided: nothing goes back to the buyer."),
}


def send_return_letters(*, keys: Sequence[str]) -> None:
    """Write to whom each event of a return's history, named by its key, is news.

    :raises OSError: the mail server did not take them; the outbox comes again.
    """
    rows = ReturnEvent.objects.filter(key__in=keys).select_related("of__merchant", "of__buyer").order_by("pk")
    mail.send(letters=[letter for row in rows for letter in _letters(row=row)])


def _letters(*, row: ReturnEvent) -> Iterator[EmailMessage]:
    moved = (row.event, "" if row.event == "say" else row.state)
    by_store = row.by.startswith("merchant")
    if moved in _TO_BUYER and not (row.event == "say" and not by_store):
        yield _letter(row=row, sentence=_TO_BUYER[moved], to=[row.of.buyer_id], page="return")
    if moved in _TO_STORE:
        people = staff.people_with(merchant_id=row.of.merchant_id, permission=roles.RETURNS)
        yield _letter(row=row, sentence=_TO_STORE[moved], to=people, page="merchant-return")


def _letter(*, row: ReturnEvent, sentence: str, to: Sequence[int], page: str) -> EmailMessage:
    of: Return = row.of
    words = {
        "store": of.merchant.name,
        "sum": bank.text(amount=row.amount or 0, currency=of.currency),
        "back": bank.text(amount=of.refunded, currency=of.currency),
    }
    waits_for = {"merchant-return": (states.ASKED,), "return": (states.OFFERED, states.ACCEPTED, states.REDUCED)}[page]
    until = of.due_at if of.state == row.state and of.state in waits_for else None
    context = {
        "sentence": sentence % words,
        "words": " ".join(row.text.split())[:_WORDS] if row.event in _QUOTED else "",
        "until": date_format(until, "DATE_FORMAT") if until else "",
        "number": of.number,
        "url": f"{settings.RIALTO_SITE}{reverse(page, args=[of.number])}",
    }
    return EmailMessage(
        subject=_("Your return %(number)s") % {"number": of.number}
        if page == "return"
        else _("Return %(number)s") % {"number": of.number},
        body=render_to_string("mall/email/return.txt", context),
        to=mail.addresses(users=to),
    )
