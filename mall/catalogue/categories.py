"""The tree of categories, kept by the bank's staff; whatever happens to it, no product is lost."""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.db import connection, transaction
from oscar.core.loading import get_model

from mall.actors import NotAllowed
from mall.customer.models import User
from mall.merchants.applications import is_operations
from mall.search import operations as search

Category = get_model("catalogue", "Category")
ProductCategory = get_model("catalogue", "ProductCategory")

NAME_MOST = 80
# The same lock as `list_products`: imports make categories too.
_LOCK_KEY = "mall.list_products"


class UnableToKeepCategories(Exception):
    """The tree stays as it is."""


def add(*, name: str, below: int | None, by: User, at: datetime) -> int:
    """Add a category at the top or below another; return its number.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToKeepCategories: it has no name, or stands there already.
    """
    with transaction.atomic():
        _begin(by=by)
        parent = None if below is None else _get(below)
        clean = _free_name(name=name, parent=parent)
        made = Category.objects.add_root({"name": clean}) if parent is None else _below(parent=parent, name=clean)
        _end(category=None, at=at)
    return made.pk


def rename(*, category_id: int, name: str, by: User, at: datetime) -> None:
    """Give a category another name; its address stays, so that links do.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToKeepCategories: there is none, it has no name, or one beside it is called so.
    """
    with transaction.atomic():
        _begin(by=by)
        category = _get(category_id)
        clean = _free_name(name=name, parent=Category.objects.get_parent(category), besides=category)
        Category.objects.filter(pk=category.pk).update(name=clean)
        _end(category=category, at=at)


def move(*, category_id: int, below: int | None, by: User, at: datetime) -> None:
    """Put a category with all below it under another, or to the top.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToKeepCategories: it would lie in itself, or one there is called so.
    """
    with transaction.atomic():
        _begin(by=by)
        category = _get(category_id)
        target = None if below is None else _get(below)
        if target is not None and (target.pk == category.pk or target.is_descendant_of(category)):
            raise UnableToKeepCategories("A category cannot lie in itself: choose another place.")
        _free_name(name=category.name, parent=target, besides=category)
        if target is not None:
            Category.objects.move(category, target, "last-child")
        else:
            Category.objects.move(category, Category.objects.get_root_nodes().last(), "last-sibling")
        moved = _get(category_id)
        _set_seen(category=moved)
        _end(category=moved, at=at)


def merge(*, category_id: int, into: int, by: User, at: datetime) -> int:
    """Put everything of one category, products and what lies below, into another, and take it away; return how many.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToKeepCategories: they are the same, or the other lies in it.
    """
    with transaction.atomic():
        _begin(by=by)
        category, target = _get(category_id), _get(into)
        if target.pk == category.pk or target.is_descendant_of(category):
            raise UnableToKeepCategories("A category goes into another that does not lie in it.")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO catalogue_productcategory (product_id, category_id) "
                "SELECT product_id, %s FROM catalogue_productcategory WHERE category_id = %s ON CONFLICT DO NOTHING",
                [target.pk, category.pk],
            )
            cursor.execute("DELETE FROM catalogue_productcategory WHERE category_id = %s", [category.pk])
            moved = cursor.rowcount
        for child in list(Category.objects.get_children(category)):
            same = Category.objects.get_children(_get(target.pk)).filter(name__iexact=child.name).first()
            if same is not None:
                raise UnableToKeepCategories(f"Both have a “{child.name}”: join those two first.")
            Category.objects.move(_get(child.pk), _get(target.pk), "last-child")
        _get(category_id).delete()
        kept = _get(into)
        _set_seen(category=kept)
        _end(category=kept, at=at)
    return moved


def show(*, category_id: int, is_shown: bool, by: User, at: datetime) -> None:
    """Show a category with all below it, or hide it; its products stay on sale and are found by search.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToKeepCategories: there is none.
    """
    with transaction.atomic():
        _begin(by=by)
        category = _get(category_id)
        Category.objects.filter(pk=category.pk).update(is_public=is_shown)
        _set_seen(category=_get(category_id))
        _end(category=None, at=at)


def _begin(*, by: User) -> None:
    if not is_operations(user=by):
        raise NotAllowed("Only the bank's operations keep the categories.")
    with connection.cursor() as cursor:
        # One change of the tree at a time: its paths are positions.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK_KEY])


def _end(*, category: Category | None, at: datetime) -> None:
    """Forget the tree that pages keep, and have the products below a changed category found anew."""
    transaction.on_commit(lambda: cache.delete("mall.categories"))
    if category is None:
        return
    ids = ProductCategory.objects.filter(category__path__startswith=category.path).values_list("product_id", flat=True)
    search.announce(at=at, product_ids=set(ids.iterator()))


def _get(pk: int) -> Category:
    category = Category.objects.filter(pk=pk).first()
    if category is None:
        raise UnableToKeepCategories("There is no such category any more.")
    return category


def _below(*, parent: Category, name: str) -> Category:
    made = Category.objects.add_child(parent, {"name": name})
    _set_seen(category=_get(parent.pk))
    return made


def _free_name(*, name: str, parent: Category | None, besides: Category | None = None) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise UnableToKeepCategories("A category needs a name.")
    if len(clean) > NAME_MOST:
        raise UnableToKeepCategories(f"A category's name has at most {NAME_MOST} characters.")
    beside = Category.objects.get_root_nodes() if parent is None else Category.objects.get_children(parent)
    if beside.filter(name__iexact=clean).exclude(pk=besides.pk if besides else 0).exists():
        raise UnableToKeepCategories(f"There is a “{clean}” here already: choose another name, or join the two.")
    return clean


def _set_seen(*, category: Category) -> None:
    """Tell every category below whether all above it are shown."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalogue_category c SET ancestors_are_public = NOT EXISTS (
                SELECT 1 FROM catalogue_category up
                WHERE c.path LIKE up.path || '%%' AND up.depth < c.depth AND NOT up.is_public
            ) WHERE c.path LIKE %s || '%%'
            """,
            [category.path],
        )
