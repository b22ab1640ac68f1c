"""Addresses as plain data, and the fingerprint by which two of them are the same door."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddressData:
    """A postal address; `country` is its two-letter ISO 3166 code."""

    name: str
    line1: str
    city: str
    postcode: str
    country: str
    line2: str = ""
    region: str = ""
    phone: str = ""

    @property
    def fingerprint(self) -> str:
        """Return what identifies the door, whoever lives there and however it is spelled; empty without a street."""
        return fingerprint(
            line1=self.line1, line2=self.line2, city=self.city, postcode=self.postcode, country=self.country
        )


def fingerprint(*, line1: str, line2: str, city: str, postcode: str, country: str) -> str:
    """Return a hash of the address without case, accents, spaces and punctuation; empty without a street."""
    if not line1.strip():
        return ""
    plain = "|".join(_plain(part) for part in (line1, line2, city, postcode, country))
    return hashlib.sha256(plain.encode()).hexdigest()[:32]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[^\w]|_", "", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))
