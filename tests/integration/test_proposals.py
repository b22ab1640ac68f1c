"""Merchants propose, staff decide: the shared catalogue moves only by staff, and each decision is made once."""

from dataclasses import replace
from decimal import Decimal

import pytest
from oscar.core.loading import get_model

from mall.actors import NotAllowed
from mall.catalogue import writing
from mall.catalogue.drafts import VariantDraft
from mall.notices.models import Notice
from mall.partner.models import StockRecord
from mall.proposals import deciding, merging, operations, pictures, queries
from mall.proposals.deciding import UnableToDecide
from mall.proposals.models import MergedProduct, Proposal, ProposalPicture
from mall.proposals.operations import OfferWish, UnableToPropose, Wish
from mall.search.queries import search
from mall.uploads import UnableToTakePicture
from tests.factories.catalogue import make_operator, make_shoe, shoe_draft
from tests.factories.mall import AT, deliver_events, make_merchant, make_offer, staff
from tests.unit.test_uploads import encoded

pytestmark = pytest.mark.django_db

Product = get_model("catalogue", "Product")
ProductImage = get_model("catalogue", "ProductImage")

OFFERS = tuple(OfferWish(place=place, sku=f"T-{place}", price=5_000 + place, stock=4) for place in range(3))


def make_proposal(merchant, *, key: str = "k", **changes: object) -> Proposal:
    values = {"merchant_id": merchant.pk, "draft": shoe_draft(), "offers": OFFERS} | changes
    return operations.propose(wish=Wish(**values), key=key, by=staff(merchant), at=AT)


def test_a_proposal_moves_nothing_until_staff_approve_and_then_product_offers_and_picture_are_there(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    merchant = make_merchant()
    taken = pictures.take(merchant_id=merchant.pk, name="a.jpg", content=encoded(), at=AT)
    proposal = make_proposal(merchant, tokens=(taken.token,))
    assert not Product.objects.exists()

    done = deciding.approve(proposal_id=proposal.pk, seen=1, by=make_operator(), at=AT)

    deliver_events()
    assert (done.state, done.product.title) == ("approved", "Trail shoe")
    assert [
        (record.product.title, record.partner_sku, record.price, record.num_in_stock)
        for record in StockRecord.objects.order_by("partner_sku").select_related("product")
    ] == [
        ("Trail shoe, 41, Blue", "T-0", 50, 4),
        ("Trail shoe, 42, Blue", "T-1", Decimal("50.01"), 4),
        ("Trail shoe, 42, Red", "T-2", Decimal("50.02"), 4),
    ]
    assert ProductImage.objects.get().product_id == done.product_id
    [hit] = search(text="trail shoe").hits
    assert (hit.product_id, hit.photo) == (done.product_id, ProductImage.objects.get().original.name)
    assert Notice.objects.get(user_id=merchant.owner_id).title == "“Trail shoe” is in the catalogue now."


def test_the_same_proposal_sent_twice_is_one():
    merchant = make_merchant()
    assert make_proposal(merchant).pk == make_proposal(merchant).pk
    assert Proposal.objects.count() == 1


def test_what_the_catalogue_has_already_is_to_be_offered_instead():
    writing.create(draft=shoe_draft(gtin="4006381333931"), at=AT)
    merchant = make_merchant()
    with pytest.raises(UnableToPropose, match="make an offer of that product"):
        make_proposal(merchant, draft=shoe_draft(title="Copy", gtin="4006381333931"))
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    ("offer", "field"),
    [
        (OfferWish(place=0, sku=" ", price=1, stock=1), "v0-sku"),
        (OfferWish(place=1, sku="X", price=0, stock=1), "v1-price"),
        (OfferWish(place=0, sku="X", price=1, stock=-1), "v0-stock"),
        (OfferWish(place=0, sku="X", price=1, stock=1, handling_days=31), "handling_days"),
        (OfferWish(place=7, sku="X", price=1, stock=1), "v7-sku"),
    ],
)
def test_an_offer_that_cannot_be_made_is_refused_at_its_field(offer, field):
    merchant = make_merchant()
    with pytest.raises(UnableToPropose) as refused:
        make_proposal(merchant, offers=(offer,))
    assert [name for name, _sentence in refused.value.problems] == [field]
    assert not Proposal.objects.exists()


def test_staff_may_change_what_was_proposed_before_they_approve():
    proposal = make_proposal(make_merchant())
    wanted = replace(deciding.agreed_draft(proposal=proposal), title="Hill shoe")
    deciding.approve(proposal_id=proposal.pk, seen=1, by=make_operator(), at=AT, draft=wanted)
    assert Product.objects.get(parent=None).title == "Hill shoe"


def test_nobody_else_decides_and_nobody_on_his_own():
    merchant = make_merchant(owner=make_operator())
    proposal = make_proposal(merchant)
    for person in (make_merchant().owner, merchant.owner):
        with pytest.raises(NotAllowed):
            deciding.approve(proposal_id=proposal.pk, seen=1, by=person, at=AT)
    person = make_operator()
    with pytest.raises(UnableToDecide, match="Say why"):
        deciding.decline(proposal_id=proposal.pk, seen=1, reason=" ", by=person, at=AT)
    proposal.refresh_from_db()
    assert (proposal.state, Product.objects.count()) == ("open", 0)


