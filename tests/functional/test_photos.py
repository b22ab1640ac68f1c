"""Merchants' photographs on the shop's pages: in the width that fits, made once, and nothing else by that door."""

import hashlib
import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from oscar.core.loading import get_model
from PIL import Image

from mall import uploads
from mall.catalogue import photos
from mall.search import operations as search
from tests.factories.mall import make_merchant, make_offer

pytestmark = pytest.mark.django_db
ProductImage = get_model("catalogue", "ProductImage")


@pytest.fixture
def offer(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_offer(merchant=make_merchant(), title="Brass lamp")


def take(offer, *, color="red", size=(1_500, 900), order=0):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    content = uploads.picture(name="lamp.png", content=file.getvalue()).content
    digest = hashlib.sha256(content).hexdigest()
    default_storage.save(f"pictures/{digest}.webp", ContentFile(content))
    ProductImage.objects.create(product=offer.product, original=f"pictures/{digest}.webp", display_order=order)
    search.refresh_products(product_ids=[offer.product_id])
    return digest


def test_a_photograph_takes_the_place_of_the_drawing_on_every_page(client, offer):
    second, first = take(offer, color="blue", order=1), take(offer, order=0)
    page = f"/p/{offer.product.slug}-{offer.product_id}/"
    for address in ("/", "/search/?q=lamp", page):
        text = client.get(address).content.decode()
        assert f"/photos/{first}/320.webp 320w" in text
    assert text.index(first) < text.index(second)
    assert "Drawn from the store" not in text
    assert f"/photos/{second}/640.webp" in client.get(f"{page}pictures/2/").content.decode()
    assert client.get(f"{page}pictures/3/").status_code == 404


@pytest.mark.parametrize("width", photos.WIDTHS)
def test_each_width_is_served_whole_and_kept(client, offer, width):
    digest = take(offer)
    for _time in range(2):
        response = client.get(f"/photos/{digest}/{width}.webp")
        assert response["Content-Type"] == "image/webp"
        assert "immutable" in response["Cache-Control"]
        assert Image.open(io.BytesIO(b"".join(response.streaming_content))).size == (width, round(width * 0.6))
    assert default_storage.listdir(f"pictures/{width}")[1] == [f"{digest}.webp"]


@pytest.mark.parametrize("width", ["0", "161", "9999", "99999", "x"])
def test_no_other_width_is_made(client, offer, width):
    digest = take(offer)
    assert client.get(f"/photos/{digest}/{width}.webp").status_code == 404
    assert default_storage.listdir("pictures")[0] == []


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "A" * 64])
def test_a_photograph_that_is_none_is_not_found(client, offer, digest):
    assert client.get(f"/photos/{digest}/320.webp").status_code == 404


def test_a_file_that_is_no_photograph_of_ours_is_not_shown(client, offer):
    ProductImage.objects.create(product=offer.product, original="images/products/2020/01/old.jpg")
    search.refresh_products(product_ids=[offer.product_id])
    for address in ("/", f"/p/{offer.product.slug}-{offer.product_id}/"):
        response = client.get(address)
        assert response.status_code == 200
        assert "old.jpg" not in response.content.decode()
