"""Decide: a pure function of snapshot, policy and scorecard. The same three give the same answer, always.

A snapshot is plain JSON:
    kind, subject_id, currency, as_of
    consent       whether features may be used at all
    features      name -> number or null; null instead of all when there are none
    exposure      what is owed now (terms.Exposure)
    product       what is asked for (terms.ProductTerms)
    application   {amount, at}, or null when an offer is being made
    offer         {annual_rate_bps, fee_bps, subsidy_bps, valid_until} that was shown and still counts, or null
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from financing.scoring import scorecard
from financing.underwriting import policy as rules
from financing.underwriting import pricing
from financing.underwriting.terms import Exposure, Price, ProductTerms

Result = Literal["approve", "decline", "refer"]

FREE = Price()
NO_FEATURES = ("C02", "No trade with us yet that could be judged")
BELOW_CUT_OFF = "S01"
NEAR_CUT_OFF = ("S03", "The score is close to the limit of what the machine approves")
TOO_DEAR = ("P01", "The price that covers the risk is above what the law allows")
OTHER_CURRENCY = ("P02", "The product is in another currency than the account")
NOTHING_LEFT = ("L01", "Nothing is left of the limit that income, trade and running credit allow")
ABOVE_LIMIT = ("L02", "More than the limit")
BELOW_MINIMUM = ("L03", "Less than the product's least amount")
ABOVE_AUTHORITY = ("A01", "The amount is above what the machine may approve alone")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why, as a code for counting and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the machine says, with all that led to it. Amounts are minor units; bounds name what set the limit."""

    result: Result
    reasons: tuple[Reason, ...] = ()
    rules_hit: tuple[str, ...] = ()
    limit: int = 0
    price: Price = FREE
    score: int | None = None
    pd_ppm: int | None = None
    grade: str = ""
    bounds: tuple[tuple[str, int], ...] = ()
    points: tuple[scorecard.Points, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values, as it is stored."""
        return asdict(self) | {
            "reasons": [asdict(reason) for reason in self.reasons],
            "rules_hit": list(self.rules_hit),
            "bounds": [list(bound) for bound in self.bounds],
            "points": [asdict(points) for points in self.points],
        }


def decide(*, snapshot: Mapping[str, Any], policy: Mapping[str, Any], model: scorecard.Card | None) -> Outcome:
    """Return approve, decline (with at most four reasons) or refer, for the amount asked.

    Without an application the answer is about the most there may be: what an offer says.
    """
    hits = rules.hits(policy=policy, snapshot=snapshot)
    declines = [Reason(code=hit.code, text=hit.reason) for hit in hits if hit.then == "decline"]
    if not declines:
        declines = _not_to_be_judged(snapshot, model)
    codes = tuple(hit.code for hit in hits)
    if declines:
        return Outcome(result="decline", reasons=tuple(declines[: scorecard.MOST_REASONS]), rules_hit=codes)
    referrals = [Reason(code=hit.code, text=hit.reason) for hit in hits if hit.then == "refer"]
    return _judge(snapshot=snapshot, policy=policy, model=model, referrals=referrals, codes=codes)


def _not_to_be_judged(snapshot: Mapping[str, Any], model: scorecard.Card | None) -> list[Reason]:
    if not snapshot["features"] or model is None:
        return [Reason(code=NO_FEATURES[0], text=NO_FEATURES[1])]
    if snapshot["product"]["currency"] != snapshot["currency"]:
        return [Reason(code=OTHER_CURRENCY[0], text=OTHER_CURRENCY[1])]
    return []


def _judge(
    *,
    snapshot: Mapping[str, Any],
    policy: Mapping[str, Any],
    model: scorecard.Card,
    referrals: list[Reason],
    codes: tuple[str, ...],
) -> Outcome:
    own = policy[snapshot["kind"]]
    product = ProductTerms.from_json(snapshot["product"])
    scored = scorecard.score(card=model, values=snapshot["features"])
    made = {"score": scored.score, "pd_ppm": scored.pd_ppm, "points": scored.points, "rules_hit": codes}
    grade = next((one for one in own["grades"] if scored.score >= one["score"]), None)
    if grade is None:
        why = tuple(Reason(code=BELOW_CUT_OFF, text=text) for text in scorecard.reasons(scored=scored))
        return Outcome(result="decline", reasons=why or (_reason(NOTHING_LEFT),), **made)
    made["grade"] = grade["grade"]
    price = pricing.price_of(product=product, price=own["price"], pd_ppm=scored.pd_ppm)
    if price is None:
        return Outcome(result="decline", reasons=(_reason(TOO_DEAR),), **made)
    price = _promised(snapshot) or price
    limit_of = pricing.consumer_limit if snapshot["kind"] == "consumer" else pricing.merchant_limit
    limit = limit_of(
        policy=own,
        features=snapshot["features"],
        exposure=Exposure(**snapshot["exposure"]),
        product=product,
        price=price,
        cap=grade["cap"],
    )
    made |= {"price": price, "limit": limit.available, "bounds": limit.bounds}
    if scored.score < own["refer_below"]:
        referrals = [*referrals, _reason(NEAR_CUT_OFF)]
    if snapshot["application"] is None:
        return _offer(limit.available, product, referrals, made)
    return _asked(snapshot["application"]["amount"], limit.available, product, own, referrals, made)


def _offer(limit: int, product: ProductTerms, referrals: list[Reason], made: dict[str, Any]) -> Outcome:
    if limit < product.minimum_amount:
        return Outcome(result="decline", reasons=(_reason(NOTHING_LEFT),), **made)
    if referrals:
        return Outcome(result="refer", reasons=tuple(referrals[: scorecard.MOST_REASONS]), **made)
    return Outcome(result="approve", **made)


def _asked(
    amount: int,
    limit: int,
    product: ProductTerms,
    own: Mapping[str, Any],
    referrals: list[Reason],
    made: dict[str, Any],
) -> Outcome:
    if amount < product.minimum_amount:
        return Outcome(result="decline", reasons=(_reason(BELOW_MINIMUM),), **made)
    if limit < product.minimum_amount:
        return Outcome(result="decline", reasons=(_reason(NOTHING_LEFT),), **made)
    if amount > limit:
        if amount * 100 > limit * own["above_limit_refer_percent"]:
            return Outcome(result="decline", reasons=(_reason(ABOVE_LIMIT),), **made)
        referrals = [*referrals, _reason(ABOVE_LIMIT)]
    if amount > own["machine_authority"]:
        referrals = [*referrals, _reason(ABOVE_AUTHORITY)]
    if referrals:
        return Outcome(result="refer", reasons=tuple(referrals[: scorecard.MOST_REASONS]), **made)
    return Outcome(result="approve", **made)


def _promised(snapshot: Mapping[str, Any]) -> Price | None:
    """Return the price of an offer that still counts: what was shown is what is signed."""
    offer = snapshot["offer"]
    if offer is None:
        return None
    return Price(
        annual_rate_bps=offer["annual_rate_bps"], fee_bps=offer["fee_bps"], subsidy_bps=offer["subsidy_bps"]
    )


def _reason(pair: tuple[str, str]) -> Reason:
    return Reason(code=pair[0], text=pair[1])
