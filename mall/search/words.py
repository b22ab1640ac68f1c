"""What somebody who typed this may have meant: each word with its stems, synonyms, completions and corrections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.core.cache import cache
from django.db import connection
from rapidfuzz.distance import OSA

MOST_WORDS = 10
# A last word that is not known may be the beginning of one of these many.
COMPLETIONS = 8
# From how many letters on a word may have one, two, three slips
SLIPS = (3, 6, 9)
KEPT = 300
_SYNONYMS_KEY = "mall.search.synonyms"
_LONGEST_TERM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One thing of what was typed: the product must be called by any of the alternatives, each a tsquery's text.

    ``products``: how many are called by the word, roughly. ``plain``: the word as it should be spelled.
    """

    plain: str
    alternatives: tuple[str, ...]
    products: int = 0

    def query(self, *, weights: str = "") -> str:
        """Return a tsquery's text; ``weights`` are the letters of the parts of a name that count."""
        return "(" + " | ".join(_weigh(text, weights) for text in self.alternatives) + ")"


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What was typed, word by word; ``corrected`` is how it should be spelled, where that is not how it was."""

    groups: tuple[Group, ...]
    corrected: str = ""

    def query(self, *, weights: str = "") -> str:
        """Return the tsquery of a name that has every group."""
        return " & ".join(group.query(weights=weights) for group in self.groups)


class _Word(NamedTuple):
    word: str
    joined: str | None
    products: int
    joined_products: int
    english: list[str] | None
    spanish: list[str] | None

    @property
    def stems(self) -> list[str]:
        return list(dict.fromkeys([self.word, *(self.english or ()), *(self.spanish or ())]))

    @property
    def stops(self) -> bool:
        """Tell whether the word says nothing in one of the languages, as “for” or “de”."""
        return self.english == [] or self.spanish == []


class _Synonym(NamedTuple):
    means: str
    query: str


_READ = """
SELECT typed.word, typed.joined, coalesce(w.products, 0), coalesce(j.products, 0),
       ts_lexize('english_stem', typed.word), ts_lexize('spanish_stem', typed.word)
FROM (
    SELECT word, number, word || lead(word) OVER (ORDER BY number) AS joined
    FROM unnest(string_to_array(search_words(%s), ' ')) WITH ORDINALITY AS given (word, number) WHERE word <> ''
) typed
LEFT JOIN search_searchword w ON w.word = typed.word
LEFT JOIN search_searchword j ON j.word = typed.joined
ORDER BY typed.number LIMIT %s
"""

_GUESS = """
SELECT asked.word,
       EXISTS (SELECT 1 FROM search_searchentry e WHERE e.names @@ asked.query::tsquery),
       ARRAY(
           SELECT w.word FROM search_searchword w WHERE asked.last AND w.word LIKE asked.word || '%%'
           ORDER BY w.products DESC, w.word LIMIT %(completions)s
       ),
       ARRAY(
           SELECT w.word FROM search_searchword w WHERE w.deletions && asked.deletions
           UNION
           (SELECT w.word FROM search_searchword w WHERE length(asked.word) > 4 AND w.word %% asked.word
            ORDER BY similarity(w.word, asked.word) DESC LIMIT 12)
       )
