"""Passkeys as an answer to a question of step-up: what is signed names the payee and the amount.

The challenge that an authenticator signs is derived from the stored question (its key, payee, amount, currency and
moment) with the site's secret. It is never kept in a session: an answer to another question verifies nothing here.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.conf import settings
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import PublicKeyCredentialRpEntity, UserVerificationRequirement

from payments.models import StepUpChallenge

# A key without a PIN answers too: with the password given at sign-in it is the second of two factors.
_VERIFICATION = UserVerificationRequirement.PREFERRED
# Longer answers are no authenticator's.
MOST_CHARACTERS = 20_000


def of_holder(*, user_id: int) -> list[Authenticator]:
    """Return the person's passkeys."""
    return list(Authenticator.objects.filter(user_id=user_id, type=Authenticator.Type.WEBAUTHN).order_by("pk"))


def options(*, row: StepUpChallenge, user_id: int, site: str) -> dict[str, Any]:
    """Return what the browser needs to ask an authenticator; ``site`` is the host name of the page."""
    credentials = [WebAuthn(one).authenticator_data.credential_data for one in of_holder(user_id=user_id)]
    request, _state = _server(site=site).authenticate_begin(
        credentials=[one for one in credentials if one], user_verification=_VERIFICATION, challenge=_challenge(row)
    )
    return json.loads(json.dumps(dict(request), default=dict))


def answers(*, row: StepUpChallenge, user_id: int, site: str, response: str, at: datetime) -> bool:
    """Return whether ``response`` (JSON of the browser) is one of the person's passkeys saying yes to this question."""
    try:
        said = json.loads(response[:MOST_CHARACTERS])
    except ValueError:
        return False
    if not isinstance(said, Mapping):
        return False
    known = {
        data.credential_id: (one, data)
        for one in of_holder(user_id=user_id)
        if (data := WebAuthn(one).authenticator_data.credential_data)
    }
    state = {"challenge": websafe_encode(_challenge(row)), "user_verification": _VERIFICATION}
    try:
        used = _server(site=site).authenticate_complete(state, [data for _, data in known.values()], said)
    except (ValueError, TypeError, KeyError, AttributeError):
        # Whatever is wrong with it, it was made elsewhere: it is no answer.
        return False
    Authenticator.objects.filter(pk=known[used.credential_id][0].pk).update(last_used_at=at)
    return True


def _challenge(row: StepUpChallenge) -> bytes:
    """Return the bytes to sign; ``row.key`` holds the amount and a digest of the payee."""
    said = f"passkey:{row.key}:{row.currency}:{row.holder}:{row.created_at.timestamp()}"
    return hmac.new(settings.SECRET_KEY.encode(), said.encode(), sha256).digest()


def _server(*, site: str) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id=site, name="Rialto"), verify_origin=lambda o: _is_ours(o, site))


def _is_ours(origin: str, site: str) -> bool:
    """Return whether a page of this site asked: over TLS, or on the machine itself outside production."""
    parts = urlsplit(origin)
    scheme = "https" if settings.PRODUCTION else parts.scheme
    return parts.hostname == site and parts.scheme == scheme and parts.scheme in ("http", "https")
