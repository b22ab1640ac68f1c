"""Why payments refuse. After any of these nothing has moved."""


class PaymentError(Exception):
    """Base of every refusal by an operation of payments."""


class UnknownPayment(PaymentError):
    """There is no payment, or part of one, by that name."""


class KeyReused(PaymentError):
    """The key was used before, for something else."""


class InProgress(PaymentError):
    """A provider has not answered yet: the sweep finishes it, and the same key may be tried again."""


class InvalidPayment(PaymentError):
    """A payment cannot be recorded as asked for."""


class UnableToAuthorise(PaymentError):
    """A payment cannot be authorised."""


class UnableToCapture(PaymentError):
    """A part cannot be captured."""


class UnableToCancel(PaymentError):
    """What is not captured of a part cannot be given back."""


class UnableToDivide(PaymentError):
    """A part cannot become two."""


class UnableToRelease(PaymentError):
    """A part's escrow cannot go to the merchant."""


class UnableToClaim(PaymentError):
    """Nothing of a part can be kept for a return by that amount."""


class UnableToRefund(PaymentError):
    """A part cannot be refunded by that amount."""


class UnableToMoveMoney(PaymentError):
    """Money cannot come to or leave a customer's account."""


class UnableToOpen(PaymentError):
    """An account or a merchant's terms cannot be opened as asked for."""


class UnableToMakeUp(PaymentError):
    """A failed refund, goodwill or a correction cannot be carried out as asked for."""
