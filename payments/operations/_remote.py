"""Asking methods: local ones at once, remote ones in a round of their own, outside any transaction.

A remote call is written down as a ``ProviderAttempt`` in the transaction that decided it. That transaction commits, the
provider is called, its answer is written down, and the same operation runs again with the answer at hand. A crash at
any point leaves an attempt that the sweep asks about again with the same key.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import F

from payments import methods
from payments.methods import Leg, Step
from payments.models import ProviderAttempt, Share
from payments.operations import _health
from payments.states import ATTEMPT, move

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

# After a deadlock PostgreSQL undoes one of the two; doing it again is all there is to do.
TRIES = 4
DEADLOCKS = {"40P01", "40001"}


@dataclass(frozen=True, slots=True)
class Question:
    """One leg to be asked of its share's method, with what the sweep needs to run the operation again."""

    share: Share
    leg: Leg
    request: dict[str, Any]


@dataclass(slots=True)
class Round:
    """One run of an operation: the answers known so far, and what is still to be asked."""

    attempts: dict[str, ProviderAttempt] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, Leg]] = field(default_factory=list)

    def open_attempts(self, *, shares: Sequence[Share]) -> dict[int, ProviderAttempt]:
        """Return the attempt that is under way for each share that has one."""
        remote = [share.pk for share in shares if methods.get(code=share.tender.method).remote]
        if not remote:
            return {}
        rows = ProviderAttempt.objects.filter(share_id__in=remote).exclude(state="applied")
        return {row.share_id: row for row in rows}

    def ask(
        self, *, action: str, questions: Sequence[Question], under_way: dict[int, ProviderAttempt]
    ) -> list[Step | None]:
        """Return a step for each question, ``None`` where a remote answer is not there yet."""
        steps: list[Step | None] = [None] * len(questions)
        by_method: dict[str, list[int]] = {}
        held_up: dict[str, str] = {}
        for index, question in enumerate(questions):
            by_method.setdefault(question.share.tender.method, []).append(index)
        # Remote ones first: a local method keeps records of what it did, so it is asked only once they have said yes.
        for code, indexes in sorted(by_method.items(), key=lambda item: not methods.get(code=item[0]).remote):
            method = methods.get(code=code)
            if method.remote:
                self._ask_remote(
                    action=action, code=code, questions=questions, indexes=indexes, under_way=under_way, steps=steps
                )
                held_up |= self._held_up(questions=questions, indexes=indexes, steps=steps)
                continue
            ready = [index for index in indexes if _act(questions[index].leg) not in held_up]
            answers = getattr(method, action)(legs=[questions[index].leg for index in ready])
            for index, step in zip(ready, answers, strict=True):
                steps[index] = step
            for index in indexes:
                if held_up.get(_act(questions[index].leg)) == "refused":
                    steps[index] = Step()
        return steps

    @staticmethod
    def _held_up(
        *, questions: Sequence[Question], indexes: Sequence[int], steps: Sequence[Step | None]
    ) -> dict[str, str]:
        """Return the acts that wait for a remote answer, or were refused by one."""
        found = {}
        for index in indexes:
            step = steps[index]
            if step is None or step.refusal:
                found.setdefault(_act(questions[index].leg), "waiting" if step is None else "refused")
        return found

    def _ask_remote(self, *, action, code, questions, indexes, under_way, steps) -> None:
        fresh: list[ProviderAttempt] = []
        for index in indexes:
            question = questions[index]
            attempt = under_way.get(question.share.pk)
            if attempt is None and any(row.share_id == question.share.pk for row in fresh):
                continue
            if attempt is not None and attempt.key != question.leg.key:
                continue
            if attempt is None:
                fresh.append(
                    ProviderAttempt(
                        key=question.leg.key,
                        tender_id=question.share.tender_id,
                        share=question.share,
                        action=action,
                        amount=question.leg.amount,
                        request=question.request,
                        at=question.leg.at,
                    )
                )
                self.asked.append((code, action, question.leg))
            elif attempt.state == "answered":
                self.attempts[attempt.key] = attempt
                steps[index] = _step(code=code, action=action, leg=question.leg, answer=attempt.answer)
            elif attempt.key not in self.unanswered:
                self.asked.append((code, action, replace(question.leg, retry=True)))
        ProviderAttempt.objects.bulk_create(fresh)

    def applied(self, *, keys: Sequence[str]) -> None:
        """Close the attempts whose answers have been acted on, in the transaction that did so."""
        rows = [self.attempts[key] for key in keys if key in self.attempts]
        for row in rows:
            row.state = move(machine=ATTEMPT, state=row.state, event="apply")
        if rows:
            ProviderAttempt.objects.filter(pk__in=[row.pk for row in rows]).update(state="applied")


