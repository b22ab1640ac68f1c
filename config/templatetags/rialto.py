"""Template tags of every page: money, days and times, icons, addresses with one parameter changed."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from django import template
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from mall.catalogue import drawing, photos, pictures
from payments.money import Money

register = template.Library()

LOCALES = {"en-gb": "en", "es": "es", "zh-hans": "zh_Hans"}


def _locale() -> str:
    return LOCALES.get(get_language() or "", "en")


@register.filter
def money(minor_units: int | None, currency: str) -> SafeString | str:
    """Return an amount in minor units as text of the reader's language, with its currency."""
    if minor_units is None or minor_units == "":
        return ""
    return format_html('<span class="money">{}</span>', Money(int(minor_units), currency).format(_locale()))


@register.filter
def money_short(minor_units: int, currency: str) -> SafeString:
    """Return an amount of whole units without its decimals: €25."""
    text = Money(int(minor_units), currency).format(_locale())
    return format_html('<span class="money">{}</span>', re.sub(r"[.,]00(?![0-9])", "", text))


@register.filter
def money_text(minor_units: int, currency: str) -> str:
    """Return the amount without markup, for attributes and options."""
    return Money(int(minor_units), currency).format(_locale())


@register.filter
def amount(value: Money | None) -> SafeString | str:
    """Return a Money as text of the reader's language, with its currency."""
    return "" if value is None else money(value.minor_units, value.currency)


@register.filter
def percent(basis_points: int) -> str:
    """Return a rate in basis points as text: 1250 is 12.5 %."""
    return f"{int(basis_points) / 100:.2f}".rstrip("0").rstrip(".") + " %"


@register.filter
def stars_text(hundredths: int) -> str:
    """Write a rating of hundredths of a star with one digit, as 4.3 of 5."""
    return gettext("%(stars)s of 5") % {"stars": f"{hundredths // 10 / 10:.1f}"}


@register.filter(expects_localtime=True)
def day(value: date | None) -> str:
    """Return a day as text: 5 Nov 2026."""
    return date_format(value, "DATE_FORMAT") if value else ""


@register.filter(expects_localtime=True)
def moment(value: datetime | None) -> str:
    """Return a day and time as text: 5 Nov 2026, 14:05."""
    return date_format(value, "DATETIME_FORMAT") if value else ""


@register.filter(expects_localtime=True)
def weekday(value: date | None) -> str:
    """Return a day of these weeks as text: Thu 5 Nov."""
    return date_format(value, "WEEKDAY_FORMAT") if value else ""


@register.filter(expects_localtime=True)
def month(value: date | None) -> str:
    """Return a month as text: November 2026."""
    return date_format(value, "YEAR_MONTH_FORMAT") if value else ""


@register.filter
def fours(number: str) -> str:
    """Return an account number in groups of four, as people read it."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


@register.simple_tag
def icon(name: str, label: str = "", size: int = 24) -> SafeString:
    """Draw an icon of the sprite; without a label it is decoration."""
    role = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon" width="{}" height="{}" viewBox="0 0 24 24" {}><use href="{}#{}"></use></svg>',
        size,
        size,
        role,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def stars(score: float | None, count: int | None = None) -> SafeString | str:
    """Draw a rating out of five, with its number and how many gave it."""
    if not score:
        return ""
    spoken = f"{float(score):.1f}"
    reviews = ""
    if count is not None:
        reviews = format_html(
            ' <span class="stars-count">({}<span class="visually-hidden"> {}</span>)</span>',
            count,
            ngettext("review", "reviews", count),
        )
    return format_html(
        '<span class="stars"><span aria-hidden="true">★</span> <span class="number">{}</span>'
        '<span class="visually-hidden"> / 5</span>{}</span>',
        spoken,
        reviews,
    )


@register.simple_tag(takes_context=True)
def address_with(context: RequestContext, **changes: str | int | None) -> str:
    """Return the page's own address with some parameters changed; an empty value takes one out.

    A change of anything but the page number goes back to the first page.
    """
    query = context["request"].GET.copy()
    if "page" not in changes:
        query.pop("page", None)
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.filter
def at_key(mapping: Mapping[object, object], key: object) -> object:
    """Return the mapping's value for the key, or nothing."""
    return mapping.get(key, "") if mapping else ""


@register.filter
def widget_type(bound_field: object) -> str:
    """Return the kind of a form field's widget: `checkbox`, `radio`, `file`, `hidden` or `text`."""
    widget = bound_field.field.widget
    name = type(widget).__name__.lower()
    if getattr(widget, "input_type", "") == "checkbox" and "multiple" not in name:
        return "checkbox"
    if "radio" in name or "checkboxselectmultiple" in name:
        return "radio"
    return getattr(widget, "input_type", "text") or "text"


@register.simple_tag(takes_context=True)
def address_toggled(context: RequestContext, **change: str | int) -> str:
    """Return the page's own address with one parameter set to a value, or without it where it has that value."""
    [(name, value)] = change.items()
    on = context["request"].GET.get(name) == str(value)
    return address_with(context, **{name: None if on else value})


@register.simple_tag
def picture(product_id: int, title: str, category: str = "", label: str = "", view: int = pictures.FRONT) -> SafeString:
    """Draw the product's picture, from one of its sides; without a label it is decoration beside its name."""
    return drawing.svg(product_id=product_id, title=title, category=category, view=view, label=label)


@register.simple_tag
def photo(digest: str, label: str = "", sizes: str = "100vw", *, lazy: bool = False) -> SafeString:
    """Show a photograph in the width that fits; without a label it is decoration beside its name."""
    return format_html(
        '<img class="picture photo" src="{}" srcset="{}" sizes="{}" alt="{}" width="640" height="640" loading="{}"'
        ' decoding="async">',
        photos.source(digest=digest, width=640),
        photos.sources(digest=digest),
        sizes,
        label,
        "lazy" if lazy else "eager",
    )


@register.simple_tag
def picture_label(title: str, view: int) -> str:
    """Return what a side of the product's picture shows."""
    return drawing.label_of(view=view, title=title)


@register.simple_tag(takes_context=True)
def address_without(context: RequestContext, name: str) -> str:
    """Return the page's own address without one parameter, at the first page."""
    return address_with(context, **{name: None})
