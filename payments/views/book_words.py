"""What the ledger's classes and families of accounts are called on its pages."""

from django.utils.translation import gettext_lazy as _

CLASSES = {
    "asset": _("Assets"),
    "liability": _("Liabilities"),
    "equity": _("Equity"),
    "income": _("Income"),
    "expense": _("Expenses"),
}

CLASSES_OF_ONE = {
    "asset": _("asset"),
    "liability": _("liability"),
    "equity": _("equity"),
    "income": _("income"),
    "expense": _("expense"),
}

FAMILIES = {
    "deposit:*": _("Current accounts of shoppers and merchants"),
    "held:*": _("Held for payments not yet captured"),
    "escrow:*": _("Captured, waiting for delivery"),
    "borrower:*:credit": _("Paid by borrowers over what was due"),
    "merchant:*:pending": _("Merchants: released, not yet settled"),
    "merchant:*:available": _("Merchants: settled, not yet paid out"),
    "merchant:*:reserve": _("Merchants: kept back for refunds"),
    "merchant:*:receivable": _("Merchants: what they owe the bank"),
    "dispute:*:receivable": _("Taken by the card scheme for disputes"),
    "dispute:*:held": _("Kept from merchants while a dispute lasts"),
    "payout:transit:*": _("Payouts sent and not yet confirmed"),
    "loan:*:principal": _("Loans: principal outstanding"),
    "loan:*:interest": _("Loans: interest accrued, not yet paid"),
    "loan:*:fees": _("Loans: fees charged, not yet paid"),
    "loan:*:deferred": _("Loans: fees and subsidies not yet earned"),
    "loan:*:suspended": _("Loans: interest not recognized as income"),
    "cash:nostro:main": _("Own money at another bank"),
    "cash:vault": _("Cash in the vault"),
    "card:stripe:pending": _("Card payments not yet available"),
    "card:stripe:available": _("Card payments not yet paid out to the bank"),
    "transfer:otherbank:pending": _("Confirmed by another bank, not yet on our account"),
    "tax:vat:commission": _("VAT on commission, owed to the tax office"),
    "suspense:refunds": _("Refunds whose owner is not yet known"),
    "suspense:transfers": _("Transfers whose owner is not yet known"),
    "income:commission": _("Commission on sales"),
    "income:interest": _("Interest"),
    "income:fees": _("Fees on loans"),
    "income:late": _("Late fees"),
    "income:recovery": _("Recovered after a charge-off"),
    "expense:card": _("Card fees"),
    "expense:impairment": _("Losses expected"),
    "expense:chargeoff": _("Loans charged off"),
    "expense:deposit-interest": _("Interest paid on deposits"),
    "expense:marketing": _("Vouchers and marketing"),
    "expense:dispute": _("Disputes lost"),
    "expense:goodwill": _("Goodwill"),
    "equity:capital": _("Capital paid in"),
    "equity:retained": _("Result of earlier years"),
    "result": _("Result not yet carried to equity"),
}
