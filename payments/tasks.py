"""What the workers do for payments. Each may run twice or late; each finds by itself what is to be done."""

import logging
from datetime import timedelta

from celery import shared_task

from payments import clock, operations, outbox, reconciliation, settlement
from payments.ledger import operations as ledger
from payments.queries import merchants as merchant_queries
from payments.settlement import elsewhere

logger = logging.getLogger(__name__)


@shared_task
def relay() -> int:
    """Deliver the events that wait; called whenever new ones were recorded."""
    return outbox.relay()


@shared_task
def sweep() -> int:
    """Finish or undo what a crash, a timeout or a silent provider left, then deliver what waits."""
    found = operations.sweep(at=clock.now())
    return found + outbox.sweep()


@shared_task
def read_provider() -> int:
    """Read the card provider's balance, disputes and payouts, and bring them into the book."""
    try:
        return operations.read_provider(at=clock.now())
    except operations.ProviderSilent as silent:
        logger.warning("The card provider was not read", extra={"problem": str(silent)})
        return 0


@shared_task
def settle_day() -> int:
    """Settle every merchant's days up to today, and free the reserves whose time is over."""
    today = clock.now().date()
    report = settlement.settle_due(until=today)
    settlement.mature_reserves(until=today)
    return report.settlements


@shared_task
def pay_out() -> int:
    """Pay out what is available to merchants, up to today."""
    today = clock.now().date()
    report = settlement.pay_out_due(until=today, merchants=merchant_queries.with_terms())
    return report.payouts


@shared_task
def exchange_files() -> int:
    """Close the batches whose hour has come, send those agreed to, take in other banks' files; return how many."""
    now = clock.now()
    elsewhere.activate_payout_accounts(at=now)
    done = elsewhere.close_due(at=now) + elsewhere.send_due(at=now) + elsewhere.take_in(at=now)
    elsewhere.book_recorded(at=now)
    return done


@shared_task
def seal() -> int:
    """Seal what can no longer change in the book."""
    return ledger.seal()


@shared_task
def close_books() -> int:
    """Write closings up to the end of yesterday, and make the coming months' tables."""
    ledger.ensure_partitions()
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return ledger.write_closings(at=midnight - timedelta(microseconds=1))


@shared_task
def keep_closings() -> int:
    """Bring the closings up to the newest seal, so that busy accounts' balances stay cheap within the day."""
    return ledger.write_closings(at=None)


@shared_task
def verify() -> int:
    """Verify the book and all that must always hold; what is found is shown to operations and logged."""
    problems = operations.verify_book(at=clock.now())
    for problem in problems:
        logger.error("The book does not hold", extra={"problem": problem})
    return len(problems)


@shared_task
def reconcile() -> int:
    """Reconcile everything up to now, days that were missed included; what differs is a case of operations."""
    return reconciliation.reconcile_all(at=clock.now())
