"""Everything that runs against the direction of imports, as dotted paths in one place."""

from types import SimpleNamespace

from celery.schedules import crontab

from config.settings import policy

# Fees, limits and terms under their short names, for apps that may not import the settings' modules
RIALTO_POLICY = SimpleNamespace(
    **{name.removeprefix("RIALTO_"): value for name, value in vars(policy).items() if name.isupper()}
)

# What a price means by the month, for product pages: `hint(*, payer, amount, currency, at) -> Sequence[str]`
RIALTO_PRICE_HINTS: list[str] = ["financing.checkout.options.price_hint"]

# The same for any number of prices, for listings: `plans(*, payer, currency, at) -> Sequence[MonthlyPlan]`
RIALTO_MONTHLY_PLANS: list[str] = ["financing.checkout.monthly.plans"]

# Whether new events wake a worker at once; the sweeper finds them anyway
RIALTO_OUTBOX_KICK = True

# Classes of the payment methods, in the order shoppers see them
RIALTO_METHODS: list[str] = [
    "payments.providers.bank_account.BankAccountMethod",
    "payments.providers.voucher.VoucherMethod",
    "payments.providers.card.CardMethod",
    "payments.providers.other_bank.OtherBankMethod",
    "financing.checkout.method.InstallmentsMethod",
]

# Name of an event -> handlers, each `handler(events) -> None`, idempotent, called outside a transaction
RIALTO_SUBSCRIBERS: dict[str, list[str]] = {
    "mall.order_confirmed": ["mall.subscribers.mail_confirmation"],
    "mall.order_cancelled": ["mall.subscribers.give_back_payment"],
    "mall.consignment_dispatched": [
        "mall.subscribers.capture_dispatched",
        "mall.order.subscribers.issue_invoices",
        "mall.order.subscribers.mail_dispatched",
    ],
    "mall.consignment_delivered": [
        "mall.subscribers.release_delivered",
        "mall.order.subscribers.mail_delivered",
    ],
    "mall.consignment_cancelled": [
        "mall.subscribers.give_back_part",
        "mall.order.subscribers.mail_cancelled",
    ],
    "mall.division_asked": ["mall.subscribers.divide_consignments"],
    "mall.return_refund_due": ["mall.subscribers.pay_returns"],
    "mall.return_moved": ["mall.subscribers.mail_returns"],
    "mall.return_closed": ["mall.subscribers.release_after_return"],
    "mall.message_posted": ["mall.subscribers.mail_messages"],
    "mall.offers_changed": ["mall.subscribers.refresh_search"],
    "mall.buy_box_changed": ["mall.subscribers.rank_anew"],
    "mall.staff_invited": ["mall.subscribers.mail_invitation"],
    "mall.application_moved": ["mall.subscribers.follow_application"],
    "mall.merchant_status_changed": ["mall.subscribers.mail_merchant_status"],
    "mall.health_warned": ["mall.subscribers.mail_health_warned"],
    "mall.consent_changed": ["financing.subscribers.forget_without_consent"],
    "mall.notices_made": ["mall.notices.subscribers.send_letters"],
    "payments.payment_authorised": ["mall.subscribers.confirm_paid"],
    "payments.card_hold_refused": ["mall.subscribers.mail_card_hold_refused"],
    "payments.payment_reviewed": ["mall.subscribers.go_on_reviewed", "mall.subscribers.mail_reviewed"],
    "payments.payment_refused": ["mall.subscribers.give_up_unpaid", "financing.subscribers.free_unused_plans"],
    "payments.payment_expired": ["mall.subscribers.give_up_unpaid", "financing.subscribers.free_unused_plans"],
    "payments.payment_voided": ["mall.subscribers.give_up_unpaid", "financing.subscribers.free_unused_plans"],
    "payments.part_cancelled": ["mall.subscribers.give_up_part"],
    "payments.part_released": ["mall.subscribers.note_released"],
    "payments.dispute_closed": ["mall.subscribers.release_undisputed"],
    "payments.payout_account_asked": ["mall.subscribers.mail_payout_account"],
    "payments.payment_came_back": ["mall.subscribers.mail_came_back"],
    "payments.part_refunded": [
        "mall.subscribers.note_refunded",
        "mall.order.subscribers.issue_credits",
        "mall.order.subscribers.mail_refunded",
    ],
}