def test_a_proposal_that_changed_or_was_decided_is_not_decided_on():
    merchant, person = make_merchant(), make_operator()
    proposal = make_proposal(merchant)
    wish = Wish(merchant_id=merchant.pk, draft=shoe_draft(title="Better shoe"), offers=OFFERS)
    operations.revise(proposal_id=proposal.pk, wish=wish, seen=1, by=staff(merchant))
    with pytest.raises(UnableToDecide, match="changed this proposal meanwhile"):
        deciding.approve(proposal_id=proposal.pk, seen=1, by=person, at=AT)
    deciding.decline(proposal_id=proposal.pk, seen=2, reason="No such shoe", by=person, at=AT)
    with pytest.raises(UnableToDecide, match="decided already: Declined"):
        deciding.approve(proposal_id=proposal.pk, seen=3, by=person, at=AT)
    with pytest.raises(UnableToPropose, match="does not wait any more"):
        operations.withdraw(proposal_id=proposal.pk, by=staff(merchant))
    assert not Product.objects.exists()


def test_another_merchants_proposal_is_none():
    proposal = make_proposal(make_merchant())
    other = make_merchant()
    with pytest.raises(NotAllowed):
        operations.withdraw(proposal_id=proposal.pk, by=staff(other))
    wish = Wish(merchant_id=other.pk, draft=shoe_draft())
    with pytest.raises(NotAllowed):
        operations.revise(proposal_id=proposal.pk, wish=wish, seen=1, by=staff(other))
    stranger = make_merchant()
    with pytest.raises(NotAllowed):
        make_proposal(stranger, merchant_id=other.pk)


def test_a_change_is_put_onto_what_the_product_is_by_then():
    shoe = make_shoe()
    before = writing.as_draft(product_id=shoe.product_id)
    mine = replace(before, description="For steep hills.", values=before.values | {"material": "Leather"})
    proposal = make_proposal(shoe.merchant, draft=mine, product_id=shoe.product_id, offers=())
    writing.change(product_id=shoe.product_id, draft=replace(before, title="Peak shoe"), at=AT)

    deciding.approve(proposal_id=proposal.pk, seen=1, by=make_operator(), at=AT)

    now = writing.as_draft(product_id=shoe.product_id)
    assert (now.title, now.description) == ("Peak shoe", "For steep hills.")
    assert now.values == {"brand": "Alto", "waterproof": True, "material": "Leather"}
    with pytest.raises(UnableToPropose, match="Nothing is different"):
        make_proposal(shoe.merchant, key="again", draft=now, product_id=shoe.product_id, offers=())


def test_a_proposed_product_that_is_there_is_joined_with_it_variant_by_variant():
    shoe, merchant, person = make_shoe(), make_merchant(), make_operator()
    proposal = make_proposal(merchant)
    deciding.join(proposal_id=proposal.pk, seen=1, product_id=shoe.product_id, by=person, at=AT)

    ours = StockRecord.objects.filter(partner=merchant.partner).order_by("partner_sku")
    assert [record.product_id for record in ours] == [shoe.blue_41, shoe.blue_42, shoe.red_42]
    assert Product.objects.filter(parent=None).count() == 1

    lacking = (*shoe_draft().variants, VariantDraft({"shoe_size": 44, "colour": "Red"}))
    other = make_proposal(make_merchant(), key="o", draft=shoe_draft(variants=lacking))
    with pytest.raises(UnableToDecide, match="lacks some of the variants"):
        deciding.join(proposal_id=other.pk, seen=1, product_id=shoe.product_id, by=person, at=AT)


def test_duplicates_are_suggested_by_number_and_by_name():
    make_offer(merchant=make_merchant(), title="Walnut bookshelf")
    numbered = writing.create(draft=shoe_draft(gtin="4006381333931"), at=AT)

    found = queries.similar(title="Bookshelf, walnut", numbers=["4006381333931"])

    assert [(row.title, row.same_number) for row in found] == [("Trail shoe", True), ("Walnut bookshelf", False)]
    assert found[0].product_id == numbered.product_id
    assert queries.similar(title="Coffee grinder") == []


def test_two_products_become_one_and_the_old_address_leads_there(client):
    first, second = make_merchant(), make_merchant()
    keep = make_offer(merchant=first, title="Globe")
    drop = make_offer(merchant=second, title="Globe!", price=1_000)
    merging.merge_products(keep=keep.product_id, drop=drop.product_id, by=make_operator(), at=AT)

    drop.refresh_from_db()
    [hit] = search(text="globe").hits
    assert (drop.product_id, hit.offers, hit.price) == (keep.product_id, 2, 1_000)
    response = client.get(f"/p/globe-{MergedProduct.objects.get().product_id}/")
    assert (response.status_code, response["Location"]) == (301, f"/p/globe-{keep.product_id}/")


def test_two_products_that_one_merchant_offers_both_stay_two():
    merchant = make_merchant()
    keep, drop = make_offer(merchant=merchant, title="Globe"), make_offer(merchant=merchant, title="Globe!")
    with pytest.raises(UnableToDecide, match=f"Both are offered by {merchant.name}"):
        merging.merge_products(keep=keep.product_id, drop=drop.product_id, by=make_operator(), at=AT)
    drop.refresh_from_db()
    assert drop.product_id != keep.product_id
    assert not MergedProduct.objects.exists()


def test_a_picture_without_a_proposal_goes_after_two_days_and_what_is_none_is_refused():
    merchant = make_merchant()
    pictures.take(merchant_id=merchant.pk, name="a.png", content=encoded(kind="PNG"), at=AT)
    with pytest.raises(UnableToTakePicture, match="no picture we can read"):
        pictures.take(merchant_id=merchant.pk, name="a.jpg", content=b"MZ a program", at=AT)
    assert pictures.throw_away(at=AT) == 0
    assert pictures.throw_away(at=AT + pictures.KEPT_WITHOUT_PROPOSAL * 2) == 1
    assert not ProposalPicture.objects.exists()
