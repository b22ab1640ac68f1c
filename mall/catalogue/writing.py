"""Products from drafts: written and changed by the bank's staff alone, whoever proposed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from oscar.core.loading import get_model

from mall.attributes import values
from mall.attributes.values import Asked
from mall.catalogue import drafts, gtin
from mall.catalogue.drafts import ProductDraft, VariantDraft

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
ProductCategory = get_model("catalogue", "ProductCategory")
ProductClass = get_model("catalogue", "ProductClass")


class UnableToWrite(Exception):
    """The product stays as it is. ``problems``: each the field it is about and a sentence."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(" ".join(sentence for _field, sentence in problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Written:
    """A product with its variants in the order of the draft; without variants it is its own only one."""

    product_id: int
    variant_ids: tuple[int, ...]


def create(*, draft: ProductDraft, at: datetime) -> Written:
    """Write a new product with its variants and values.

    :raises UnableToWrite: it does not fit its class, or one of its trade item numbers is another product's.
    """
    asked = _checked(draft=draft)
    try:
        with transaction.atomic():
            product = Product(
                structure=Product.PARENT if draft.variants else Product.STANDALONE,
                product_class_id=draft.class_id,
                upc=_upc(draft.gtin),
                title=draft.title.strip(),
                slug=_slug(draft.title),
                description=draft.description.strip(),
                is_public=True,
            )
            product.save()
            Product.objects.filter(pk=product.pk).update(date_created=at)
            _write_shared(product=product, draft=draft, asked=asked)
            made = [_variant(parent=product, draft=draft, variant=one, asked=asked, at=at) for one in draft.variants]
    except IntegrityError:
        raise UnableToWrite([("gtin", _taken(draft=draft))]) from None
    return Written(product_id=product.pk, variant_ids=tuple(made) or (product.pk,))


def change(*, product_id: int, draft: ProductDraft, at: datetime) -> Written:
    """Make a product what the draft says: its words, categories and values, and variants beside those it has.

    Variants are not taken away: what is ordered or offered refers to them.

    :raises UnableToWrite: there is no such product, or the draft does not fit.
    """
    asked = _checked(draft=draft)
    try:
        with transaction.atomic():
            product = Product.objects.select_for_update(no_key=True).filter(pk=product_id, parent=None).first()
            if product is None:
                raise UnableToWrite([("", "There is no such product.")])
            if bool(draft.variants) != product.is_parent:
                raise UnableToWrite([("variants", "A product keeps its variants: it has them, or it has none.")])
            product.title, product.slug = draft.title.strip(), _slug(draft.title)
            product.description, product.upc = draft.description.strip(), _upc(draft.gtin) or product.upc
            product.product_class_id = draft.class_id
            product.save()
            _write_shared(product=product, draft=draft, asked=asked)
            made = [_variant(parent=product, draft=draft, variant=one, asked=asked, at=at) for one in draft.variants]
    except IntegrityError:
        raise UnableToWrite([("gtin", _taken(draft=draft))]) from None
    return Written(product_id=product.pk, variant_ids=tuple(made) or (product.pk,))


def as_draft(*, product_id: int) -> ProductDraft | None:
    """Return a product, found by itself or one of its variants, as a draft; nothing when there is none."""
    found = Product.objects.filter(pk=product_id).select_related("parent").first()
    if found is None:
        return None
    product = found.parent or found
    children = list(Product.objects.filter(parent=product).order_by("pk"))
    said = values.values_of(product_ids=[product.pk, *(child.pk for child in children)])
    categories = ProductCategory.objects.filter(product=product).order_by("pk").values_list("category_id", flat=True)
    return ProductDraft(
        title=product.title,
        class_id=product.product_class_id,
        category_ids=tuple(categories),
        description=product.description,
        gtin=_number(product.upc),
        values=said.get(product.pk, {}),
        variants=tuple(
            VariantDraft(values=said.get(child.pk, {}), gtin=_number(child.upc), product_id=child.pk)
            for child in children
        ),
    )


def _checked(*, draft: ProductDraft) -> list[Asked]:
    if not ProductClass.objects.filter(pk=draft.class_id).exists():
        raise UnableToWrite([("class", "There is no such class of products.")])
    if Category.objects.filter(pk__in=draft.category_ids).count() != len(set(draft.category_ids)):
        raise UnableToWrite([("category", "One of the categories is gone: choose again.")])
    asked = values.asked_of(product_class_id=draft.class_id)
    found = drafts.problems(draft=draft, asked=asked)
    if found:
        raise UnableToWrite(found)
    return asked


def _write_shared(*, product: Product, draft: ProductDraft, asked: Sequence[Asked]) -> None:
    ProductCategory.objects.filter(product=product).exclude(category_id__in=draft.category_ids).delete()
    ProductCategory.objects.bulk_create(
        [ProductCategory(product=product, category_id=pk) for pk in draft.category_ids], ignore_conflicts=True
    )
    own = [attribute for attribute in asked if not (attribute.varies and draft.variants)]
    values.write(product_id=product.pk, asked=own, values=draft.values or {})


def _variant(
    *, parent: Product, draft: ProductDraft, variant: VariantDraft, asked: Sequence[Asked], at: datetime
) -> int:
    title = drafts.variant_title(title=draft.title.strip(), asked=asked, values=variant.values)
    if variant.product_id is None:
        child = Product(structure=Product.CHILD, parent=parent, is_public=True)
    else:
        child = Product.objects.filter(pk=variant.product_id, parent=parent).first()
        if child is None:
            raise UnableToWrite([("variants", "One of the variants is another product's.")])
    child.title, child.slug, child.upc = title, _slug(title), _upc(variant.gtin) or child.upc
    child.save()
    if variant.product_id is None:
        Product.objects.filter(pk=child.pk).update(date_created=at)
    varying = [attribute for attribute in asked if attribute.varies]
    values.write(product_id=child.pk, asked=varying, values=variant.values)
    return child.pk


def _taken(*, draft: ProductDraft) -> str:
    numbers = [gtin.normal(text=number) for number in draft.gtins]
    other = Product.objects.filter(upc__in=numbers).first()
    if other is None:
        return "A trade item number in it is another product's."
    return f"The number {other.upc} is that of “{other.get_title()}” already: make an offer of that product."


def _slug(title: str) -> str:
    return slugify(title)[:255] or "product"


def _upc(number: str) -> str | None:
    return gtin.normal(text=number) or None


def _number(upc: str | None) -> str:
    """Return a product's trade item number; what an import keyed it by is none."""
    try:
        return gtin.normal(text=upc or "")
    except gtin.NoGtin:
        return ""
