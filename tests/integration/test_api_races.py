"""Two programs, or one that repeats itself, at the same moment."""

from mall.actors import MERCHANT, Actor
from mall.api import operations
from mall.api.models import ApiCall
from mall.partner import operations as partner
from mall.partner.models import StockRecord
from mall.partner.operations import SetOffer, UnableToSetOffer
from tests.factories.mall import AT, make_merchant, make_offer
from tests.races import race


def test_the_same_request_twice_at_once_is_done_once(fresh_database):
    merchant = make_merchant()
    done = []

    def ask():
        return operations.once(
            merchant_id=merchant.pk,
            idempotency_key="k",
            request=b"PUT /api/v1/stock {}",
            at=AT,
            act=lambda: done.append(1) or {"set": len(done)},
        )

    answers = race(ask, ask, ask)
    assert sorted(replayed for _answer, replayed in answers) == [False, True, True]
    assert [answer for answer, _replayed in answers] == [{"set": 1}] * 3 and done == [1]
    assert ApiCall.objects.count() == 1


def test_a_request_that_fails_keeps_no_answer_and_may_come_again(fresh_database):
    merchant = make_merchant()

    def fail():
        raise RuntimeError

    named = {"merchant_id": merchant.pk, "idempotency_key": "k", "request": b"x", "at": AT}
    [result] = race(lambda: operations.once(**named, act=fail))
    assert isinstance(result, RuntimeError) and not ApiCall.objects.exists()
    assert operations.once(**named, act=lambda: {"set": 1}) == ({"set": 1}, False)


def test_of_two_who_count_on_the_same_version_one_is_refused(fresh_database):
    merchant = make_merchant()
    offer = make_offer(merchant=merchant, stock=10)
    by = Actor(MERCHANT, merchant_id=merchant.pk)

    def put(stock):
        wish = SetOffer(merchant_id=merchant.pk, sku=offer.partner_sku, stock=stock, expected_version=1, by=by)
        return partner.set_stock(requests=[wish], at=AT)[0]

    results = race(lambda: put(3), lambda: put(4))
    [refused] = [result for result in results if isinstance(result, UnableToSetOffer)]
    [well] = [result for result in results if not isinstance(result, UnableToSetOffer)]
    assert refused.code == "stale"
    record = StockRecord.objects.get(pk=offer.pk)
    assert (record.num_in_stock, record.version) == (well.after.stock, 2)


def test_batches_in_opposite_order_do_not_lock_each_other_out(fresh_database):
    merchant = make_merchant()
    offers = [make_offer(merchant=merchant) for _ in range(20)]
    by = Actor(MERCHANT, merchant_id=merchant.pk)

    def put(order, stock):
        wishes = [SetOffer(stockrecord_id=offer.pk, stock=stock, by=by) for offer in order]
        return partner.set_stock(requests=wishes, at=AT)

    results = race(lambda: put(offers, 3), lambda: put(offers[::-1], 4))
    assert not [result for result in results if isinstance(result, Exception)]
    assert len(set(StockRecord.objects.values_list("num_in_stock", flat=True))) == 1
