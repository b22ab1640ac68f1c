"""What a shopper typed into the checkout, kept in his session: it is there after a sign-out or a way back."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, QueryDict

_KEY = "checkout-typed"
_SIGNER = Signer(salt="checkout-who")
# What belongs to one try alone, or to nobody's memory.
_NOT_KEPT = {"csrfmiddlewaretoken", "key", "total", "who", "update", "card_token"}
MOST_LETTERS = 2_000
MOST_FIELDS = 300


def who(*, request: HttpRequest) -> str:
    """Return whose checkout this page is, signed: a form sent after his session ended still says so."""
    return _SIGNER.sign(f"user:{request.user.pk or ''}")


def signed_out(*, request: HttpRequest) -> bool:
    """Tell whether the form was shown to somebody signed in, and nobody is now."""
    return not request.user.is_authenticated and bool(_owner(request.POST.get("who", "")))


def somebody_elses(*, request: HttpRequest) -> bool:
    """Tell whether the form was shown to another person than the one who is signed in now."""
    return "who" in request.POST and _owner(request.POST["who"]) != str(request.user.pk or "")


def keep(*, request: HttpRequest) -> None:
    """Remember what was typed, and whose it is."""
    fields = {
        name: value[:MOST_LETTERS]
        for name, value in list(request.POST.items())[:MOST_FIELDS]
        if name not in _NOT_KEPT and isinstance(value, str)
    }
    kept = {"owner": _owner(request.POST.get("who", "")) or str(request.user.pk or ""), "fields": fields}
    if request.session.get(_KEY) != kept:
        request.session[_KEY] = kept


def remember(*, request: HttpRequest, **fields: str) -> None:
    """Remember single answers given elsewhere, like a voucher's code in the basket."""
    kept = request.session.get(_KEY) or {"owner": str(request.user.pk or ""), "fields": {}}
    request.session[_KEY] = {"owner": kept["owner"], "fields": kept["fields"] | fields}


def kept(*, request: HttpRequest) -> Mapping[str, str]:
    """Return what was typed before; of another person nothing, of a guest also to him who then signed in."""
    found = request.session.get(_KEY)
    if not found or found["owner"] not in ("", str(request.user.pk or "")):
        return QueryDict()
    data = QueryDict(mutable=True)
    data.update(found["fields"])
    return data


def forget(*, request: HttpRequest) -> None:
    """Forget it: the order is placed."""
    request.session.pop(_KEY, None)


def _owner(text: str) -> str:
    try:
        return _SIGNER.unsign(text).removeprefix("user:")
    except BadSignature:
        return ""
