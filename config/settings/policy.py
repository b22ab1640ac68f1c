"""Fees, limits and terms of the bank. Rates are basis points, money is minor units of the base currency."""

from datetime import timedelta

from config import env

RIALTO_CURRENCY = "EUR"

# The bank itself: what its account numbers (IBAN) begin with, and the bank that keeps its own money.
BANK_NAME = "Rialto Bank"
BANK_COUNTRY = "DE"
BANK_CODE = "50099000"
NOSTRO_BANK = "main"
# What its documents say of it.
BANK_ADDRESS = env.of_the_bank(name="RIALTO_BANK_ADDRESS")
BANK_TAX_ID = env.of_the_bank(name="RIALTO_BANK_TAX_ID")

# What the bank takes from a released consignment, goods and delivery; the tax comes on top of the commission.
RIALTO_COMMISSION_BPS = 800
RIALTO_COMMISSION_VAT_BPS = 2_100
# How much of it goes back to the merchant with a refund after release: all (10 000), a part, or nothing (0).
RIALTO_COMMISSION_RETURNED_BPS = 10_000
# Kept back from a merchant's settlements against later refunds, and for how long.
RIALTO_RESERVE_BPS = 500
RIALTO_RESERVE_MATURES_AFTER = timedelta(days=30)
# What a merchant's risk tier makes of that; who has none keeps the rate of his terms (/ops/tiers/).
RIALTO_RESERVE_TIERS = {
    "trusted": {"bps": 0, "days": 0},
    "low": {"bps": 200, "days": 14},
    "standard": {"bps": 500, "days": 30},
    "raised": {"bps": 1_500, "days": 60},
    "high": {"bps": 3_000, "days": 90},
}

# A released consignment becomes available T+N days later, by the calendar of UTC.
RIALTO_SETTLE_AFTER_DAYS = 2
# Without a word from carrier, buyer or operations, goods count as delivered so long after dispatch.
RIALTO_RELEASE_AFTER_DAYS = 14

# How long an order may await its payment, with its stock reserved.
RIALTO_PAYMENT_EXPIRES_AFTER = timedelta(minutes=15)
# How long an authorised bank-account payment may wait to be captured.
RIALTO_AUTHORIZATION_EXPIRES_AFTER = timedelta(days=45)

# Payments from an account need no second factor up to the first figure, for so many payments and so much in all since
# the last one was given (Delegated Regulation (EU) 2018/389, article 16).
RIALTO_STEP_UP_ABOVE = 3_000
RIALTO_STEP_UP_FREE_PAYMENTS = 5
RIALTO_STEP_UP_FREE_SUM = 15_000
RIALTO_STEP_UP_VALID_FOR = timedelta(minutes=10)

# Goodwill one person of operations may give a customer within a month; more takes a second person.
RIALTO_GOODWILL_ALONE = 5_000
RIALTO_GOODWILL_COUNTED_FOR = timedelta(days=30)
# A merchant is asked for evidence in a dispute until so long before the card's bank stops taking any.
RIALTO_DISPUTE_OPERATIONS_NEED = timedelta(days=3)

# What is looked at before a payment is asked for: what one payer, account, card, device or address did within a time,
# this payment included. `challenge` asks for a second factor, `hold` lets people look first, `refuse` ends it, `pass`
# only watches. They and the figures above are in force until operations agree on another version (/ops/rules/).
RIALTO_VELOCITY_RULES = (
    {"code": "account-busy", "by": "account", "within": timedelta(hours=1), "payments": 8, "then": "challenge"},
    {"code": "card-busy", "by": "card", "within": timedelta(hours=1), "payments": 5, "then": "challenge"},
    {"code": "payer-sum", "by": "payer", "within": timedelta(days=1), "sum": 500_000, "then": "hold"},
    {"code": "address-many-payers", "by": "address", "within": timedelta(days=7), "payers": 4, "then": "hold"},
    {"code": "device-many-payers", "by": "device", "within": timedelta(days=7), "payers": 3, "then": "hold"},
    {"code": "very-large", "by": "payer", "within": timedelta(days=1), "amount": 400_000, "then": "hold"},
    {"code": "address-new", "by": "address", "within": timedelta(days=90), "new": 150_000, "then": "hold"},
    {"code": "device-new", "by": "device", "within": timedelta(days=90), "new": 50_000, "then": "pass"},
    {"code": "device-flood", "by": "device", "within": timedelta(minutes=10), "payments": 15, "then": "refuse"},
    {"code": "card-flood", "by": "card", "within": timedelta(minutes=10), "payments": 10, "then": "refuse"},
)
# How long people have to look at a held payment, and above what two of them must agree.
RIALTO_REVIEW_WITHIN = timedelta(hours=24)
RIALTO_REVIEW_SECOND_ABOVE = 100_000

# A shop's own delivery charge where a merchant set none.
RIALTO_SHIPPING_CHARGE = 490
RIALTO_SHIPPING_FREE_FROM = 7_500

