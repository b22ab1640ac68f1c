"""What each role of a store may do, as one table that pages, operations and the staff page read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

OWNER, MANAGER, CLERK, ACCOUNTANT = "owner", "manager", "clerk", "accountant"
ROLES = (
    (OWNER, _("Owner"), _("Everything, and alone: financing, the team, closing the store.")),
    (MANAGER, _("Manager"), _("Runs the store day by day; sees the money, but does not say where it goes.")),
    (CLERK, _("Clerk"), _("Packs, answers and keeps the catalogue; sees no money.")),
    (ACCOUNTANT, _("Accountant"), _("Sees the money, the orders and the statements; changes nothing.")),
)
NAMES = {role: name for role, name, _told in ROLES}

WORK = "work"
ORDERS = "orders"
ORDERS_READ = "orders_read"
RETURNS = "returns"
MESSAGES = "messages"
CATALOGUE = "catalogue"
DELIVERY = "delivery"
PROMOTIONS = "promotions"
STORE = "store"
HEALTH = "health"
MONEY = "money"
PAYOUTS = "payouts"
DISPUTES = "disputes"
FINANCING = "financing"
KEYS = "keys"
STAFF = "staff"
CLOSING = "closing"

# permission, what it is called, who has it
MATRIX = (
    (WORK, _("See the day's figures"), (OWNER, MANAGER, CLERK, ACCOUNTANT)),
    (ORDERS_READ, _("Read orders"), (OWNER, MANAGER, CLERK, ACCOUNTANT)),
    (ORDERS, _("Pack, send, cancel and refund orders"), (OWNER, MANAGER, CLERK)),
    (RETURNS, _("Decide on returns"), (OWNER, MANAGER, CLERK)),
    (MESSAGES, _("Answer buyers"), (OWNER, MANAGER, CLERK)),
    (CATALOGUE, _("Change products, prices and stock"), (OWNER, MANAGER, CLERK)),
    (PROMOTIONS, _("Run promotions"), (OWNER, MANAGER)),
    (DELIVERY, _("Set delivery and its charges"), (OWNER, MANAGER)),
    (STORE, _("Edit the store page and holidays"), (OWNER, MANAGER)),
    (HEALTH, _("See the store's health"), (OWNER, MANAGER, CLERK)),
    (MONEY, _("See money, settlements and statements"), (OWNER, MANAGER, ACCOUNTANT)),
    (DISPUTES, _("Answer disputes"), (OWNER, MANAGER)),
    (PAYOUTS, _("Say where payouts go"), (OWNER,)),
    (FINANCING, _("Take financing"), (OWNER,)),
    (KEYS, _("Make and revoke keys of programs"), (OWNER,)),
    (STAFF, _("Invite and remove people, change roles"), (OWNER,)),
    (CLOSING, _("Close the store"), (OWNER,)),
)
_ALLOWED = {(role, permission) for permission, _name, roles in MATRIX for role in roles}
_KNOWN = frozenset(permission for permission, _name, _roles in MATRIX)


def may(*, role: str, permission: str) -> bool:
    """Tell whether a role has a permission.

    :raises KeyError: there is no such permission.
    """
    if permission not in _KNOWN:
        raise KeyError(permission)
    return (role, permission) in _ALLOWED
