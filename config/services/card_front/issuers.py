"""The cards' banks: who asks the holder, what was set up for later, which card is declined from now on.

Teaches localstripe what it lacks of Stripe: `setup_future_usage`, `off_session`, test cards that stay themselves once
they are used. `POST /_config/decline` with `payment_method` has its bank decline it from now on.
"""

from aiohttp import web
from localstripe.errors import UserError
from localstripe.resources import Customer, PaymentIntent, PaymentMethod, try_convert_to_bool

TEST_CARDS = {
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
}
# Its bank asks the holder at every payment, whatever was set up before.
ALWAYS_ASKS = "4000002760003184"

_confirm = PaymentIntent._confirm
_authenticate = PaymentIntent._api_authenticate.__func__
_is_declined = PaymentMethod._charging_is_declined
_known = PaymentMethod._try_get_canonical_test_article.__func__


def install(*, app: web.Application) -> None:
    """Take the places of localstripe's own methods."""
    PaymentMethod._try_get_canonical_test_article = classmethod(_test_card)
    PaymentMethod._charging_is_declined = _declined
    PaymentIntent._api_create = classmethod(_create)
    PaymentIntent._confirm = _confirmed
    PaymentIntent._api_authenticate = classmethod(_authenticated)
    app.router.add_post("/_config/decline", _decline)


def _test_card(cls: type, identifier: str) -> object:
    if identifier not in TEST_CARDS:
        return _known(cls, identifier)
    card = {"number": TEST_CARDS[identifier], "exp_month": "12", "exp_year": "2030", "cvc": "123"}
    return PaymentMethod(type="card", card=card)


def _declined(method: PaymentMethod) -> bool:
    return getattr(method, "_declined_from_now", False) or _is_declined(method)


def _create(
    cls: type,
    confirm: object = None,
    off_session: object = None,
    setup_future_usage: str | None = None,
    return_url: str | None = None,
    **data: object,
) -> PaymentIntent:
    if data.get("payment_method"):
        # A test card's name makes a card; the payment then names that card, as Stripe does.
        data["payment_method"] = PaymentMethod._api_retrieve(data["payment_method"]).id
    intent = cls(**data)
    intent.setup_future_usage = setup_future_usage
    intent._off_session = try_convert_to_bool(off_session) is True
    if try_convert_to_bool(confirm):
        intent._confirm(on_failure_now=intent._report_failure)
        _set_up(intent)
    return intent


def _confirmed(intent: PaymentIntent, on_failure_now: object) -> None:
    if not getattr(intent, "_off_session", False):
        _confirm(intent, on_failure_now)
        return
    method = PaymentMethod._api_retrieve(intent.payment_method)
    prepared = getattr(method, "_set_up", False) and method._card_number != ALWAYS_ASKS
    if method._requires_authentication() and not prepared:
        intent.payment_method = None
        raise UserError(
            402,
            "Your card was declined. This transaction requires authentication.",
            {"code": "authentication_required", "payment_intent": intent._export(), "type": "card_error"},
        )
    intent._authentication_failed = False
    intent._create_charge(on_failure_now=on_failure_now)


def _authenticated(cls: type, id: str, **data: object) -> PaymentIntent:
    intent = _authenticate(cls, id, **data)
    _set_up(intent)
    return intent


def _set_up(intent: PaymentIntent) -> None:
    """Keep a card for later when it was asked for and the payment went well."""
    wanted = getattr(intent, "setup_future_usage", None) and intent.customer
    if wanted and intent.status in ("requires_capture", "succeeded"):
        method = PaymentMethod._api_retrieve(intent.payment_method)
        Customer._api_retrieve(intent.customer)
        method.customer = intent.customer
        method._set_up = True


async def _decline(request: web.Request) -> web.Response:
    asked = await request.json()
    PaymentMethod._api_retrieve(asked["payment_method"])._declined_from_now = True
    return web.json_response({})
