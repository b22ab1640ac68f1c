"""The accounts of the bank: one function per kind, giving its definition. Codes are those of money-flow.

A house account kept in another currency than the bank's own has the currency at the end of its code.
"""

from django.conf import settings

from payments.ledger.journal import AccountSpec

INCOME_KINDS = ("commission", "interest", "fees", "late", "recovery")
EXPENSE_KINDS = (
    "card",
    "impairment",
    "chargeoff",
    "deposit-interest",
    "marketing",
    "dispute",
    "goodwill",
)
EQUITY_KINDS = ("capital", "retained")


def base_currency() -> str:
    """Return the currency the bank keeps its own books in."""
    return getattr(settings, "RIALTO_CURRENCY", "EUR")


# Customers'.


def deposit(account_number: str, currency: str | None = None, overdraft: int = 0, owner: str = "") -> AccountSpec:
    """A current account; ``overdraft`` in minor units may be drawn below zero."""
    return _owed(f"deposit:{account_number}", currency, owner, floor=-overdraft)


def held(payment_id: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Money authorized for one payment and not yet captured."""
    return _owed(f"held:{payment_id}", currency, owner)


def borrower_credit(customer: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """What a borrower paid over what was due."""
    return _owed(f"borrower:{customer}:credit", currency, owner)


# Merchants'.


def escrow(consignment: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Money captured for one consignment and not yet released."""
    return _owed(f"escrow:{consignment}", currency, owner)


def merchant_pending(merchant: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Released and waiting for its settlement day."""
    return _owed(f"merchant:{merchant}:pending", currency, owner)


def merchant_available(merchant: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Settled; may be paid out."""
    return _owed(f"merchant:{merchant}:available", currency, owner)


def merchant_reserve(merchant: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Kept back against later refunds."""
    return _owed(f"merchant:{merchant}:reserve", currency, owner)


def merchant_receivable(merchant: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """What the merchant owes the bank."""
    return _claim(f"merchant:{merchant}:receivable", currency, owner)


def dispute_receivable(dispute: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """What the card scheme took for a dispute."""
    return _claim(f"dispute:{dispute}:receivable", currency, owner)


def dispute_held(dispute: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """What is kept from the merchant while a dispute lasts."""
    return _owed(f"dispute:{dispute}:held", currency, owner)


def payout_transit(batch: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Payouts of one file sent to another bank and not yet confirmed."""
    return _owed(f"payout:transit:{batch}", currency, owner)


# Loans'.


def loan_principal(loan: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Principal outstanding."""
    return _claim(f"loan:{loan}:principal", currency, owner)


def loan_interest(loan: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Interest accrued and not yet paid."""
    return _claim(f"loan:{loan}:interest", currency, owner)


def loan_fees(loan: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Fees charged and not yet paid."""
    return _claim(f"loan:{loan}:fees", currency, owner)


def loan_deferred(loan: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """A fee or subsidy not yet earned."""
    return _owed(f"loan:{loan}:deferred", currency, owner)


def loan_suspended(loan: str | int, currency: str | None = None, owner: str = "") -> AccountSpec:
    """Interest accrued and not recognized as income."""
    return _owed(f"loan:{loan}:suspended", currency, owner)


# The house's: hot, without a floor.


def loan_allowance(product: str, currency: str | None = None) -> AccountSpec:
    """Losses expected on a product's loans (a contra asset)."""
    return _house(f"loan:allowance:{product}", "asset", "credit", currency)


def card_pending(acquirer: str = "stripe", currency: str | None = None) -> AccountSpec:
    """Captured by the card acquirer and not yet available."""
    return _house(f"card:{acquirer}:pending", "asset", "debit", currency)


def card_available(acquirer: str = "stripe", currency: str | None = None) -> AccountSpec:
    """Available at the card acquirer and not yet paid out to the bank."""
    return _house(f"card:{acquirer}:available", "asset", "debit", currency)


def transfer_pending(bank: str = "otherbank", currency: str | None = None) -> AccountSpec:
    """Confirmed by another bank as sent to us and not yet on our account there."""
    return _house(f"transfer:{bank}:pending", "asset", "debit", currency)


def nostro(bank: str = "main", currency: str | None = None) -> AccountSpec:
    """The bank's own money at another bank."""
    return _house(f"cash:nostro:{bank}", "asset", "debit", currency)


def vault(currency: str | None = None) -> AccountSpec:
    """Cash in the vault."""
    return _house("cash:vault", "asset", "debit", currency)


def vat_commission(currency: str | None = None) -> AccountSpec:
    """VAT on commission, owed to the tax office."""
    return _house("tax:vat:commission", "liability", "credit", currency)


def suspense(source: str, currency: str | None = None) -> AccountSpec:
    """Money whose owner is not yet known."""
    return _house(f"suspense:{source}", "liability", "credit", currency)


def income(kind: str, currency: str | None = None) -> AccountSpec:
    """What the bank earned; kinds in ``INCOME_KINDS``."""
    return _house(f"income:{kind}", "income", "credit", currency)


def expense(kind: str, currency: str | None = None) -> AccountSpec:
    """What the bank spent; kinds in ``EXPENSE_KINDS``."""
    return _house(f"expense:{kind}", "expense", "debit", currency)


def equity(kind: str, currency: str | None = None) -> AccountSpec:
    """The owners' stake; kinds in ``EQUITY_KINDS``. Not hot: it seldom moves."""
    return _house(f"equity:{kind}", "equity", "credit", currency, hot=False)


def house_accounts(currency: str | None = None) -> tuple[AccountSpec, ...]:
    """Return the accounts a bank keeps in ``currency`` before its first customer comes."""
    return (
        nostro("main", currency),
        vault(currency),
        card_pending("stripe", currency),
        card_available("stripe", currency),
        transfer_pending("otherbank", currency),
        vat_commission(currency),
        suspense("refunds", currency),
        suspense("transfers", currency),
        *(income(kind, currency) for kind in INCOME_KINDS),
        *(expense(kind, currency) for kind in EXPENSE_KINDS),
        *(equity(kind, currency) for kind in EQUITY_KINDS),
    )


def _owed(code: str, currency: str | None, owner: str, floor: int = 0) -> AccountSpec:
    return AccountSpec(code, "liability", currency or base_currency(), "credit", floor=floor, owner=owner)


def _claim(code: str, currency: str | None, owner: str) -> AccountSpec:
    return AccountSpec(code, "asset", currency or base_currency(), "debit", floor=0, owner=owner)


def _house(code: str, account_class, normal_side, currency: str | None, hot: bool = True) -> AccountSpec:
    if currency and currency != base_currency():
        code = f"{code}:{currency}"
    return AccountSpec(code, account_class, currency or base_currency(), normal_side, hot=hot)


def family(code: str) -> str:
    """Return the kind a customer's, merchant's or loan's account belongs to, like ``merchant:*:pending``.

    A house account is its own kind.
    """
    parts = code.split(":")
    if parts[0] == "payout" and len(parts) > 2:
        return "payout:transit:*"
    if parts[0] in ("deposit", "held", "escrow", "merchant", "dispute", "loan", "borrower") and parts[1] != "allowance":
        return ":".join((parts[0], "*", *parts[2:]))
    return code
