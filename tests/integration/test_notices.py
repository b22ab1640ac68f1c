"""Notices: once by their key, by the ways and at the hours their person chose, and nobody else's business."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from mall import bank
from mall.customer.models import MARKETING
from mall.customer.operations import ChangeConsent, record_consents
from mall.notices import delivery, kinds, operations, queries, rhythm
from mall.notices.models import Notice
from mall.notices.operations import NewNotice
from mall.notices.rhythm import Hours
from tests.factories.mall import AT, deliver_events, make_shopper

pytestmark = pytest.mark.django_db


def tell(user, key="k", kind=kinds.ORDERS, at=None, **others):
    given = {"title": "Your parcel is on its way", "url": "/orders/"} | others
    return operations.notify(user_id=user.pk, kind=kind, key=key, at=at or bank.now(), **given)


def test_a_notice_is_told_once_on_the_site_and_by_letter():
    user = make_shopper(money=0)
    assert [tell(user), tell(user), tell(user, title="Told again otherwise")] == [True, False, False]
    deliver_events()
    deliver_events()
    assert queries.unread(user_id=user.pk) == 1
    assert [letter.subject for letter in mail.outbox] == ["Your parcel is on its way"]
    assert mail.outbox[0].to == [user.email]
    assert Notice.objects.get().mail == "sent"


def test_one_key_may_tell_two_people_and_a_batch_may_name_one_twice():
    first, second = make_shopper(money=0), make_shopper(money=0)
    at = bank.now()
    batch = [
        NewNotice(user_id=user.pk, kind=kinds.ALERTS, key="same", title="News", at=at)
        for user in (first, second, first)
    ]
    assert operations.notify_many(notices=batch) == 2
    assert operations.notify_many(notices=batch) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "gossip"}, {"url": "https://evil.example/"}, {"url": "//evil.example"}, {"key": ""}, {"key": "x" * 121}],
)
def test_a_notice_of_no_kind_or_that_leads_elsewhere_is_a_mistake(wrong):
    user = make_shopper(money=0)
    with pytest.raises(ValueError, match=r"kind|path|key"):
        tell(user, **wrong)
    assert Notice.objects.count() == 0


def test_ways_are_chosen_by_kind_but_orders_always_show_on_the_site():
    user = make_shopper(money=0)
    operations.choose_ways(user_id=user.pk, ways={"orders": (False, False), "alerts": (False, False)})
    assert tell(user, key="a") is True
    assert tell(user, key="b", kind=kinds.ALERTS) is False
    deliver_events()
    assert mail.outbox == []
    assert [notice.kind for notice in queries.page(user_id=user.pk).notices] == ["orders"]


def test_reviews_are_told_on_the_site_alone_unless_asked_for():
    user = make_shopper(money=0)
    tell(user, kind=kinds.REVIEWS)
    deliver_events()
    assert mail.outbox == [] and queries.unread(user_id=user.pk) == 1


def consent(user, granted, at):
    record_consents(requests=[ChangeConsent(subject=f"user:{user.pk}", purpose=MARKETING, granted=granted, at=at)])


def test_marketing_needs_consent_when_it_is_told_and_still_when_its_letter_goes():
    user = make_shopper(money=0)
    assert tell(user, key="a", kind=kinds.MARKETING) is False
    consent(user, True, AT)
    assert tell(user, key="b", kind=kinds.MARKETING) is True
    consent(user, False, AT + timedelta(days=1))
    deliver_events()
    assert mail.outbox == []
    assert Notice.objects.get().mail == "dropped"


def test_a_letter_that_is_not_taken_goes_again_and_is_given_up_in_the_end(monkeypatch):
    user, now = make_shopper(money=0), bank.now()
    tell(user, at=now)

    def refuse(**_letter):
        raise OSError("no mail server")

    with monkeypatch.context() as patch:
        patch.setattr("mall.mail.send_notice", refuse)
        assert delivery.send_due(at=now) == 0
        row = Notice.objects.get()
        assert (row.mail, row.mail_tries, row.mail_due_at) == ("due", 1, now + timedelta(minutes=2))
    assert delivery.send_due(at=now + timedelta(minutes=1)) == 0
    assert delivery.send_due(at=now + timedelta(minutes=3)) == 1
    tell(user, key="hopeless", at=now)
    monkeypatch.setattr("mall.mail.send_notice", refuse)
    for hour in range(9):
        delivery.send_due(at=now + timedelta(hours=8 * hour))
    assert Notice.objects.get(key="hopeless").mail == "dropped"


def test_a_letter_in_the_hands_of_a_dead_worker_goes_again_under_the_same_message_id():
    user, now = make_shopper(money=0), bank.now()
    tell(user, at=now)
    Notice.objects.update(mail="sending", mail_claimed_at=now)
    assert delivery.send_due(at=now + timedelta(minutes=5)) == 0
    assert delivery.send_due(at=now + timedelta(minutes=16)) == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<notice-{Notice.objects.get().pk}@rialto.example>"


def test_an_imported_history_writes_to_nobody():
    user = make_shopper(money=0)
    tell(user, at=AT)
    deliver_events()
    assert mail.outbox == [] and Notice.objects.get().mail == "dropped"


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Hours(quiet_from=22, quiet_until=7)


@pytest.mark.parametrize(
    ("kind", "hours", "told", "goes"),
    [
        (kinds.ALERTS, None, (15, 23, 0), (15, 23, 0)),
        (kinds.ALERTS, NIGHT, (15, 21, 59), (15, 21, 59)),
        (kinds.ALERTS, NIGHT, (15, 22, 0), (16, 7, 0)),
        (kinds.ALERTS, NIGHT, (16, 6, 59), (16, 7, 0)),
        (kinds.ALERTS, NIGHT, (16, 7, 0), (16, 7, 0)),
        (kinds.ORDERS, NIGHT, (15, 23, 0), (15, 23, 0)),
        (kinds.ALERTS, Hours(quiet_from=12, quiet_until=14), (15, 13, 0), (15, 14, 0)),
        (kinds.ALERTS, Hours(digest=True, digest_hour=8), (15, 7, 30), (15, 8, 0)),
        (kinds.ALERTS, Hours(digest=True, digest_hour=8), (15, 8, 0), (16, 8, 0)),
        (kinds.MESSAGES, Hours(digest=True, digest_hour=8), (15, 8, 30), (15, 8, 30)),
        (kinds.ALERTS, Hours(digest=True, digest_hour=6, quiet_from=22, quiet_until=7), (15, 20, 0), (16, 7, 0)),
    ],
)
def test_letters_keep_quiet_hours_and_the_hour_of_the_day_letter(kind, hours, told, goes):
    def moment(day, hour, minute):
        # The clocks of Berlin go forward on the 29th; these days are before.
        return AT.astimezone(BERLIN).replace(day=day, hour=hour, minute=minute, second=0)

    assert rhythm.due(kind=kind, at=moment(*told), hours=hours) == moment(*goes)


def test_quiet_hours_end_by_the_clock_on_the_wall_when_it_goes_forward():
    evening = AT.astimezone(BERLIN).replace(day=28, hour=23, minute=0)
    assert rhythm.due(kind=kinds.ALERTS, at=evening, hours=NIGHT) - evening == timedelta(hours=7)


def test_alerts_of_a_day_come_in_one_letter():
    user, now = make_shopper(money=0), bank.now()
    operations.choose_hours(user_id=user.pk, hours=Hours(digest=True, digest_hour=8))
    for number in range(3):
        tell(user, key=f"a{number}", kind=kinds.ALERTS, title=f"Lamp {number} is back", at=now)
    tell(user, key="m", kind=kinds.MESSAGES, title="A store wrote", at=now)
    deliver_events()
    assert [letter.subject for letter in mail.outbox] == ["A store wrote"]
    delivery.send_due(at=now + timedelta(days=1))
    assert [letter.subject for letter in mail.outbox[1:]] == ["3 things you asked us to tell you"]
    assert all(f"Lamp {number} is back" in mail.outbox[1].body for number in range(3))


@pytest.mark.parametrize(
    "hours", [Hours(zone="Mars/Base"), Hours(quiet_from=3), Hours(quiet_from=3, quiet_until=3), Hours(digest_hour=24)]
)
def test_hours_that_do_not_exist_are_refused(hours):
    user = make_shopper(money=0)
    with pytest.raises(operations.UnableToSetHours):
        operations.choose_hours(user_id=user.pk, hours=hours)
    assert queries.hours(user_id=user.pk) == Hours()


def test_what_was_on_the_page_is_read_and_what_came_meanwhile_stays_new():
    user, other = make_shopper(money=0), make_shopper(money=0)
    for number in range(3):
        tell(user, key=str(number))
    tell(other)
    newest = queries.page(user_id=user.pk).newest
    tell(user, key="late")
    assert operations.mark_read(user_id=user.pk, through=newest, at=bank.now()) == 3
    assert (queries.unread(user_id=user.pk), queries.unread(user_id=other.pk)) == (1, 1)
    theirs = Notice.objects.get(user=other)
    assert operations.mark_read(user_id=user.pk, notice_id=theirs.pk, at=bank.now()) == 0


def test_pages_follow_each_other_without_gaps_when_many_are_of_one_moment():
    user, now = make_shopper(money=0), bank.now()
    operations.notify_many(
        notices=[
            NewNotice(user_id=user.pk, kind=kinds.ORDERS, key=str(number), title=f"N{number}", at=now)
            for number in range(45)
        ]
    )
    seen, before = [], None
    for _page in range(3):
        page = queries.page(user_id=user.pk, before=before)
        seen += [notice.id for notice in page.notices]
        if page.before:
            last = Notice.objects.get(pk=int(page.before.split("|")[1]))
            before = (last.at, last.pk)
    assert len(seen) == len(set(seen)) == 45 and not page.before


def test_old_notices_are_deleted_and_young_ones_kept():
    user = make_shopper(money=0)
    tell(user, key="old", at=AT)
    tell(user, key="young", at=AT + timedelta(days=300))
    assert operations.forget_old(at=AT + timedelta(days=366)) == 1
    assert Notice.objects.get().key == "young"


def test_a_title_of_several_lines_is_one_line_so_that_no_header_can_be_written_with_it():
    user = make_shopper(money=0)
    tell(user, title="Hello\r\nBcc: everybody@mail.example")
    deliver_events()
    assert mail.outbox[0].subject == "Hello Bcc: everybody@mail.example"
    assert re.search("/notices/stop/", mail.outbox[0].body)
