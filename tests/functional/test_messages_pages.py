"""Messages between buyers and stores, and the bank's people who are called into them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from mall import bank
from mall.actors import BUYER, OPERATIONS, Actor
from mall.merchants.models import Membership
from mall.messages import contact, operations, queries
from mall.messages.models import Answer, Message, MessageFile, StaffReading, Thread
from mall.messages.requests import HasContactData, OpenThread, UnableToWrite, UnknownThread, WriteMessage
from mall.queries import desk
from tests.factories.mall import AT, deliver_events, make_market, make_merchant, make_shopper, staff
from tests.factories.returns import make_parcel, picture_file
from tests.functional.test_returns_pages import make_operations

pytestmark = pytest.mark.django_db
_keys = iter(range(1, 10**9))


@pytest.fixture
def market(monkeypatch):
    monkeypatch.setattr(bank.clock, "now", lambda: AT)
    return make_market()


def ask(market, text: str = "Is it bright?", *, at=AT, **others) -> Thread:
    values = {
        "key": f"t{next(_keys)}",
        "merchant_id": market.first.pk,
        "product_id": market.lamp.product_id,
        "text": text,
        "by": Actor(BUYER, user_id=market.shopper.pk),
        "at": at,
    }
    return operations.open_thread(request=OpenThread(**values | others))


def write(row: Thread, by: Actor, text: str = "Yes.", *, at=AT, **others) -> Message:
    return operations.write_message(
        request=WriteMessage(
            **{"key": f"m{next(_keys)}", "thread_id": row.pk, "text": text, "by": by, "at": at} | others
        )
    )


def test_a_question_and_its_answer_are_counted_and_the_wait_is_a_fact(market):
    row = ask(market)
    assert ask(market, "And warm?", at=AT + timedelta(minutes=5)).pk == row.pk
    row.refresh_from_db()
    assert (row.store_unread, row.buyer_unread, row.waiting_since) == (2, 0, AT)
    write(row, staff(market.first), at=AT + timedelta(hours=2))
    write(row, staff(market.first), "Really.", at=AT + timedelta(hours=3))
    row.refresh_from_db()
    assert (row.store_unread, row.buyer_unread, row.waiting_since) == (0, 2, None)
    assert Answer.objects.get().seconds == 7_200
    seen = desk.desk(merchant_id=market.first.pk, at=AT + timedelta(days=1))
    assert (seen.answers, seen.answer_time, seen.waiting, seen.unread) == (1, "2 hours", 0, 0)
    operations.mark_read(thread_id=row.pk, side="buyer")
    assert queries.unread_of(user_id=market.shopper.pk) == 0


def test_the_same_message_sent_twice_is_one(market):
    row = ask(market)
    for _ in range(2):
        write(row, staff(market.first), key="once")
    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Write to ada@mail.example", {contact.EMAIL}),
        ("ada (at) mail (dot) example", {contact.EMAIL}),
        ("Call +49 421 123 4567 please", {contact.PHONE}),
        ("0421-1234567", {contact.PHONE}),
        ("Pay to DE89 3704 0044 0532 0130 00", {contact.ACCOUNT}),
        ("Send it by PayPal", {contact.ELSEWHERE}),
        ("The order 104512-1 has 3 lamps of 25.00", set()),
        ("It is 120 x 60 x 40 cm and came on 2026-03-02", set()),
    ],
)
def test_means_of_contact_and_of_payment_are_found(text, kinds):
    assert contact.found(text=text) >= kinds
    assert bool(contact.found(text=text)) == bool(kinds)


def test_contact_data_is_warned_of_and_sent_once_its_writer_is_sure(market, client):
    with pytest.raises(HasContactData, match="outside the market"):
        ask(market, "I pay you by PayPal")
    assert Thread.objects.count() == 0
    client.force_login(market.shopper)
    url = reverse("thread-new") + f"?product={market.lamp.product_id}&store={market.first.slug}"
    warned = client.post(url, {"key": "k", "text": "Mail ada@mail.example"})
    page = warned.content.decode()
    assert warned.status_code == 422 and "e-mail address or a telephone" in page and "Mail ada@mail.example" in page
    assert client.post(url, {"key": "k", "text": "Mail ada@mail.example", "sure": "yes"}).status_code == 302
    assert Message.objects.get().is_flagged


def test_nobody_writes_without_end(market, settings, monkeypatch):
    monkeypatch.setattr(settings.RIALTO_POLICY, "MESSAGES_AN_HOUR", {"buyer": 2, "store": 9})
    monkeypatch.setattr(settings.RIALTO_POLICY, "THREADS_A_DAY", 1)
    row = ask(market)
    by = Actor(BUYER, user_id=market.shopper.pk)
    write(row, by)
    with pytest.raises(UnableToWrite, match="within an hour"):
        write(row, by)
    with pytest.raises(UnableToWrite, match="began 1 conversations today"):
        ask(market, merchant_id=market.second.pk, product_id=market.chair.product_id, at=AT + timedelta(hours=2))
    write(row, by, at=AT + timedelta(hours=2))
    assert Message.objects.count() == 3


def test_a_thread_about_an_order_is_its_buyers_and_its_stores(market):
    part = make_parcel(market=market)
    about = {"order_number": part.order.number, "product_id": None}
    row = ask(market, **about)
    assert (row.order_id, row.product_id, row.buyer_id) == (part.order_id, None, market.shopper.pk)
    for wrong in (
        {"by": Actor(BUYER, user_id=make_shopper().pk)},
        {"merchant_id": market.second.pk},
        {"by": staff(market.first)},
    ):
        with pytest.raises(UnknownThread):
            ask(market, **about | wrong)
    with pytest.raises(UnknownThread):
        ask(market, merchant_id=market.second.pk)
    assert Thread.objects.count() == 1


def test_files_are_taken_for_what_they_are_and_given_to_the_sides_alone(market, client):
    row = ask(market)
    client.force_login(market.shopper)
    url = reverse("thread", args=[row.pk])
    disguised = SimpleUploadedFile("bill.pdf", b"MZ program", content_type="application/pdf")
    wrong = client.post(url, {"key": "a", "text": "The bill", "files": [disguised]})
    assert wrong.status_code == 422 and "bill.pdf is no picture" in wrong.content.decode()
    assert "The bill" in wrong.content.decode() and Message.objects.count() == 1
    good = [
        SimpleUploadedFile("x.jpg", picture_file(exif=True), content_type="text/html"),
        SimpleUploadedFile("bill.pdf", b"%PDF-1.7 bill", content_type="text/html"),
    ]
    assert client.post(url, {"key": "a", "text": "", "files": good}).status_code == 302
    image, paper = MessageFile.objects.order_by("pk")
    got = client.get(reverse("message-file", args=[image.pk]))
    assert got["Content-Type"] == "image/webp" and b"Lindenweg" not in got.content
    got = client.get(reverse("message-file", args=[paper.pk]))
    assert got["Content-Disposition"].startswith("attachment") and got["X-Content-Type-Options"] == "nosniff"
    for user in (make_shopper(), make_merchant().owner, make_operations()):
        client.force_login(user)
        assert client.get(reverse("message-file", args=[paper.pk])).status_code == 404


def test_the_bank_reads_only_what_it_is_called_into_and_each_reading_is_kept(market, client):
    row = ask(market, "You are a <b>thief</b>")
    operator = make_operations()
    client.force_login(operator)
    assert client.get(reverse("ops-thread", args=[1])).status_code == 404
    call = operations.call_staff(thread_id=row.pk, reason="Abuse.", by=staff(market.first), at=AT)
    with pytest.raises(UnableToWrite, match="called already"):
        operations.call_staff(thread_id=row.pk, reason="Again.", by=staff(market.first), at=AT)
    page = client.get(reverse("ops-thread", args=[call.pk])).content.decode()
    assert "&lt;b&gt;thief" in page and "Abuse." in page
    assert [(entry.call_id, entry.by_id) for entry in StaffReading.objects.all()] == [(call.pk, operator.pk)]
    blocked = {"reason": "Insults.", "everywhere": ""}
    assert client.post(reverse("ops-thread-act", args=[call.pk, "block"]), blocked).status_code == 302
    with pytest.raises(UnableToWrite, match="cannot write to this store"):
        write(row, Actor(BUYER, user_id=market.shopper.pk))
    ask(market, merchant_id=market.second.pk, product_id=market.chair.product_id)
    client.post(reverse("ops-block-lift", args=[queries.blocks()[0].pk]))
    write(row, Actor(BUYER, user_id=market.shopper.pk), "Sorry.")
    wrong = client.post(reverse("ops-thread-act", args=[call.pk, "close"]), {"note": ""})
    assert wrong.status_code == 422
    client.post(reverse("ops-thread-act", args=[call.pk, "close"]), {"note": "Spoke to both."})
    assert client.get(reverse("ops-thread", args=[call.pk])).status_code == 404


def test_nobody_opens_anothers_conversation_by_any_address(market, client):
    row = ask(market)
    operations.call_staff(thread_id=row.pk, reason="Help.", by=staff(market.first), at=AT)
    accountant = make_shopper(money=0)
    Membership.objects.create(merchant=market.first, user=accountant, role="accountant", since=AT)
    addresses = [
        ("get", reverse("thread", args=[row.pk])),
        ("post", reverse("thread", args=[row.pk])),
        ("post", reverse("thread-call", args=[row.pk])),
        ("get", reverse("merchant-thread", args=[row.pk])),
        ("post", reverse("merchant-thread", args=[row.pk])),
        ("post", reverse("merchant-thread-call", args=[row.pk])),
        ("get", reverse("ops-thread", args=[row.calls.get().pk])),
        ("post", reverse("ops-thread-act", args=[row.calls.get().pk, "close"])),
    ]
    for user in (None, make_shopper(), make_merchant().owner, accountant):
        client.logout()
        if user:
            client.force_login(user)
        for method, address in addresses:
            got = getattr(client, method)(address, {"text": "x", "key": "x", "reason": "x", "note": "x"})
            assert got.status_code in (302, 403, 404), (user, address)
            if got.status_code == 302:
                assert got["Location"].startswith(("/account/login", reverse("sell"))), (user, address)
    assert Message.objects.count() == 1
    with pytest.raises(UnknownThread):
        write(row, Actor(OPERATIONS, user_id=make_shopper().pk))
    with pytest.raises(UnknownThread):
        write(row, Actor("merchant", user_id=accountant.pk, merchant_id=market.first.pk))


def test_the_store_answers_as_the_store_and_its_own_people_see_who_it_was(market, client):
    row = ask(market)
    client.force_login(market.first.owner)
    client.post(reverse("merchant-thread", args=[row.pk]), {"key": "a", "text": "Very bright."})
    name = market.first.owner.get_full_name()
    assert name in client.get(reverse("merchant-thread", args=[row.pk])).content.decode()
    market.first.owner.__class__.objects.filter(pk=market.first.owner_id).update(first_name="Zenobia")
    assert "Zenobia" in client.get(reverse("merchant-thread", args=[row.pk])).content.decode()
    client.force_login(market.shopper)
    page = client.get(reverse("thread", args=[row.pk])).content.decode()
    assert "Very bright." in page and "Zenobia" not in page and market.first.name in page


def test_quick_answers_are_the_stores_own(market, client):
    client.force_login(market.first.owner)
    client.post(reverse("merchant-quick"), {"title": "Thanks", "text": "Thank you for asking."})
    client.post(reverse("merchant-quick"), {"title": "Thanks", "text": "Thank you so much."})
    [kept] = queries.quick_answers(merchant_id=market.first.pk)
    row = ask(market)
    page = client.get(reverse("merchant-thread", args=[row.pk]), {"words": kept.pk}).content.decode()
    assert "Thank you so much.</textarea>" in page
    client.force_login(market.second.owner)
    client.post(reverse("merchant-quick-remove", args=[kept.pk]))
    assert queries.quick_answers(merchant_id=market.first.pk) == [kept]


def test_one_letter_tells_of_new_messages_in_plain_words(market, mailoutbox):
    deliver_events()
    mailoutbox.clear()
    row = ask(market, "<script>alert(1)</script> " + "long " * 100)
    ask(market, "And?")
    for _ in range(2):
        deliver_events()
    [letter] = mailoutbox
    assert letter.to == [market.first.owner.email] and letter.content_subtype == "plain"
    assert reverse("merchant-thread", args=[row.pk]) in letter.body and len(letter.body) < 500
    mailoutbox.clear()
    write(row, staff(market.first))
    operations.mark_read(thread_id=row.pk, side="buyer")
    deliver_events()
    assert mailoutbox == []


def test_pages_ask_a_fixed_number_of_questions(market, client, django_assert_max_num_queries):
    row = ask(market)
    for _ in range(6):
        write(row, staff(market.first), "Yes.\nIndeed.")
    call = operations.call_staff(thread_id=row.pk, reason="Help.", by=staff(market.first), at=AT)
    asked = {
        market.shopper: [("messages", ()), ("thread", (row.pk,))],
        market.first.owner: [("merchant-messages", ()), ("merchant-thread", (row.pk,)), ("merchant-quick", ())],
        make_operations(): [("ops-messages", ()), ("ops-thread", (call.pk,))],
    }
    for user, pages in asked.items():
        client.force_login(user)
        for name, arguments in pages:
            client.get(reverse(name, args=arguments))
            with django_assert_max_num_queries(15):
                assert client.get(reverse(name, args=arguments)).status_code == 200