# Kind of a provider's event -> handlers, each `handler(event, at) -> None`, idempotent, called outside a transaction
RIALTO_PROVIDER_EVENTS: dict[str, list[str]] = {
    "charge.dispute.closed": ["payments.operations.card_undoing_events.dispute_changed"],
    "charge.dispute.created": ["payments.operations.card_undoing_events.dispute_changed"],
    "charge.dispute.funds_reinstated": ["payments.operations.card_undoing_events.dispute_changed"],
    "charge.dispute.funds_withdrawn": ["payments.operations.card_undoing_events.dispute_changed"],
    "charge.dispute.updated": ["payments.operations.card_undoing_events.dispute_changed"],
    "charge.refund.updated": ["payments.operations.card_undoing_events.refund_changed"],
    "payout.failed": ["payments.operations.card_undoing_events.payout_changed"],
    "payout.paid": ["payments.operations.card_undoing_events.payout_changed"],
    "refund.failed": ["payments.operations.card_undoing_events.refund_changed"],
    "refund.updated": ["payments.operations.card_undoing_events.refund_changed"],
    "payment_intent.amount_capturable_updated": ["payments.operations.card_events.intent_changed"],
    "payment_intent.canceled": ["payments.operations.card_events.intent_changed"],
    "payment_intent.payment_failed": ["payments.operations.card_events.intent_changed"],
    "payment_intent.requires_action": ["payments.operations.card_events.intent_changed"],
    "payment_intent.succeeded": ["payments.operations.card_events.intent_changed"],
}

# Checks that `manage.py ledger verify` runs, each `check() -> list[str]` of problems
RIALTO_CHECKS: list[str] = [
    "payments.reconciliation.checks.check_parts",
    "payments.reconciliation.checks.check_tenders",
    "payments.reconciliation.card_checks.check_disputes",
    "payments.reconciliation.card_checks.check_provider_money",
    "financing.servicing.checks.check_loans",
    "mall.fulfilment.checks.check_consignments",
    "mall.returns.checks.check_returns",
    "payments.reconciliation.checks.check_nothing_half_done",
]

# What is reconciled every day beside consignments, each a `payments.reconciliation.sources.Source`
RIALTO_RECONCILED: list[str] = [
    "payments.reconciliation.sources.CardSource",
    "payments.reconciliation.sources.NostroSource",
]

# Consignments whose order, money and goods disagree: `differences(*, since, until, numbers)` -> (looked at, by number)
RIALTO_CONSIGNMENT_DIFFERENCES = "mall.fulfilment.checks.differences"

# Called inside the settlement of merchants, in this order: `hook(*, settled) -> Sequence[Withholding]`
RIALTO_SETTLEMENT_HOOKS: list[str] = ["financing.servicing.sales_share.collect"]

# Each `source(since, until)` returns the rows of some facts by fact name
RIALTO_FACT_SOURCES: list[str] = [
    "mall.queries.facts.rows",
    "payments.queries.facts.rows",
    "financing.servicing.facts.rows",
]

# Lives beside those of payments, for `docs/states.md`: each a `payments.machines.Machine`
RIALTO_STATES: list[str] = ["mall.fulfilment.states.CONSIGNMENT", "mall.returns.states.RETURN"]

# Which page shows what the ledger's pages name: `pages(*, names) -> Sequence[(what it is, address)]`
RIALTO_BOOK_THINGS: list[str] = [
    "payments.queries.things.pages",
    "mall.queries.things.pages",
    "financing.workbench.things.pages",
]

# What is known of a consignment that is disputed: `story(*, reference) -> Story | None`
RIALTO_PART_STORY = "mall.queries.stories.story"

# What else must be over before a store is closed: `items(*, merchant_id, at) -> Sequence[(name, done, shown, told)]`
RIALTO_CLOSING_ITEMS: list[str] = ["financing.queries.closing_items"]

# Where the card stand-in listens, asked when no STRIPE_API_KEY is set: `address() -> str`
RIALTO_CARD_STAND_IN = "config.services.card_stand_in_address"

