"""Notices, reviews and alerts asked for at once by several: real connections, real locks."""

from django.core import mail

from mall import bank
from mall.notices import delivery, kinds
from mall.notices import operations as notices
from tests.factories.mall import make_shopper
from tests.races import race


def test_told_at_once_from_four_sides_it_is_one_notice_and_one_letter(fresh_database):
    user, at = make_shopper(money=0), bank.now()

    def tell() -> bool:
        return notices.notify(user_id=user.pk, kind=kinds.ORDERS, key="k", title="It is on its way", at=at)

    assert sorted(race(tell, tell, tell, tell)) == [False, False, False, True]
    race(*[lambda: delivery.send_due(at=bank.now())] * 3)
    assert [letter.subject for letter in mail.outbox] == ["It is on its way"]
