"""The second factor on a page: what the page needs to ask for it, and what came back."""

from __future__ import annotations

from django.http import HttpRequest

from payments import operations


def asked(*, request: HttpRequest, factor: str, by_app: bool, challenge_id: int | None) -> dict[str, object]:
    """Return what ``payments/_second_factor.html`` shows for a question by ``factor``."""
    options = None
    if factor == "passkey" and challenge_id is not None:
        options = operations.passkey_options(challenge_id=challenge_id, site=_site(request))
    return {
        "factor": factor,
        "by_code": factor != "passkey" or by_app,
        "js_data": {"request_options": options} if options else None,
    }


def answer(*, request: HttpRequest) -> dict[str, str]:
    """Return the code, or what a passkey signed, and the site of its page."""
    return {
        "code": request.POST.get("code", "")[:20],
        "passkey": request.POST.get("passkey", ""),
        "site": _site(request),
    }


def is_empty(*, request: HttpRequest) -> bool:
    """Tell whether neither was given."""
    return not request.POST.get("code", "").strip() and not request.POST.get("passkey", "")


def _site(request: HttpRequest) -> str:
    """Return the host name that passkeys of this page belong to."""
    return request.get_host().partition(":")[0]
