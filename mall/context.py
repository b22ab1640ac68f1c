"""What every page's frame shows, each part read only when the template asks for it."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q, Sum
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject, empty
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from mall import bank
from mall.catalogue import tree
from mall.merchants.models import Membership
from mall.notices import queries as notices

BasketLine = get_model("basket", "Line")

ROLES_KEPT = 30
CATEGORIES_SHOWN = 14

# Group of the bank's staff -> name of the page where their work begins.
WORKPLACES = (
    ("credit officer", "officer"),
    ("senior officer", "officer"),
    ("risk manager", "officer"),
    ("operations", "ops"),
    ("operations", "applications"),
    ("operations", "ops-merchants"),
    ("operations", "ops-catalogue"),
    ("operations", "ops-vouchers"),
    ("operations", "tax-rates"),
)


@dataclass(frozen=True, slots=True)
class MoneyAtAGlance:
    """What lies in the shopper's account, and where to see more."""

    available: int
    currency: str
    url: str


@dataclass(frozen=True, slots=True)
class Roles:
    """Where a person may work."""

    groups: tuple[str, ...]
    merchants: tuple[tuple[int, str, str], ...]


class Chrome:
    """The frame of one request's page."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def name(self) -> str:
        """Return how the person is greeted."""
        return self._request.user.first_name or self._request.user.email

    @cached_property
    def categories(self) -> list[tuple[str, str]]:
        """Return the top categories with their addresses."""
        return [(node.name, node.url) for node in tree.top()][:CATEGORIES_SHOWN]

    @cached_property
    def basket_count(self) -> int:
        """Return how many pieces lie in the basket; a basket that was read for the page is not counted again."""
        basket = self._request.basket
        if isinstance(basket, SimpleLazyObject) and basket._wrapped is empty:
            return basket_count(request=self._request)
        return sum(line.quantity for line in basket.all_lines())

    @cached_property
    def money(self) -> MoneyAtAGlance | None:
        """Return what is in the shopper's account; nothing for who has none."""
        user = self._request.user
        if not user.is_authenticated:
            return None
        url = address_of("money")
        balance = bank.money_of(user_id=user.pk, currency=user.currency) if url else None
        return None if balance is None else MoneyAtAGlance(available=balance, currency=user.currency, url=url)

    @cached_property
    def unread(self) -> int:
        """Return how many notices the person has not read."""
        return notices.unread(user_id=self._request.user.pk) if self._request.user.is_authenticated else 0

    @cached_property
    def roles(self) -> Roles:
        """Return where the person may work; a change shows within half a minute."""
        user = self._request.user
        if not user.is_authenticated:
            return Roles((), ())
        return cache.get_or_set(f"roles:{user.pk}", lambda: _roles(user=user), ROLES_KEPT)

    @cached_property
    def account_links(self) -> list[tuple[str, str]]:
        """Return the shopper's own pages."""
        return _reachable(
            (_("Your orders"), "orders"),
            (_("Returns"), "returns"),
            (_("Messages"), "messages"),
            (_("Money"), "money"),
            (_("Plans and instalments"), "plans"),
            (_("Notices"), "notices"),
            (_("My details"), "account-home"),
            (_("Security"), "mfa_index"),
        )

    @cached_property
    def work_links(self) -> list[tuple[str, str]]:
        """Return the pages where the person works."""
        links = []
        if self.roles.merchants:
            links += _reachable((_("My store"), "merchant"))
        names = {
            "officer": _("Credit cases"),
            "ops": _("Operations"),
            "applications": _("Merchant applications"),
            "ops-merchants": _("Merchants"),
            "ops-catalogue": _("The catalogue"),
            "ops-vouchers": _("Vouchers of the bank"),
            "tax-rates": _("Tax rates"),
        }
        pages = dict.fromkeys(page for group, page in WORKPLACES if group in self.roles.groups)
        links += _reachable(*((names[page], page) for page in pages))
        if self._request.user.is_superuser:
            links += _reachable((_("Dashboard"), "dashboard:index"))
        return links


def chrome(request: HttpRequest) -> dict[str, Chrome]:
    """Offer the frame to templates as `chrome`."""
    return {"chrome": Chrome(request)}


def address_of(name: str) -> str:
    """Return a page's address, empty when this installation does not have it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def basket_count(*, request: HttpRequest) -> int:
    """Return the pieces in the person's open basket, and in the one this browser filled before signing in."""
    key = basket_count_key(request=request)
    return 0 if key is None else cache.get_or_set(key, lambda: _read_basket_count(request=request), 60)


def basket_count_key(*, request: HttpRequest) -> str | None:
    """Return where the basket's count is kept, or nothing for who never filled one."""
    cookie = request.COOKIES.get(settings.OSCAR_BASKET_COOKIE_OPEN, "")
    user_id = request.user.pk if request.user.is_authenticated else ""
    return f"basket-count:{user_id}:{cookie}" if user_id or cookie else None


def forget_basket_count(*, request: HttpRequest) -> None:
    """Make the next page count again."""
    key = basket_count_key(request=request)
    if key is not None:
        cache.delete(key)


def _read_basket_count(*, request: HttpRequest) -> int:
    whose = Q()
    if request.user.is_authenticated:
        whose |= Q(basket__owner_id=request.user.pk)
    cookie = request.COOKIES.get(settings.OSCAR_BASKET_COOKIE_OPEN)
    if cookie:
        number = cookie.split(":", 1)[0]
        if number.isdecimal():
            whose |= Q(basket_id=int(number), basket__owner=None)
    if not whose:
        return 0
    lines = BasketLine.objects.filter(whose, basket__status__in=("Open", "Saved"))
    return lines.aggregate(pieces=Sum("quantity"))["pieces"] or 0


def _roles(*, user: object) -> Roles:
    memberships = Membership.objects.filter(user_id=user.pk).select_related("merchant").order_by("merchant__name")
    return Roles(
        groups=tuple(user.groups.order_by("name").values_list("name", flat=True)),
        merchants=tuple((member.merchant_id, member.merchant.name, member.role) for member in memberships),
    )


def _reachable(*links: tuple[str, str]) -> list[tuple[str, str]]:
    found = ((label, address_of(name)) for label, name in links)
    return [(label, url) for label, url in found if url]