CELERY_TASK_ROUTES: dict[str, dict[str, str]] = {
    "payments.tasks.settle_day": {"queue": "settlement"},
    "payments.tasks.pay_out": {"queue": "settlement"},
    "payments.tasks.exchange_files": {"queue": "settlement"},
    "payments.tasks.verify": {"queue": "settlement"},
    "payments.tasks.reconcile": {"queue": "settlement"},
    "payments.tasks.close_books": {"queue": "settlement"},
    "payments.tasks.keep_closings": {"queue": "settlement"},
    "payments.*": {"queue": "payments"},
    "financing.*": {"queue": "credit"},
    "mall.*": {"queue": "bulk"},
}

CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "payments-sweep": {"task": "payments.tasks.sweep", "schedule": 30.0},
    "payments-provider-events": {"task": "payments.tasks.handle_provider_events", "schedule": 20.0},
    "payments-poll-provider": {"task": "payments.tasks.poll_provider_events", "schedule": 60.0},
    "payments-renew-card-holds": {"task": "payments.tasks.renew_card_holds", "schedule": 600.0},
    "payments-read-provider": {"task": "payments.tasks.read_provider", "schedule": 300.0},
    "payments-seal": {"task": "payments.tasks.seal", "schedule": 10.0},
    "payments-keep-closings": {"task": "payments.tasks.keep_closings", "schedule": 900.0},
    "payments-close-books": {"task": "payments.tasks.close_books", "schedule": crontab(hour=0, minute=10)},
    "payments-settle-day": {"task": "payments.tasks.settle_day", "schedule": crontab(hour=4, minute=0)},
    "payments-pay-out": {"task": "payments.tasks.pay_out", "schedule": crontab(hour=4, minute=30)},
    "payments-exchange-files": {"task": "payments.tasks.exchange_files", "schedule": 120.0},
    "payments-verify": {"task": "payments.tasks.verify", "schedule": crontab(hour=5, minute=0)},
    "payments-reconcile": {"task": "payments.tasks.reconcile", "schedule": crontab(hour=5, minute=30)},
    "financing-close-day": {"task": "financing.tasks.close_day", "schedule": crontab(hour=0, minute=20)},
    "financing-make-offers": {"task": "financing.tasks.make_offers", "schedule": crontab(hour=1, minute=0)},
    "financing-lapse-approvals": {"task": "financing.tasks.lapse_approvals", "schedule": crontab(minute=15)},
    "mall-sweep-orders": {"task": "mall.tasks.sweep_orders", "schedule": 60.0},
    "mall-count-common-searches": {"task": "mall.tasks.count_common_searches", "schedule": 3_600.0},
    "mall-count-search": {"task": "mall.tasks.count_search", "schedule": crontab(hour=2, minute=30)},
    "mall-api-forget": {"task": "mall.api.tasks.forget_calls", "schedule": 3_600.0},
    "mall-imports-sweep": {"task": "mall.imports.tasks.sweep", "schedule": 30.0},
    "mall-imports-forget": {"task": "mall.imports.tasks.forget", "schedule": crontab(hour=3, minute=15)},
    "mall-sweep-returns": {"task": "mall.tasks.sweep_returns", "schedule": 600.0},
    "mall-check-applications": {"task": "mall.tasks.check_applications", "schedule": crontab(hour=3, minute=10)},
    "mall-throw-pictures-away": {"task": "mall.tasks.throw_pictures_away", "schedule": crontab(minute=40)},
    "mall-count-standings": {"task": "mall.tasks.count_standings", "schedule": crontab(hour=2, minute=15)},
    "mall-send-notices": {"task": "mall.notices.tasks.send_due", "schedule": 300.0},
    "mall-forget-notices": {"task": "mall.notices.tasks.forget_old", "schedule": crontab(hour=3, minute=10)},
    "mall-follow-lifecycles": {"task": "mall.tasks.follow_lifecycles", "schedule": 900.0},
    "mall-count-health": {"task": "mall.tasks.count_health", "schedule": crontab(hour=1, minute=40)},
    "mall-follow-holidays": {"task": "mall.tasks.follow_holidays", "schedule": 1_800.0},
    "mall-release-due": {"task": "mall.tasks.release_due", "schedule": 3_600.0},
}
