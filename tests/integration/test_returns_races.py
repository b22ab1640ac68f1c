"""Returns on real connections: whoever is second is told, and money goes back once."""

from datetime import timedelta

from mall.actors import OPERATIONS, Actor
from mall.returns import operations
from mall.returns.checks import check_returns
from mall.returns.models import Return, ReturnEvent, ReturnRefund
from mall.returns.requests import UnableToReturn
from payments.ledger import queries as ledger
from payments.ledger import verification
from payments.models import PartClaim, Refund
from tests.factories.mall import account_of, deliver_events, make_market, make_shopper
from tests.factories.returns import ASKED, answer, ask, buyer, decision, make_parcel, say
from tests.races import race


def test_whoever_is_second_is_told_and_money_goes_back_once(fresh_database):
    market = make_market()
    part = make_parcel(market=market, lamp=5)
    account = f"deposit:{account_of(market.shopper)}"
    before = ledger.balance(code=account)

    # The buyer takes it back while the merchant accepts.
    row = ask(part)
    given_up, _accepted = race(
        lambda: operations.withdraw(request=say(row, buyer(part))), lambda: answer(row, "accept")
    )
    assert not isinstance(given_up, Exception)
    assert Return.objects.get(pk=row.pk).state == "withdrawn"
    assert ReturnEvent.objects.filter(of=row, event="withdraw").count() == 1
    assert PartClaim.objects.get().closed_at is not None

    # Two requests for the last pieces.
    answers = race(lambda: ask(part, 3), lambda: ask(part, 3))
    assert sorted(isinstance(found, UnableToReturn) for found in answers) == [False, True]
    row = Return.objects.get(state="asked")

    # The deadline passes while the merchant declines.
    late = ASKED + timedelta(days=30)
    race(lambda: operations.sweep_returns(at=late), lambda: answer(row, "decline", text="No.", at=late))
    assert ReturnEvent.objects.filter(of=row).exclude(event="ask").count() == 1
    Return.objects.filter(pk=row.pk).update(state="declined")

    # Two people of the bank decide.
    operations.escalate(request=say(row, buyer(part)))
    people = [Actor(OPERATIONS, user_id=make_shopper(money=0).pk) for _ in range(2)]
    answers = race(
        lambda: operations.decide(request=decision(row, people[0], 7_500)),
        lambda: operations.decide(request=decision(row, people[1], 100)),
    )
    assert sorted(isinstance(found, UnableToReturn) for found in answers) == [False, True]

    # Two workers pay it.
    [refund] = ReturnRefund.objects.all()
    assert race(*[lambda: operations.pay_back(keys=[refund.key], at=ASKED)] * 3) == [None] * 3
    deliver_events()
    assert ledger.balance(code=account) == before + refund.amount
    assert Refund.objects.count() == 1
    assert Return.objects.get(pk=row.pk).state == "refunded"
    assert check_returns() == [] == verification.verify().problems
