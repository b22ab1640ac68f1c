"""Returns at the browser: asking, answering, deciding; and nobody sees what is not his."""

import io
import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from mall import bank
from mall.merchants.models import Membership
from mall.returns import operations
from mall.returns.models import Return, ReturnPhoto
from tests.factories.mall import deliver_events, make_market, make_merchant, make_shopper, staff
from tests.factories.returns import answer, ask, buyer, make_parcel, picture, picture_file, say, send_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(monkeypatch):
    from tests.factories.returns import ASKED

    monkeypatch.setattr(bank.clock, "now", lambda: ASKED)
    return make_market()


@pytest.fixture
def part(market):
    return make_parcel(market=market)


def make_operations():
    user = make_shopper(money=0)
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    TOTP.activate(user, generate_totp_secret())
    return user


def upload(content: bytes, name: str = "lamp.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def form(part, **others):
    line = part.lines.get().line_id
    return {"key": "form-1", f"piece-{line}": "1", "reason": "damaged", "text": "The glass is broken."} | others


def test_a_buyer_asks_with_a_picture_that_loses_where_it_was_taken(client, market, part):
    client.force_login(market.shopper)
    order = client.get(reverse("order", args=[part.order.number])).content.decode()
    url = reverse("return-ask", args=[part.number])
    assert url in order
    page = client.get(url).content.decode()
    assert "by law until" in page and "the store pays the way back" in page
    taken = picture_file(exif=True)
    assert b"Lindenweg" in taken
    done = client.post(url, form(part, photos=[upload(taken)]), follow=True)
    row = Return.objects.get()
    assert done.redirect_chain[-1][0] == reverse("return", args=[row.number])
    text = done.content.decode()
    assert "The glass is broken." in text and "Kept by the bank" in text
    shown = client.get(reverse("return-photo", args=[ReturnPhoto.objects.get().pk]))
    assert shown["Content-Type"] == "image/webp" and shown["X-Content-Type-Options"] == "nosniff"
    assert b"Lindenweg" not in shown.content
    assert Image.open(io.BytesIO(shown.content)).size == (60, 40)
    assert row.number in client.get(reverse("returns")).content.decode()
    assert row.number in client.get(reverse("order", args=[part.order.number])).content.decode()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([upload(b"MZ\x90\x00 program", "lamp.jpg")], "lamp.jpg is no picture we can read"),
        ([upload(b"%PDF-1.7", "lamp.jpg")], "lamp.jpg is no picture we can read"),
        ([upload(b"<svg onload=alert(1)>", "x.svg")], "x.svg is no picture we can read"),
        ([upload(b"\xff\xd8\xff" + b"0" * (50 * 1024 * 1024), "huge.jpg")], "huge.jpg is larger than 8 MB"),
        ([upload(picture_file(), f"{n}.jpg") for n in range(6)], "at most 5 files"),
    ],
    ids=["program", "pdf", "svg", "50 MB", "six"],
)
def test_a_file_that_cannot_be_taken_is_named_and_nothing_typed_is_lost(client, market, part, files, sentence):
    client.force_login(market.shopper)
    for file in files:
        file.seek(0)
    wrong = client.post(reverse("return-ask", args=[part.number]), form(part, photos=files))
    text = wrong.content.decode()
    assert wrong.status_code == 422 and sentence in text
    assert "The glass is broken." in text and 'value="damaged"' in text and "choose your pictures once more" in text
    assert Return.objects.count() == ReturnPhoto.objects.count() == 0


def test_what_is_missing_is_said_beside_its_field(client, market, part):
    client.force_login(market.shopper)
    line = part.lines.get().line_id
    wrong = client.post(
        reverse("return-ask", args=[part.number]), {"key": "k", f"piece-{line}": "0", "reason": "", "text": "Hm"}
    )
    text = wrong.content.decode()
    assert wrong.status_code == 422
    assert "Please choose at least one piece" in text and "Please choose why it goes back." in text and "Hm" in text


def test_a_form_sent_twice_is_one_return(client, market, part):
    client.force_login(market.shopper)
    for _ in range(2):
        assert client.post(reverse("return-ask", args=[part.number]), form(part)).status_code == 302
    assert Return.objects.count() == 1


def test_hostile_words_stay_words(client, market, part):
    row = ask(part, reason="damaged", text="<script>alert(1)</script>")
    for user, page in ((market.shopper, "return"), (market.first.owner, "merchant-return")):
        client.force_login(user)
        text = client.get(reverse(page, args=[row.number])).content.decode()
        assert "<script>alert(1)" not in text and "&lt;script&gt;alert(1)" in text


