"""An authenticator made of software: it enrolls a passkey for a person, and signs what a page asks."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Passkey:
    """One passkey of ``user`` for the pages of ``site``."""

    user: Any
    site: str = "testserver"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def enroll(self) -> Passkey:
        """Add it to the person's second factors, as the page does."""
        public = ES256.from_cryptography_key(self.key.public_key())
        data = AttestedCredentialData.create(b"\0" * 16, self.credential_id, public)
        authenticator = AuthenticatorData.create(self._site_hash(), PRESENT | VERIFIED | ATTESTED, 0, data)
        Authenticator.objects.create(
            user=self.user,
            type=Authenticator.Type.WEBAUTHN,
            data={
                "name": "Phone",
                "credential": self._response(
                    clientDataJSON=websafe_encode(self._client_data(kind="webauthn.create", challenge="", origin="")),
                    attestationObject=websafe_encode(AttestationObject.create("none", authenticator, {})),
                ),
            },
        )
        return self

    def sign(self, options: dict[str, Any], *, origin: str = "") -> str:
        """Return the answer to a page's question, as the browser would give it."""
        challenge = options["publicKey"]["challenge"]
        client_data = self._client_data(
            kind="webauthn.get", challenge=challenge, origin=origin or f"http://{self.site}"
        )
        authenticator = self._site_hash() + bytes([PRESENT | VERIFIED]) + struct.pack(">I", 0)
        signed = authenticator + hashlib.sha256(client_data).digest()
        return json.dumps(
            self._response(
                clientDataJSON=websafe_encode(client_data),
                authenticatorData=websafe_encode(authenticator),
                signature=websafe_encode(self.key.sign(signed, ec.ECDSA(SHA256()))),
            )
        )

    def _site_hash(self) -> bytes:
        return hashlib.sha256(self.site.encode()).digest()

    @staticmethod
    def _client_data(*, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def _response(self, **response: str) -> dict[str, Any]:
        name = websafe_encode(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
