"""What the workers do for imports; each may run twice or at the same time as itself."""

from celery import shared_task

from mall import bank
from mall.imports import working


@shared_task
def work(import_id: int) -> str:
    """Check, apply or undo an import until it waits for somebody."""
    return working.work(import_id=import_id, at=bank.now())


@shared_task
def sweep() -> int:
    """Wake workers for imports that a crash or a lost message left; return how many."""
    return len(working.sweep())


@shared_task
def forget() -> int:
    """Take away the lines of imports that ended long ago; return of how many."""
    return working.forget(at=bank.now())
