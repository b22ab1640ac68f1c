"""A database that goes away is an `OperationalError`, whatever the driver calls it."""

from types import TracebackType

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseErrorWrapper


class _NamedLosses(DatabaseErrorWrapper):
    """Django's translation of the driver's errors, and one more.

    Where a connection breaks at some moments, psycopg2 raises its base class without a code: no answer came.
    """

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        driver = self.wrapper.Database
        if exc_type is driver.DatabaseError and exc_value.pgcode is None:
            exc_type, exc_value = driver.OperationalError, driver.OperationalError(*exc_value.args)
        super().__exit__(exc_type, exc_value, traceback)


def name_losses(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let this connection's losses be told by their proper name; called for each that is made."""
    connection.wrap_database_errors = _NamedLosses(connection)