def test_the_label_has_a_barcode_and_comes_with_the_acceptance(client, market, part):
    row = ask(part)
    client.force_login(market.shopper)
    assert client.get(reverse("return-label", args=[row.number])).status_code == 404
    answer(row, "accept")
    label = client.get(reverse("return-label", args=[row.number]))
    assert label["Content-Type"] == "application/pdf" and label.content.startswith(b"%PDF-")
    assert label.content.count(b"endobj") > 5


def test_the_whole_way_at_the_browser(client, market, part):
    row = ask(part)
    client.force_login(market.first.owner)
    assert row.number in client.get(reverse("merchant-returns")).content.decode()
    home = client.get(reverse("merchant")).content.decode()
    assert re.search(r"To answer</dt><dd><strong>1</strong>", home)
    client.post(reverse("merchant-return-act", args=[row.number, "accept"]), {"text": ""})
    client.force_login(market.shopper)
    wrong = client.post(reverse("return-act", args=[row.number, "send"]), {"carrier": "Blue Post", "tracking": ""})
    assert wrong.status_code == 422 and "Blue Post" in wrong.content.decode()
    client.post(reverse("return-act", args=[row.number, "send"]), {"carrier": "Blue Post", "tracking": "BACK1"})
    client.force_login(market.first.owner)
    less = {"condition": "used", "amount": "20,00", "text": ""}
    wrong = client.post(reverse("merchant-return-act", args=[row.number, "receive"]), less)
    assert wrong.status_code == 422 and "why you give back less" in wrong.content.decode()
    client.post(reverse("merchant-return-act", args=[row.number, "receive"]), less | {"text": "Worn."})
    client.force_login(market.shopper)
    client.post(reverse("return-act", args=[row.number, "escalate"]), {"text": "I never used it."})
    bank_person = make_operations()
    client.force_login(bank_person)
    assert row.number in client.get(reverse("ops-returns")).content.decode()
    text = client.get(reverse("ops-return", args=[row.number])).content.decode()
    assert "I never used it." in text and "Worn." in text
    decided = {"outcome": "part", "amount": "9", "reason": "Both are right."}
    wrong = client.post(reverse("ops-return-act", args=[row.number, "decide"]), decided)
    assert wrong.status_code == 422 and "A part is above zero and below" in wrong.content.decode()
    client.post(reverse("ops-return-act", args=[row.number, "decide"]), decided | {"amount": "2.50"})
    deliver_events()
    row.refresh_from_db()
    assert (row.state, row.refunded) == ("refunded", 2_250)
    client.force_login(market.shopper)
    assert "paid back" in client.get(reverse("return", args=[row.number])).content.decode()


def addresses(row, photo):
    """Return (whose, method, address) of everything there is of a return."""
    acts = ("take-offer", "refuse-offer", "send", "agree", "withdraw", "escalate", "add")
    answers = ("accept", "let-keep", "offer", "decline", "receive", "escalate", "add")
    decisions = ("decide", "agree", "object", "arrived")
    number = row.number
    return [
        ("buyer", "get", reverse("return", args=[number])),
        ("buyer", "get", reverse("return-label", args=[number])),
        ("buyer", "get", reverse("return-ask", args=[row.consignment.number])),
        *(("buyer", "post", reverse("return-act", args=[number, act])) for act in acts),
        ("store", "get", reverse("merchant-return", args=[number])),
        *(("store", "post", reverse("merchant-return-act", args=[number, act])) for act in answers),
        ("bank", "get", reverse("ops-return", args=[number])),
        *(("bank", "post", reverse("ops-return-act", args=[number, act])) for act in decisions),
        ("any", "get", reverse("return-photo", args=[photo])),
    ]


