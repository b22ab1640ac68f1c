"""A merchant's catalogue: one line an offer, known by the merchant's own article number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from mall import actors
from mall.catalogue.operations import ListProduct, UnableToList, list_products
from mall.imports import amounts, offers, undoing
from mall.imports.categories import SIGN, Known
from mall.imports.from_file import FromFile
from mall.imports.models import CATALOGUE, Import, ImportLine
from mall.imports.offers import CATEGORY_IDS, LISTED, MADE, UNLISTED
from mall.imports.shape import Checked, Field, Outcome, Problem
from mall.imports.text_files import RawLine
from mall.merchants import roles
from mall.partner.models import StockRecord
from mall.partner.operations import MAX_STOCK, UNLIMITED

LONGEST_SKU = 64
_YES = {"listed", "yes", "y", "1", "true", "active", "on", "ja", "si", "oui", "online", "aktiv"}
_NO = {"unlisted", "no", "n", "0", "false", "inactive", "off", "nein", "non", "offline", "inaktiv", "draft"}
_NEVER_RUNS_OUT = {"unlimited", "never runs out", "∞", "unbegrenzt", "ilimitado", "illimite", "illimité"}


def fields() -> tuple[Field, ...]:
    """Return the columns of the catalogue's format."""
    return (
        Field(code="sku", label=_("Article number"), key=True, required=True, example="LAMP-01",
              help=_("Your own number for the offer; each once in the file."),
              synonyms=("SKU", "Article number", "Item number", "Seller SKU", "Variant SKU", "Artikelnummer",
                        "Art.-Nr.", "Artikelnr", "Bestellnummer", "Référence", "Referencia", "Código",
                        "Codice articolo", "Merchant SKU", "Product code", "Item SKU", "id")),
        Field(code="title", label=_("Name"), required=True, example="Reading lamp, brass",
              help=_("What shoppers read, at most 120 characters."),
              synonyms=("Name", "Title", "Product name", "Item name", "Produktname", "Bezeichnung",
                        "Artikelbezeichnung", "Nom", "Nombre", "Titel", "Titre", "Título", "Nome")),
        Field(code="description", label=_("Description"), example="Turns and folds; with a cloth cable.",
              help=_("At most 4,000 characters."),
              synonyms=("Description", "Body", "Body (HTML)", "Beschreibung", "Long description", "Descripción",
                        "Descrizione", "Product description")),
        Field(code="category", label=_("Category"), required=True, example="Home > Light",
              help=_("One of the market's, from the top: Home > Light."),
              synonyms=("Category", "Product category", "Kategorie", "Warengruppe", "Catégorie", "Categoría",
                        "Categoria", "Google product category", "Product type")),
        Field(code="price", label=_("Price"), required=True, example="49.90",
              help=_("Tax included, in your store's currency; 49.90 or 49,90."),
              synonyms=("Price", "Unit price", "Preis", "Bruttopreis", "VK brutto", "Prix", "Precio", "Prezzo",
                        "Variant price", "Standard price", "Sale price", "Verkaufspreis")),
        Field(code="currency", label=_("Currency"), example="EUR",
              help=_("If given it must be your store's."),
              synonyms=("Currency", "Währung", "Devise", "Moneda", "Valuta", "Currency code")),
        Field(code="stock", label=_("Stock"), required=True, example="12",
              help=_("Pieces on your shelf, ordered ones included until sent; or “unlimited”."),
              synonyms=("Stock", "Quantity", "Qty", "Pieces", "Bestand", "Menge", "Lagerbestand", "Quantité",
                        "Cantidad", "Quantità", "Inventory", "Variant inventory qty", "Available")),
        Field(code="days", label=_("Handling days"), example="1",
              help=_("Working days until the parcel leaves, 0 to 30; empty: today."),
              synonyms=("Handling days", "Handling time", "Lead time", "Lieferzeit", "Fulfillment latency")),
        Field(code="condition", label=_("Condition"), example="new",
              help=_("new, renewed or used; a new offer is new if nothing is said."),
              synonyms=("Condition", "Item condition")),
        Field(code="state", label=_("State"), example=LISTED,
              help=_("listed or unlisted; an offer that is unlisted is not shown to shoppers."),
              synonyms=("State", "Status", "Listed", "Published", "Active", "Zustand", "Aktiv", "Estado", "Statut")),
    )  # fmt: skip


