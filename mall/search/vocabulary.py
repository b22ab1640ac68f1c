"""What people may change about search without a developer: synonyms, and how much each thing counts in the order."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from mall.search import operations, queries, words
from mall.search.models import RankingWeight

# The weights that quality is made of: changing one changes every entry
_OF_QUALITY = ("sales", "rating", "availability", "merchant")


class UnknownWeight(Exception):
    """The ranking has no such weight, or the weight is out of range."""


def add_synonyms(*, pairs: Sequence[tuple[str, str]]) -> int:
    """Add synonyms, each (what is typed, what is also meant); return how many are new.

    One without words, or that means itself, is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO search_synonym (term, means)
            SELECT DISTINCT left(term, 80), left(means, 80) FROM (
                SELECT search_words(term) AS term, search_words(means) AS means
                FROM unnest(%s::text[], %s::text[]) AS given (term, means)
            ) plain WHERE term <> '' AND means <> '' AND term <> means
            ON CONFLICT DO NOTHING
            """,
            [[term for term, _means in pairs], [means for _term, means in pairs]],
        )
        added = cursor.rowcount
    words.forget_synonyms()
    return added


def weights() -> list[tuple[str, float, str]]:
    """Return the ranking's weights with their meaning."""
    return list(RankingWeight.objects.order_by("name").values_list("name", "weight", "meaning"))


def set_weight(*, name: str, weight: float) -> None:
    """Let one thing count so much, from 0 to 10, and weigh every product anew where that is needed.

    :raises UnknownWeight: there is no such weight, or the number is out of range.
    """
    if not 0 <= weight <= 10:
        raise UnknownWeight(f"A weight is from 0 to 10, not {weight}.")
    if not RankingWeight.objects.filter(name=name).update(weight=weight):
        known = ", ".join(row[0] for row in weights())
        raise UnknownWeight(f"There is no weight {name!r}: take one of {known}.")
    if name in _OF_QUALITY:
        operations.weigh()
    queries.forget_weights()
