"""Quick answers: words a store uses again and again."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import actors
from mall.actors import Actor
from mall.merchants import roles
from mall.messages.models import QuickAnswer
from mall.messages.requests import UnableToWrite, UnknownThread

MOST = 50


def keep_quick_answer(*, title: str, text: str, by: Actor) -> QuickAnswer:
    """Keep words for the store's people; the same title gets new words.

    :raises UnableToWrite: title or text is missing, or the store has as many as it may.
    """
    _of_store(by=by)
    title, text = " ".join(title.split())[:60], text.strip()[:4_000]
    if not title or not text:
        raise UnableToWrite(_("A quick answer needs a title and a text."))
    with transaction.atomic():
        known = QuickAnswer.objects.filter(merchant_id=by.merchant_id)
        if known.exclude(title=title).count() >= MOST:
            raise UnableToWrite(_("A store keeps at most %(n)s quick answers: take one out first.") % {"n": MOST})
        try:
            with transaction.atomic():
                return known.update_or_create(title=title, merchant_id=by.merchant_id, defaults={"text": text})[0]
        except IntegrityError:
            raise UnableToWrite(_("Somebody keeps an answer of this title right now: try again.")) from None


def remove_quick_answer(*, answer_id: int, by: Actor) -> None:
    """Take a quick answer out; one that is gone already is no problem."""
    _of_store(by=by)
    QuickAnswer.objects.filter(pk=answer_id, merchant_id=by.merchant_id).delete()


def _of_store(*, by: Actor) -> None:
    if by.kind != actors.MERCHANT or actors.without_permission(actors={by}, permission=roles.MESSAGES):
        raise UnknownThread(_("You do not work for this store."))