class Catalogue(FromFile):
    """New and changed offers, with the texts of products that nobody else sells."""

    code = CATALOGUE
    permission = roles.CATALOGUE
    can_be_undone = True
    at_once = 500

    def fields(self) -> Sequence[Field]:
        """Return the columns of the format."""
        return fields()

    def check(self, *, imported: Import, lines: Sequence[tuple[RawLine, dict[str, str]]]) -> list[Checked]:
        """Return what each line would do; nothing is written."""
        reader = _Reader(currency=imported.merchant.currency)
        checked = [reader.read(raw=raw, texts=texts) for raw, texts in lines]
        there = offers.read(merchant_id=imported.merchant_id, skus=[line.key for line in checked if line.key])
        for line in checked:
            if line.key:
                _compare(line=line, offer=there.get(line.key))
        return checked

    def apply(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Make what is new, then change what is there; each line counts on what it finds now."""
        there = offers.read(merchant_id=imported.merchant_id, skus=[line.key for line in lines], lock=True)
        fresh = [line for line in lines if line.key not in there]
        outcomes = dict(zip((line.pk for line in fresh), _make(imported=imported, lines=fresh, at=at), strict=True))
        old = [line for line in lines if line.key in there]
        results = offers.change(
            actor=actor_of(imported=imported),
            changes=[
                (
                    there[line.key],
                    offers.difference(values=line.values, offer=there[line.key]),
                    {CATEGORY_IDS: [line.values.get("category_id")]},
                )
                for line in old
            ],
            at=at,
        )
        outcomes |= dict(zip((line.pk for line in old), results, strict=True))
        return [outcomes[line.pk] for line in lines]

    def undo(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Restore prices, stock and texts, and take away what was new, where nobody changed it since."""
        return undoing.restore(actor=actor_of(imported=imported), merchant_id=imported.merchant_id, lines=lines, at=at)


def actor_of(*, imported: Import) -> actors.Actor:
    """Return in whose name an import is applied: its merchant's.

    Whether the person may was asked when he confirmed it; what is under way is brought to its end though he leaves.
    """
    return actors.Actor(actors.MERCHANT, merchant_id=imported.merchant_id)


def _compare(*, line: Checked, offer: offers.Offer | None) -> None:
    """Note what a line would change of the offer that is there, or what it lacks to make a new one."""
    if offer is not None:
        # What is so already needs no rule: a file made here comes back without a word.
        line.after = offers.difference(values=line.values, offer=offer)
        line.before = {name: offer.facts[name] for name in line.after}
        line.problems += offers.objections(after=line.after, offer=offer)
        return
    line.fresh = True
    line.after = {"state": LISTED} | {name: value for name, value in line.values.items() if name != "category_id"}
    line.problems += offers.objections(after=line.after, offer=None)
    told = {problem.column for problem in line.problems}
    if len(line.key) > LONGEST_SKU:
        what = _("It has %(count)d characters; at most %(most)d fit.") % {"count": len(line.key), "most": LONGEST_SKU}
        line.problems.append(Problem(_("Article number"), what, _("Give a shorter one.")))
    labels = undoing.field_labels()
    for code in ("title", "category", "price", "stock"):
        if code not in line.values and labels[code] not in told:
            remedy = _("Fill in “%(column)s”.") % {"column": labels[code]}
            line.problems.append(Problem(labels[code], _("A new offer needs this."), remedy))


class _Reader:
    """Reads cells as fields, for many lines of one file."""

    def __init__(self, *, currency: str) -> None:
        self._sells_in = currency
        self._known = Known()
        self._labels = {field.code: field.label for field in fields()}

    def read(self, *, raw: RawLine, texts: Mapping[str, str]) -> Checked:
        """Return a line with its values, and what cannot be read."""
        line = Checked(number=raw.number, cells=raw.cells)
        if raw.fault[0]:
            line.problems.append(Problem("", *raw.fault))
            return line
        for code, text in texts.items():
            plain = offers.plain_text(text)
            try:
                if plain != text.replace("\r\n", "\n").replace("\r", "\n").strip():
                    raise amounts.UnclearFigure(
                        _("There are characters in it that cannot be shown."), remedy=_("Type it anew.")
                    )
                if plain:
                    line.values |= getattr(self, f"_{code}")(plain)
            except amounts.UnclearFigure as problem:
                line.problems.append(Problem(self._labels[code], str(problem), problem.remedy))
        line.key = str(line.values.pop("sku", ""))
        if not line.key and not any(problem.column == self._labels["sku"] for problem in line.problems):
            remedy = _("Give the line your number of the article.")
            line.problems.append(Problem(self._labels["sku"], _("There is no article number."), remedy))
        return line

    def _sku(self, text: str) -> dict[str, object]:
        if len(text) > 128:
            raise amounts.UnclearFigure(_("It is longer than any number here."), remedy=_("Give a shorter one."))
        return {"sku": text}

    def _title(self, text: str) -> dict[str, object]:
        return {"title": offers.plain_line(text)}

    def _description(self, text: str) -> dict[str, object]:
        return {"description": text}

    def _category(self, text: str) -> dict[str, object]:
        return self._known.find(text=text)

    def _price(self, text: str) -> dict[str, object]:
        return {"price": amounts.money(text=text, currency=self._sells_in)}

    def _currency(self, text: str) -> dict[str, object]:
        if text.upper() != self._sells_in:
            given = {"currency": self._sells_in, "given": text[:10]}
            raise amounts.UnclearFigure(
                _("Your store sells in %(currency)s, not in %(given)s.") % given,
                remedy=_("Give the price in %(currency)s.") % given,
            )
        return {}

    def _stock(self, text: str) -> dict[str, object]:
        if text.casefold() in _NEVER_RUNS_OUT:
            return {"stock": UNLIMITED}
        return {"stock": amounts.pieces(text=text, most=MAX_STOCK)}

    def _days(self, text: str) -> dict[str, object]:
        return {"days": amounts.pieces(text=text, most=10_000)}

    def _condition(self, text: str) -> dict[str, object]:
        if text.casefold() not in dict(StockRecord.CONDITIONS):
            raise amounts.UnclearFigure(
                _("“%(text)s” is no condition.") % {"text": text[:40]}, remedy=_("Write “new”, “renewed” or “used”.")
            )
        return {"condition": text.casefold()}

    def _state(self, text: str) -> dict[str, object]:
        if text.casefold() in _YES | _NO:
            return {"state": LISTED if text.casefold() in _YES else UNLISTED}
        raise amounts.UnclearFigure(
            _("“%(text)s” is no state.") % {"text": text[:40]}, remedy=_("Write “listed” or “unlisted”.")
        )


def _make(*, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
    """List what is new; what was changed when it was checked and is gone since fails."""
    whole = [line for line in lines if all(name in line.values for name in ("title", "category", "price", "stock"))]
    results = list_products(
        requests=[
            ListProduct(
                title=str(line.values["title"]),
                description=str(line.values.get("description", "")),
                merchant_id=imported.merchant_id,
                sku=line.key,
                price_minor=int(line.values["price"]),
                currency=imported.merchant.currency,
                stock=None if line.values["stock"] == UNLIMITED else int(line.values["stock"]),
                category=tuple(str(line.values["category"]).split(SIGN)),
                condition=str(line.values.get("condition", StockRecord.NEW)),
                handling_days=int(line.values.get("days", 0)),
                at=at,
            )
            for line in whole
        ]
    )
    made = dict(zip((line.pk for line in whole), results, strict=True))
    hidden = [made[line.pk] for line in whole if line.values.get("state") == UNLISTED]
    offers.unlist(
        actor=actor_of(imported=imported),
        stockrecord_ids=[result.stockrecord_id for result in hidden if not isinstance(result, UnableToList)],
        at=at,
    )
    return [_made(line=line, result=made.get(line.pk)) for line in lines]


def _made(*, line: ImportLine, result: object) -> Outcome:
    if result is None or isinstance(result, UnableToList):
        what = str(result) if result else _("The offer is not there any more, and the line lacks what a new one needs.")
        return Outcome({}, {}, [Problem("", what, _("Put it right and import the line again."))], done=False)
    facts = {name: value for name, value in line.values.items() if name != "category_id"}
    usual = {"state": LISTED, "description": "", "days": 0, "condition": StockRecord.NEW}
    return Outcome({}, usual | facts | {MADE: True})
