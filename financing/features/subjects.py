"""Who may have features at all, and the tables both kinds of subject share."""

import ibis

from financing.features.lake import Facts

CREDIT = "credit"


def eligible(facts: Facts, kind: str) -> ibis.Table:
    """Return one row a subject of `kind` whose last known word on credit use is consent."""
    said = facts.known("consents")
    said = said.filter(said.purpose == CREDIT)
    last = said.group_by("subject_id").aggregate(known_at=said.known_at.max())
    # Two words of one moment count as a no.
    granted = (
        said.join(last, ["subject_id", "known_at"])
        .group_by("subject_id")
        .aggregate(granted=lambda t: t.granted.all())
        .filter(lambda t: t.granted)
    )
    known = facts.known("subjects")
    known = known.filter(known.kind == kind)
    people = known.group_by("subject_id").aggregate(
        currency=known.currency.argmin(known.known_at), opened_at=known.opened_at.min()
    )
    return people.semi_join(granted, "subject_id")


def accounts(facts: Facts, subjects: ibis.Table) -> ibis.Table:
    """Return one row a subject: how long it has been known."""
    return subjects.mutate(age=facts.days_since(subjects.opened_at))


def of_subject(facts: Facts, fact: str, column: str, subjects: ibis.Table, *, currency: bool) -> ibis.Table:
    """Return a fact's known rows of these subjects, by `column`, in their own currency, without related purchases."""
    rows = facts.known(fact)
    if "related" in rows.columns:
        rows = rows.filter(~rows.related)
    rows = rows.rename(subject_id=column) if column != "subject_id" else rows
    keys = ["subject_id", "currency"] if currency else ["subject_id"]
    return rows.semi_join(subjects, keys)


def refunds(facts: Facts, column: str, subjects: ibis.Table) -> ibis.Table:
    """Return refunds of purchases that count: what was bought among friends is refunded among friends."""
    sales = facts.known("order_lines")
    related = sales.filter(sales.related).select("consignment").distinct()
    return of_subject(facts, "refunds", column, subjects, currency=True).anti_join(related, "consignment")


def loans(facts: Facts, subjects: ibis.Table) -> ibis.Table:
    """Return one row a loan: when opened, how it ended, how late it ever was and is now."""
    rows = of_subject(facts, "installments", "subject_id", subjects, currency=False)
    items = rows.filter(rows.event.isin(["due", "paid"])).group_by(["loan_id", "due_on"])
    open_items = items.aggregate(
        due=lambda t: t.amount.sum(where=t.event == "due").fill_null(0),
        paid=lambda t: t.amount.sum(where=t.event == "paid").fill_null(0),
    ).filter(lambda t: t.paid < t.due)
    late_now = (
        open_items.mutate(late=facts.days_since(open_items.due_on).floor())
        .filter(lambda t: t.late > 0)
        .group_by("loan_id")
        .aggregate(late_now=lambda t: t.late.max())
    )
    opened = rows.event == "opened"
    made = rows.group_by(["subject_id", "loan_id"]).aggregate(
        age=rows.age.max(where=opened),
        principal=rows.amount.max(where=opened),
        horizon=facts.days_since(rows.due_on.max(where=opened)),
        ended_age=rows.age.min(where=rows.event.isin(["closed", "charged_off"])),
        closed=(rows.event == "closed").any(),
        charged_off=(rows.event == "charged_off").any(),
        worst_late=rows.days_late.max(),
        recent_late=rows.days_late.max(where=rows.age <= 90),
        paid=rows.amount.sum(where=rows.event.isin(["paid", "withheld"])).fill_null(0),
        payments=(rows.event == "paid").sum(),
        payments_in_time=((rows.event == "paid") & (rows.days_late <= 0)).sum(),
    )
    # As a lake holds it a loan without its opening is not a loan yet.
    made = made.filter(made.age.notnull())
    joined = made.left_join(late_now, "loan_id").drop("loan_id_right")
    ended = joined.closed | joined.charged_off
    return joined.mutate(
        running=~ended,
        late_now=ibis.ifelse(ended, 0, joined.late_now.fill_null(0)),
        worst_late=ibis.greatest(
            joined.worst_late.fill_null(0), ibis.ifelse(ended, 0, joined.late_now.fill_null(0).cast("int64"))
        ),
    )


def by_month(rows: ibis.Table, *, days: int) -> ibis.Table:
    """Return one row per subject and 30 days of the last `days` in which there was something: its amount."""
    recent = rows.filter(rows.age <= days)
    return (
        recent.mutate(month=(recent.age / 30).floor())
        .group_by(["subject_id", "month"])
        .aggregate(amount=lambda t: t.amount.sum())
    )


def by_category(rows: ibis.Table) -> ibis.Table:
    """Return one row per subject and category of the last 365 days: its amount."""
    recent = rows.filter(rows.age <= 365)
    return recent.group_by(["subject_id", "category"]).aggregate(amount=recent.amount.sum())
