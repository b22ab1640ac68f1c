"""What is wrong with a request, as RFC 9457 says it: type, title, detail, and here always what to do."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import JsonResponse
from django.utils.translation import gettext as _


class Problem(Exception):
    """A request that is not answered as wished; `errors` names the items that are wrong."""

    def __init__(
        self, *, status: int, code: str, title: str, detail: str, remedy: str, errors: Sequence[dict] = (),
        retry_after: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status, self.code, self.title, self.detail, self.remedy = status, code, title, detail, remedy
        self.errors, self.retry_after = errors, retry_after

    def response(self) -> JsonResponse:
        """Return it as problem+json."""
        said = {
            "type": f"/developers/#{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "remedy": self.remedy,
        }
        if self.errors:
            said["errors"] = list(self.errors)
        response = JsonResponse(said, status=self.status, content_type="application/problem+json")
        if self.status == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="Rialto"'
        if self.retry_after:
            response.headers["Retry-After"] = str(self.retry_after)
        return response


def no_key() -> Problem:
    """Return the refusal of a request without a key that counts."""
    return Problem(
        status=401, code="no-key", title=_("No key that counts"),
        detail=_("The request shows no API key, or one that was revoked."),
        remedy=_("Send “Authorization: Bearer …” with a key made at /merchant/keys/."),
    )  # fmt: skip


def not_in_scope(*, scope: str) -> Problem:
    """Return the refusal of a request that the key does not allow."""
    return Problem(
        status=403, code="not-in-scope", title=_("The key does not allow this"),
        detail=_("The key has no scope “%(scope)s”.") % {"scope": scope},
        remedy=_("Make a key with this scope at /merchant/keys/."),
    )  # fmt: skip


def too_many(*, seconds: int, most: int) -> Problem:
    """Return the refusal of a program that asks too often."""
    return Problem(
        status=429, code="too-many-requests", title=_("Too many requests"),
        detail=_("A key may ask %(most)d times a minute.") % {"most": most},
        remedy=_("Wait %(seconds)d seconds, and send up to 1,000 items in one request.") % {"seconds": seconds},
        retry_after=seconds,
    )  # fmt: skip


def not_readable(*, detail: str) -> Problem:
    """Return the refusal of a body that is not JSON as documented."""
    return Problem(
        status=400, code="not-readable", title=_("The body cannot be read"), detail=detail,
        remedy=_("Send a JSON object with a list “items”, as documented at /developers/."),
    )  # fmt: skip


def wrong_items(*, errors: Sequence[dict]) -> Problem:
    """Return the refusal of a body in which items are wrong; nothing of it is done."""
    return Problem(
        status=422, code="wrong-items", title=_("Some items are wrong"),
        detail=_("Nothing was changed: %(count)d of the items cannot be understood.") % {"count": len(errors)},
        remedy=_("Put right what “errors” names and send the whole request again."), errors=errors,
    )  # fmt: skip


def key_reused() -> Problem:
    """Return the refusal of an idempotency key that came with another body."""
    return Problem(
        status=409, code="idempotency-key-reused", title=_("The idempotency key was used for another request"),
        detail=_("A request with this Idempotency-Key came before, with another address or body."),
        remedy=_("Send the first request again as it was, or take a new key for a new request."),
    )  # fmt: skip
