"""ISO 20022 files: orders (pain.001) and their status (pain.002), notifications (camt.054), statements (camt.053).

Everything read becomes frozen records of :mod:`records`; what cannot be read is an :class:`UnreadableFile` with one
sentence. Nothing here touches the database, the clock or another file than the one it is given.
"""

from payments.settlement.iso20022.errors import (
    ContradictoryFile,
    FileTooLarge,
    MalformedFile,
    UnknownFormat,
    UnreadableFile,
)
from payments.settlement.iso20022.notices import AccountStarted, Notice, notices, statements
from payments.settlement.iso20022.orders import CreditTransfer, Order, write_order
from payments.settlement.iso20022.own_statements import OwnLine, OwnStatement, write_statement
from payments.settlement.iso20022.records import (
    Balance,
    Detail,
    Entry,
    Header,
    PaymentStatus,
    Statement,
    StatusReport,
)
from payments.settlement.iso20022.status import status_report
from payments.settlement.iso20022.stream import kind_of

__all__ = [
    "AccountStarted",
    "Balance",
    "ContradictoryFile",
    "CreditTransfer",
    "Detail",
    "Entry",
    "FileTooLarge",
    "Header",
    "MalformedFile",
    "Notice",
    "Order",
    "OwnLine",
    "OwnStatement",
    "PaymentStatus",
    "Statement",
    "StatusReport",
    "UnknownFormat",
    "UnreadableFile",
    "kind_of",
    "notices",
    "statements",
    "status_report",
    "write_order",
    "write_statement",
]