# Carriers by the name merchants give, and where each shows a parcel's way; only https is ever linked to.
RIALTO_CARRIERS = (
    {"name": "DHL", "tracking": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}"},
    {"name": "DPD", "tracking": "https://tracking.dpd.de/status/en_US/parcel/{number}"},
    {"name": "GLS", "tracking": "https://gls-group.com/track/{number}"},
    {"name": "Hermes", "tracking": "https://www.myhermes.de/empfangen/sendungsverfolgung/?trackingNumber={number}"},
    {"name": "UPS", "tracking": "https://www.ups.com/track?tracknum={number}"},
    {"name": "FedEx", "tracking": "https://www.fedex.com/fedextrack/?trknbr={number}"},
    {"name": "PostNL", "tracking": "https://postnl.nl/tracktrace/?B={number}"},
    {"name": "La Poste", "tracking": "https://www.laposte.fr/outils/suivre-vos-envois?code={number}"},
    {"name": "Correos", "tracking": "https://www.correos.es/es/en/tools/tracker/items/details?tracking-number={number}"},
    {"name": "Royal Mail", "tracking": "https://www.royalmail.com/track-your-item#/tracking-results/{number}"},
)
# Value-added tax in a price, where an order line does not say its own.
RIALTO_GOODS_VAT_BPS = 1_900

# Our own accounts at other banks, by currency: whose file names which of them, and from which we pay.
RIALTO_NOSTROS = {
    "EUR": {
        "bank": NOSTRO_BANK,
        "iban": env.of_the_bank(name="RIALTO_NOSTRO_IBAN"),
        "bic": env.of_the_bank(name="RIALTO_NOSTRO_BIC"),
    }
}
# Orders after this hour (UTC) leave with the next bank day's file.
RIALTO_BANK_CUT_OFF_HOUR = 14

# What a holder may send to other banks and keep here, by how well the bank knows him; minor units, None has no limit.
RIALTO_ACCOUNT_LIMITS = {
    "basic": {"payment": 100_000, "day": 150_000, "month": 500_000, "balance": 1_500_000},
    "verified": {"payment": 1_000_000, "day": 2_000_000, "month": 5_000_000, "balance": 10_000_000},
    "business": {"payment": 10_000_000, "day": 20_000_000, "month": 200_000_000, "balance": None},
}
RIALTO_ACCOUNT_TIERS = {"user": "basic", "merchant": "business"}

# A new payout account at another bank counts so long after it was confirmed.
RIALTO_PAYOUT_ACCOUNT_WAITS = timedelta(hours=72)

# Countries the bank does no business with, and from what likeness (0 to 100) a name like one on the sanctions list is
# a hit that a person has to clear.
RIALTO_BLOCKED_COUNTRIES = ("IR", "KP", "MM")
RIALTO_SANCTIONS_THRESHOLD = 88
# How long an application may wait for the bank before the queue shows it as late.
RIALTO_APPLICATION_ANSWERED_WITHIN = timedelta(days=2)
# Notices on the site are kept so long.
RIALTO_NOTICES_KEPT_FOR = timedelta(days=365)

# A review can be said otherwise for so long.
RIALTO_REVIEW_CHANGED_WITHIN = timedelta(days=60)
# Buyers are asked, once, how a thing is that arrived so long ago; what arrived longer ago is left in peace.
RIALTO_REVIEW_ASKED_AFTER = timedelta(days=4)
RIALTO_REVIEW_ASKED_UNTIL = timedelta(days=10)

# An urgent suspension of a merchant ends by itself when no second person confirms it within this.
RIALTO_SUSPENSION_CONFIRMED_WITHIN = timedelta(days=1)

# A parcel is sent in time within this after its order was confirmed.
RIALTO_DISPATCHED_WITHIN = timedelta(days=3)
# So long a store has to answer a buyer.
RIALTO_ANSWERED_WITHIN = timedelta(days=2)
# Thresholds of merchants' health over 30 days: shares at most so many basis points, a rating at least so many
# hundredths of a star. Below so many parcels or reviews nothing is said; a warning that stands so long becomes a case.
RIALTO_HEALTH_THRESHOLDS = {
    "late_dispatch": 1_000,
    "late_delivery": 1_500,
    "cancelled": 300,
    "returned": 1_500,
    "answered_late": 2_000,
    "rating": 350,
}
RIALTO_HEALTH_COUNTS_FROM = 10
RIALTO_HEALTH_CASE_AFTER = timedelta(days=14)
# Returns. The law's right of withdrawal by country of delivery, in calendar days after the goods arrived; "" is every
# other country. What the market gives beyond it by category (its path in addresses), the shortest of those that fit;
# a store may give more. What is sealed or spoils goes back only when the store is at fault.
RIALTO_RETURN_WITHDRAWAL_DAYS = {"": 14, "CH": 0, "US": 0}
RIALTO_RETURN_MARKET_DAYS = {"": 30, "electronics": 14, "books-and-office": 14, "beauty": 14}
RIALTO_RETURN_FAULT_DAYS = 60
RIALTO_RETURN_NOT_RETURNED = ("food", "gift-cards")
# Who pays the way back, by reason.
RIALTO_RETURN_DELIVERY_PAID_BY = {
    "changed_mind": "buyer",
    "does_not_fit": "buyer",
    "ordered_wrong": "buyer",
    "damaged": "store",
    "not_as_described": "store",
    "wrong_item": "store",
    "incomplete": "store",
    "arrived_late": "store",
}
# How long each state of a return may last, in bank days or calendar days; its end is in `mall/returns/sweeping.py`.
RIALTO_RETURN_DEADLINES = {
    "asked": ("bank days", 3),
    "offered": ("days", 5),
    "accepted": ("days", 14),
    "sent": ("bank days", 10),
    "reduced": ("days", 7),
    "declined": ("days", 14),
}
# How often a store may offer a part, and above what a decision of operations takes a second person.
RIALTO_RETURN_OFFERS = 2
RIALTO_RETURN_SECOND_ABOVE = 20_000

# Messages: how many one person writes an hour by side, and how many conversations a buyer begins a day.
RIALTO_MESSAGES_AN_HOUR = {"buyer": 20, "store": 200}
RIALTO_THREADS_A_DAY = 10