def _act(leg: Leg) -> str:
    """Return the key of the act that a leg belongs to: all legs of one act happen together or not at all."""
    return leg.key.rpartition(":")[0]


def run(*, act: Callable[[Round], list[Result]]) -> list[Result]:
    """Run an operation in one transaction, and again after each round of remote calls it turns out to need."""
    unanswered: set[str] = set()
    while True:
        current = Round(unanswered=unanswered)
        results = _in_transaction(act=act, current=current)
        if not current.asked:
            return results
        _refuse_inside_transaction()
        unanswered |= _call(asked=current.asked)


def _in_transaction(*, act: Callable[[Round], list[Result]], current: Round) -> list[Result]:
    for turn in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return act(current)
        except OperationalError as problem:
            code = getattr(problem.__cause__, "pgcode", None)
            if code not in DEADLOCKS or connection.in_atomic_block or turn == TRIES:
                raise
            logger.info("Two operations waited for each other; this one starts again.")
            current.attempts.clear()
            current.asked.clear()
            time.sleep(0.02 * turn)
    raise RuntimeError("An operation was tried no times at all.")


def _refuse_inside_transaction() -> None:
    blocks = connection.atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError("A remote provider cannot be called inside a transaction: call after it has committed.")


def _call(*, asked: Sequence[tuple[str, str, Leg]]) -> set[str]:
    """Call the providers one by one, each answer written down at once; return the keys that got no answer."""
    silent = set()
    for code, action, leg in asked:
        ProviderAttempt.objects.filter(key=leg.key).update(calls=F("calls") + 1)
        begins = action == "authorise" and not leg.retry and not leg.provider_reference
        if begins and not _health.may_call(method=code, at=leg.at):
            step = Step(refusal=_health.sentence(method=code))
        else:
            [step] = getattr(methods.get(code=code), action)(legs=[leg])
            _health.note(method=code, answered=step.answered, at=leg.at)
        if not step.answered:
            silent.add(leg.key)
            continue
        ProviderAttempt.objects.filter(key=leg.key, state="asked").update(
            state=move(machine=ATTEMPT, state="asked", event="answer"), answer=encode(step)
        )
    return silent


def encode(step: Step) -> dict[str, Any]:
    """Return a remote step as it is stored with its attempt; what it posts follows from the leg."""
    return {
        "refusal": step.refusal,
        "provider_reference": step.provider_reference,
        "expires_at": step.expires_at.isoformat() if step.expires_at else None,
        "action_url": step.action_url,
    }


def _step(*, code: str, action: str, leg: Leg, answer: dict[str, Any]) -> Step:
    method = methods.get(code=code)
    refused = bool(answer["refusal"] or answer["action_url"])
    return Step(
        transfers=() if refused else method.transfers(action=action, leg=leg),
        accounts=() if refused or not hasattr(method, "accounts") else method.accounts(leg=leg),
        refusal=answer["refusal"],
        provider_reference=answer["provider_reference"],
        expires_at=datetime.fromisoformat(answer["expires_at"]) if answer["expires_at"] else None,
        action_url=answer["action_url"],
    )
