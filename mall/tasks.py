"""The mall's scheduled work; each task may run twice or at the same time as itself."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from mall import bank
from mall.checkout import operations as checkout
from mall.fulfilment import operations as fulfilment
from mall.health import operations as health
from mall.lifecycle import closing, suspending
from mall.offers import operations as offers
from mall.onboarding import deciding
from mall.onboarding import queries as onboarding
from mall.proposals import pictures
from mall.returns import operations as returns
from mall.search import operations as search
from mall.search import queries
from mall.storefront import operations as storefront

# So long an order may be on its way to the bank in another process, an imported history's among them.
IN_HAND = timedelta(minutes=2)


@shared_task
def sweep_orders() -> int:
    """Bring to an end the orders that a crash or a timeout left; return how many."""
    return checkout.sweep_orders(at=bank.now(), patience=IN_HAND)


@shared_task
def count_search() -> None:
    """Count for search what was sold lately, and how common each word is."""
    search.count_up(at=bank.now())


@shared_task
def count_standings() -> None:
    """Count how well merchants did, and choose anew which of several offers is shown first."""
    offers.count_standings(at=bank.now())
    for _last in offers.rank_anew():
        pass


@shared_task
def throw_pictures_away() -> int:
    """Remove uploaded pictures that no proposal came for; return how many."""
    return pictures.throw_away(at=bank.now())


@shared_task
def count_common_searches() -> int:
    """Count ahead what very common words can be narrowed by; return of how many words."""
    return queries.count_common()


@shared_task
def sweep_returns() -> int:
    """Move the returns whose time is up; return how many."""
    return returns.sweep_returns(at=bank.now())


@shared_task
def release_due() -> int:
    """Count as delivered what was sent long enough ago without a word; return how many."""
    return fulfilment.release_due(at=bank.now())


@shared_task
def check_applications() -> int:
    """Check anew open applications whose checks are older than the sanctions list; return how many were looked at."""
    waiting = onboarding.open_applications()
    deciding.check_new(application_ids=waiting, at=bank.now())
    return len(waiting)


@shared_task
def follow_lifecycles() -> int:
    """End urgent suspensions nobody confirmed, and close stores that are wound up; return how many of both."""
    at = bank.now()
    return suspending.lapse_unconfirmed(at=at) + closing.finish_due(at=at)


@shared_task
def count_health() -> int:
    """Count how well merchants did, and warn those below a threshold; return how many are."""
    at = bank.now()
    health.count(at=at)
    return health.warn(at=at)


@shared_task
def follow_holidays() -> int:
    """Pause stores whose holiday begins and open those whose holiday is over; return how many changed."""
    return storefront.follow_holidays(at=bank.now())
