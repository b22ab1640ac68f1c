"""Nightly: features of everybody who consents, and from them the offers; a fixed number of statements a night."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from financing.features import engine
from financing.features.models import SubjectFeatures
from financing.features.registry import Kind, catalogue
from financing.features.subjects import CREDIT
from financing.underwriting import _deciding, decision, events
from financing.underwriting.decision import Outcome
from financing.underwriting.models import NoOffer, Offer
from financing.underwriting.terms import Exposure, ProductTerms
from mall.queries import consents
from payments.operations.publishing import publish

_LOCK = {"consumer": 0x6F66_6663, "merchant": 0x6F66_666D}
_NOTHING = Exposure()
_BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class OffersReport:
    """What one night brought: subjects looked at, offers live now, and why others have none, by reason code."""

    subjects: int
    offers: int
    made: int
    kept: int
    withdrawn: int
    refused: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    features: SubjectFeatures
    product: ProductTerms
    outcome: Outcome


def make_offers(
    *,
    kind: Kind,
    as_of: datetime,
    products: Sequence[ProductTerms],
    exposures: Mapping[str, Exposure],
    at: datetime,
) -> OffersReport:
    """Make the features as of a moment and from them every offer of a kind, in the currencies of these products.

    An offer whose numbers did not change is kept and lasts longer; one whose numbers did is replaced; who qualifies no
    more has none, and may read why. Subjects missing from `exposures` owe nothing.

    :raises NotReady: no policy or scorecard is at work.
    """
    tools = _deciding.instruments(kind=kind)
    currencies = sorted({product.currency for product in products})
    made = engine.compute(kind=kind, as_of=as_of)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two nights at once would both replace the same offers: the second waits.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK[kind]])
        subjects = _keep_features(kind, as_of, currencies, made.to_pylist())
        wanted: list[_Wanted] = []
        refused: dict[str, tuple[SubjectFeatures, Outcome]] = {}
        for features in subjects:
            exposure = exposures.get(features.subject_id, _NOTHING)
            outcomes = list(_offers_of(features, exposure, products, tools, at))
            mine = [one for one in outcomes if one.outcome.result == "approve"]
            wanted += mine
            if not mine and outcomes:
                refused[features.subject_id] = (features, outcomes[0].outcome)
        kept, new, gone = _replace(kind, currencies, wanted, tools, as_of, at)
        _tell_why(kind, as_of, [features.subject_id for features in subjects], refused)
        _announce(new, at)
    counted = Counter(outcome.reasons[0].code for _, outcome in refused.values())
    return OffersReport(
        subjects=len(subjects),
        offers=len(wanted),
        made=len(new),
        kept=kept,
        withdrawn=gone,
        refused=dict(sorted(counted.items())),
    )


def withdraw_consent(*, subject_ids: Sequence[str], at: datetime) -> None:
    """Forget the features of subjects who took their consent back, and end their offers at once."""
    with transaction.atomic():
        Offer.objects.filter(subject_id__in=subject_ids, state=Offer.State.LIVE).update(state=Offer.State.WITHDRAWN)
        SubjectFeatures.objects.filter(subject_id__in=subject_ids, as_of__lte=at).delete()
        NoOffer.objects.filter(subject_id__in=subject_ids).delete()


def _keep_features(kind: Kind, as_of: datetime, currencies: list[str], rows: list[dict]) -> list[SubjectFeatures]:
    """Store the newest features of each subject, and drop those of subjects who have none any more."""
    version = catalogue(kind).version
    # Consent may have been taken back since the moment of the features.
    refusing = consents.refusing(purpose=CREDIT, subjects=[row["subject_id"] for row in rows])
    fresh = [
        SubjectFeatures(
            kind=kind,
            subject_id=row.pop("subject_id"),
            currency=row.pop("currency"),
            as_of=as_of,
            values=row,
            catalogue=version,
        )
        for row in rows
        if row["currency"] in currencies and row["subject_id"] not in refusing
    ]
    SubjectFeatures.objects.filter(kind=kind, currency__in=currencies, as_of__lte=as_of).exclude(
        subject_id__in=[one.subject_id for one in fresh]
    ).delete()
    return SubjectFeatures.objects.bulk_create(
        fresh,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["kind", "subject_id"],
        update_fields=["currency", "as_of", "values", "catalogue"],
    )


def _offers_of(
    features: SubjectFeatures,
    exposure: Exposure,
    products: Sequence[ProductTerms],
    tools: _deciding.Instruments,
    at: datetime,
) -> Iterator[_Wanted]:
    """Decide product by product; what a rule about the person refuses is refused once."""
    for product in products:
        if product.currency != features.currency:
            continue
        snapshot = _deciding.snapshot(
            kind=features.kind,
            subject_id=features.subject_id,
            features=features,
            exposure=exposure,
            product=product,
            amount=None,
            at=at,
        )
        outcome = decision.decide(snapshot=snapshot, policy=tools.policy.data, model=tools.model.card)
        yield _Wanted(features=features, product=product, outcome=outcome)
        if outcome.score is None:
            return


def _replace(
    kind: Kind,
    currencies: list[str],
    wanted: list[_Wanted],
    tools: _deciding.Instruments,
    as_of: datetime,
    at: datetime,
) -> tuple[int, list[Offer], int]:
    live = {
        (offer.subject_id, offer.product, offer.currency): offer
        for offer in Offer.objects.select_for_update()
        .filter(kind=kind, currency__in=currencies, state=Offer.State.LIVE)
        .order_by("pk")
    }
    until = at + timedelta(days=tools.policy.data[kind]["offer_days"])
    same: list[Offer] = []
    changed: list[int] = []
    new: list[Offer] = []
    for one in wanted:
        offer = _offer(one, tools, as_of, at, until)
        old = live.pop((offer.subject_id, offer.product, offer.currency), None)
        if old is not None and _numbers(old) == _numbers(offer):
            old.as_of, old.valid_until, old.score, old.grade = as_of, until, offer.score, offer.grade
            same.append(old)
            continue
        if old is not None:
            changed.append(old.pk)
        new.append(offer)
    Offer.objects.filter(pk__in=changed).update(state=Offer.State.SUPERSEDED)
    Offer.objects.filter(pk__in=[old.pk for old in live.values()]).update(state=Offer.State.WITHDRAWN)
    _prolong(same)
    return len(same), Offer.objects.bulk_create(new, batch_size=_BATCH), len(live)


def _offer(
    one: _Wanted, tools: _deciding.Instruments, as_of: datetime, at: datetime, until: datetime
) -> Offer:
    outcome, product = one.outcome, one.product
    return Offer(
        kind=one.features.kind,
        subject_id=one.features.subject_id,
        product=product.code,
        product_kind=product.kind,
        currency=product.currency,
        limit=outcome.limit,
        minimum=product.minimum_amount,
        installments=product.installments,
        annual_rate_bps=outcome.price.annual_rate_bps,
        fee_bps=outcome.price.fee_bps,
        subsidy_bps=outcome.price.subsidy_bps,
        score=outcome.score,
        grade=outcome.grade,
        as_of=as_of,
        made_at=at,
        valid_until=until,
        policy=tools.policy,
        model=tools.model,
    )


def _numbers(offer: Offer) -> tuple[object, ...]:
    """Return what was promised: an offer is the same as long as these are."""
    price = (offer.annual_rate_bps, offer.fee_bps, offer.subsidy_bps)
    return (offer.limit, offer.minimum, offer.installments, price, offer.policy_id, offer.model_id)


def _prolong(offers: list[Offer]) -> None:
    if not offers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE financing_offer AS offer
            SET as_of = %s, valid_until = %s, score = kept.score, grade = kept.grade
            FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS kept (id, score, grade)
            WHERE offer.id = kept.id
            """,
            [
                offers[0].as_of,
                offers[0].valid_until,
                [offer.pk for offer in offers],
                [offer.score for offer in offers],
                [offer.grade for offer in offers],
            ],
        )


def _tell_why(
    kind: Kind, as_of: datetime, subjects: list[str], refused: Mapping[str, tuple[SubjectFeatures, Outcome]]
) -> None:
    NoOffer.objects.filter(kind=kind, subject_id__in=[one for one in subjects if one not in refused]).delete()
    NoOffer.objects.bulk_create(
        [
            NoOffer(
                kind=kind,
                subject_id=subject_id,
                as_of=as_of,
                reasons=[{"code": reason.code, "text": reason.text} for reason in outcome.reasons],
                score=outcome.score,
            )
            for subject_id, (_, outcome) in refused.items()
        ],
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["kind", "subject_id"],
        update_fields=["as_of", "reasons", "score"],
    )


def _announce(offers: Sequence[Offer], at: datetime) -> None:
    publish(
        happened=[
            events.OfferMade(
                key=f"offer:{offer.pk}",
                at=at,
                offer_id=offer.pk,
                subject_id=offer.subject_id,
                product=offer.product,
                limit=offer.limit,
                currency=offer.currency,
            )
            for offer in offers
        ]
    )