def test_nobody_opens_what_is_not_his_by_any_address(client, market, part):
    row = ask(part, reason="damaged", text="Look.", photos=(picture(),))
    answer(row, "accept")
    send_back(row)
    photo = ReturnPhoto.objects.get().pk
    row.refresh_from_db()
    before = (row.state, row.steps)
    other_buyer, other_store, operator = make_shopper(), make_merchant(), make_operations()
    accountant = make_shopper(money=0)
    Membership.objects.create(merchant=market.first, user=accountant, role="accountant", since=row.asked_at)
    # Who has no store is sent to where one applies for one; who is no staff of the bank is refused.
    strangers = {
        "nobody": (None, {302}),
        "another buyer": (other_buyer, {302, 403, 404}),
        "another store": (other_store.owner, {403, 404}),
        "the store's accountant": (accountant, {403, 404}),
        "the bank, not called": (operator, {302, 404}),
    }
    for name, (user, answers) in strangers.items():
        client.logout()
        if user:
            client.force_login(user)
        for _whose, method, address in addresses(row, photo):
            got = getattr(client, method)(address, {"text": "x", "tracking": "x", "condition": "as_new"})
            assert got.status_code in answers, (name, address, got.status_code)
            if got.status_code == 302:
                assert got["Location"].startswith(("/account/login", reverse("sell"))), (name, address)
    owners = {"buyer": market.shopper, "store": market.first.owner}
    for mine, user in owners.items():
        client.force_login(user)
        for whose, method, address in addresses(row, photo):
            if whose not in (mine, "any"):
                assert getattr(client, method)(address, {"text": "x"}).status_code in (302, 403, 404), (mine, address)
    row.refresh_from_db()
    assert (row.state, row.steps) == before


def test_the_bank_sees_pictures_once_it_is_called(client, market, part):
    row = ask(part, reason="damaged", text="Look.", photos=(picture(),))
    url = reverse("return-photo", args=[ReturnPhoto.objects.get().pk])
    client.force_login(make_operations())
    assert client.get(url).status_code == 404
    operations.escalate(request=say(row, staff(market.first)))
    assert client.get(url).status_code == 200


def test_pages_ask_a_fixed_number_of_questions(client, market, django_assert_max_num_queries):
    parts = [make_parcel(market=market) for _ in range(3)]
    rows = [ask(part, reason="damaged", text="Look.", photos=(picture(),)) for part in parts]
    for row in rows[:2]:
        operations.escalate(request=say(row, staff(market.first)))
    asked = {
        market.shopper: [("returns", ()), ("return", (rows[0].number,)), ("return-ask", (parts[0].number,))],
        market.first.owner: [("merchant-returns", ()), ("merchant-return", (rows[2].number,))],
        make_operations(): [("ops-returns", ()), ("ops-return", (rows[0].number,))],
    }
    for user, pages in asked.items():
        client.force_login(user)
        for name, arguments in pages:
            client.get(reverse(name, args=arguments))
            with django_assert_max_num_queries(15):
                assert client.get(reverse(name, args=arguments)).status_code == 200


def test_lists_go_on_by_a_mark_and_leave_nothing_out(client, market, monkeypatch):
    from mall.returns import views

    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    part = make_parcel(market=market, lamp=5)
    numbers = {ask(part).number for _ in range(5)}
    client.force_login(market.shopper)
    seen, url = [], reverse("returns")
    while url:
        text = client.get(url).content.decode()
        seen += re.findall(r'<a href="/returns/([^/"]+-R\d+)/">', text)
        following = re.search(r'rel="next" href="(\?[^"]+)"', text)
        url = reverse("returns") + following[1] if following else ""
    assert len(seen) == 5 and set(seen) == numbers
    assert client.get(reverse("returns"), {"after": "'; drop"}).status_code == 200


def test_a_store_sets_its_terms_and_a_wrong_number_keeps_the_rest(client, market):
    client.force_login(market.first.owner)
    url = reverse("merchant-return-terms")
    wrong = client.post(url, {"days": "many", "address": "Dock 7"})
    assert wrong.status_code == 422 and "Dock 7" in wrong.content.decode()
    client.post(url, {"days": "60", "pays_delivery": "on", "address": "Dock 7"})
    terms = market.first.return_terms
    assert (terms.days, terms.pays_delivery, terms.address) == (60, True, "Dock 7")


def test_letters_go_once_to_whom_it_concerns(market, mailoutbox, monkeypatch, part):
    deliver_events()
    mailoutbox.clear()
    row = ask(part, reason="damaged", text="The <b>glass</b> is broken.")
    for _ in range(2):
        deliver_events()
    assert sorted(letter.to[0] for letter in mailoutbox) == sorted([market.shopper.email, market.first.owner.email])
    assert all(letter.content_subtype == "plain" and not letter.alternatives for letter in map(_rich, mailoutbox))
    mailoutbox.clear()
    answer(row, "decline", text="It left us <i>whole</i>.")
    deliver_events()
    [letter] = mailoutbox
    assert letter.to == [market.shopper.email] and "It left us <i>whole</i>." in letter.body
    assert buyer(part).user_id == market.shopper.pk


def _rich(letter):
    letter.alternatives = getattr(letter, "alternatives", None)
    return letter