FROM unnest(%(words)s::text[], %(queries)s::text[], %(last)s::bool[]) AS given (word, query, last)
CROSS JOIN LATERAL (
    SELECT given.*, ARRAY(
        SELECT overlay(given.word PLACING '' FROM at FOR 1) FROM generate_series(1, length(given.word)) AS at
        UNION SELECT given.word
    ) AS deletions
) asked
"""


def understand(*, text: str) -> Understood:
    """Return what was typed as groups of alternatives, in two or three statements; no groups when there is no word."""
    words = _read(text=text)
    meaningful = [word for word in words if not word.stops] or words
    guesses = _guess(words=[word for word in meaningful if not word.products], last=words[-1].word if words else "")
    groups: list[Group] = []
    spelled: dict[str, str] = {}
    at = 0
    while at < len(words):
        taken, group = _group(words=words, at=at, guesses=guesses)
        word = words[at]
        if taken == 1 and word.stops and len(meaningful) < len(words):
            group = None
        if group is not None:
            groups.append(group)
            if taken == 1 and group.plain != word.word:
                spelled[word.word] = group.plain
        at += taken
    corrected = " ".join(spelled.get(word.word, word.word) for word in words) if spelled else ""
    return Understood(groups=tuple(groups), corrected=corrected)


def completions(*, text: str, count: int) -> list[str]:
    """Return how the last word of ``text`` may go on, the most common first, each with the words before it."""
    words = _read(text=text)
    if not words or (len(words[-1].word) < 2 and words[-1].word.isascii()):
        return []
    before = [word.word for word in words[:-1]]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM search_searchword WHERE word LIKE %s ORDER BY products DESC, word LIMIT %s",
            [_like(words[-1].word), count],
        )
        return [" ".join([*before, row[0]]) for row in cursor.fetchall()]


def _like(word: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", word) + "%"


def _read(*, text: str) -> list[_Word]:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [text, MOST_WORDS])
        return [_Word(*row) for row in cursor.fetchall()]


def _group(*, words: Sequence[_Word], at: int, guesses: dict[str, _Guess]) -> tuple[int, Group | None]:
    """Return the group that begins at a word, and how many words it takes."""
    synonyms = _synonyms()
    for length in range(min(_LONGEST_TERM, len(words) - at), 1, -1):
        several = words[at : at + length]
        if means := synonyms.get(" ".join(word.word for word in several)):
            own = " & ".join(_any(word.stems) for word in several)
            products = min(word.products for word in several)
            plain = " ".join(word.word for word in several)
            alternatives = (f"({own})", *(meant.query for meant in means))
            return length, Group(plain=plain, alternatives=alternatives, products=products)
    word = words[at]
    meant = [found for stem in word.stems for found in synonyms.get(stem, ())]
    alternatives = [_any(word.stems), *dict.fromkeys(found.query for found in meant)]
    guess = guesses.get(word.word)
    if word.joined and word.joined_products and not words[at].products:
        return 2, Group(plain=word.joined, alternatives=(quoted(word.joined),), products=word.joined_products)
    if word.products or meant or guess is None or guess.known:
        return 1, Group(plain=word.word, alternatives=tuple(alternatives), products=word.products)
    if guess.parts:
        return 1, Group(plain=" ".join(guess.parts), alternatives=(" & ".join(map(quoted, guess.parts)),))
    meant_words = guess.completions or guess.near
    if meant_words:
        plain = word.word if guess.completions else guess.near[0]
        alternatives = [quoted(meant_word) for meant_word in meant_words]
        return 1, Group(plain=plain, alternatives=tuple(alternatives), products=guess.products)
    return 1, Group(plain=word.word, alternatives=tuple(alternatives))


class _Guess(NamedTuple):
    known: bool
    completions: list[str]
    near: list[str]
    parts: tuple[str, ...]
    products: int


def _guess(*, words: Sequence[_Word], last: str) -> dict[str, _Guess]:
    """Return what words that no product is called by may be meant as."""
    if not words:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _GUESS,
            {
                "words": [word.word for word in words],
                "queries": [_any(word.stems) for word in words],
                "last": [word.word == last and len(last) > 1 for word in words],
                "completions": COMPLETIONS,
            },
        )
        rows = cursor.fetchall()
        unknown = [row[0] for row in rows if not row[1]]
        halves = sorted({half for word in unknown for pair in _halves(word) for half in pair})
        known: dict[str, int] = {}
        near = sorted({word for row in rows for word in (*row[2], *row[3])})
        if unknown:
            cursor.execute("SELECT word, products FROM search_searchword WHERE word = ANY(%s)", [halves + near])
            known = dict(cursor.fetchall())
    guesses = {}
    for word, found, ends, candidates in rows:
        nearest = _nearest(word=word, candidates=candidates, products=known)
        guesses[word] = _Guess(
            known=found,
            completions=ends,
            near=nearest,
            parts=_parts(word=word, known=known),
            products=max((known.get(meant, 0) for meant in ends or nearest), default=0),
        )
    return guesses


def _halves(word: str) -> list[tuple[str, str]]:
    return [(word[:cut], word[cut:]) for cut in range(3, len(word) - 2)]


def _parts(*, word: str, known: dict[str, int]) -> tuple[str, ...]:
    """Return the two known words that ``word`` is written together from, the more common ones first."""
    pairs = [pair for pair in _halves(word) if all(half in known for half in pair)]
    return max(pairs, key=lambda pair: min(known[half] for half in pair), default=())


def _nearest(*, word: str, candidates: Sequence[str], products: dict[str, int]) -> list[str]:
    """Return the known words the fewest slips away, the commonest first; a longer word may have more slips."""
    allowed = sum(len(word) >= least for least in SLIPS)
    # A slip in the first letter is rarer than any other.
    away = {near: OSA.distance(word, near) + (0.5 if near[:1] != word[:1] else 0) for near in candidates}
    fitting = [near for near in candidates if away[near] <= allowed + 0.5]
    least = min((away[near] for near in fitting), default=0)
    best = [near for near in fitting if away[near] == least]
    return sorted(best, key=lambda near: (-products.get(near, 0), near))[:3]


def _synonyms() -> dict[str, list[_Synonym]]:
    return cache.get_or_set(_SYNONYMS_KEY, _read_synonyms, KEPT)


def forget_synonyms() -> None:
    """Read the synonyms anew at the next search."""
    cache.delete(_SYNONYMS_KEY)


def _read_synonyms() -> dict[str, list[_Synonym]]:
    found: dict[str, list[_Synonym]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term, means, plainto_tsquery('simple', means)::text, plainto_tsquery('english', means)::text, "
            "plainto_tsquery('spanish', means)::text, ts_lexize('english_stem', term), ts_lexize('spanish_stem', term) "
            "FROM search_synonym ORDER BY id"
        )
        for term, means, simple, english, spanish, *stems in cursor.fetchall():
            queries = dict.fromkeys(text for text in (simple, english, spanish) if text)
            meant = _Synonym(means, " | ".join(f"({text})" for text in queries))
            for form in dict.fromkeys([term, *(form for stem in stems for form in stem or ())]):
                found.setdefault(form, []).append(meant)
    return found


def quoted(word: str) -> str:
    """Return a word as a tsquery's lexeme."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _any(lexemes: Sequence[str]) -> str:
    return "(" + " | ".join(map(quoted, lexemes)) + ")"


def _weigh(text: str, weights: str) -> str:
    return re.sub(r"('(?:[^']|'')*')", rf"\1:{weights}", text) if weights else text
