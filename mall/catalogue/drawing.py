"""Product pictures as SVG inside the page: sharp at every size, some hundred bytes each, in the tokens of the page.

They take the place of photographs: the ground's pigment comes from `picture-<n>`, the thing's from `thing-<family>`.
"""

from __future__ import annotations

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mall.catalogue import pictures
from mall.catalogue.pictures import Picture

# What stands behind the thing: an arch, a round window, a wave, a quay.
_BACKDROPS = {
    1: SafeString('<path class="picture-arch" d="M16 120V64a44 44 0 0 1 88 0v56z"></path>'),
    2: SafeString('<circle class="picture-arch" cx="60" cy="60" r="50"></circle>'),
    3: SafeString('<path class="picture-arch" d="M0 120V78q30-26 60 0t60 0v42z"></path>'),
    4: SafeString('<path class="picture-arch" d="M0 120V80h120v40z"></path>'),
}
_ROOM = SafeString(
    '<path class="picture-arch" d="M0 92h120v28H0z"></path>'
    '<path class="picture-light" d="M12 62V34a15 15 0 0 1 30 0v28z"></path>'
    '<path class="picture-line" d="M27 19v43M12 44h30"></path>'
    '<ellipse class="picture-far" cx="62" cy="103" rx="46" ry="8"></ellipse>'
)
_TABLE = SafeString(
    '<path class="picture-line" d="M92 0v20"></path><path class="picture-mid" d="M80 34a12 14 0 0 1 24 0z"></path>'
    '<path class="picture-light" d="M84 34h16l14 54H70z"></path>'
    '<path class="picture-arch" d="M0 88h120v32H0z"></path><path class="picture-far" d="M0 88h120v4H0z"></path>'
)
_OUTDOORS = SafeString(
    '<circle class="picture-light" cx="90" cy="28" r="13"></circle>'
    '<path class="picture-far" d="M0 82l26-30 22 22 20-16 52 36v26H0z"></path>'
    '<path class="picture-arch" d="M0 92q34-16 66-4t54-4v36H0z"></path>'
)
_SCENES = {pictures.ROOM: _ROOM, pictures.TABLE: _TABLE, pictures.OUTDOORS: _OUTDOORS}
# What keeps the thing company, with its place; a thing is not beside its like.
_COMPANY = {pictures.ROOM: ("plant", 82, 56, 38), pictures.TABLE: ("mug", 18, 66, 24), pictures.OUTDOORS: ("", 0, 0, 0)}


def svg(*, product_id: int, title: str, category: str = "", view: int = pictures.FRONT, label: str = "") -> SafeString:
    """Return one view of a product's picture; without a label it is decoration beside its name."""
    drawn = pictures.picture_of(product_id=product_id, title=title, category=category)
    inside = {
        pictures.DETAIL: _detail,
        pictures.SCENE: _scene,
        pictures.PARCEL: _parcel,
    }.get(view, _front)(drawn)
    return format_html(
        '<svg class="picture picture-{}" viewBox="0 0 120 120" {}>'
        '<path class="picture-ground" d="M0 0h120v120H0z"></path>{}</svg>',
        drawn.palette,
        format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"'),
        inside,
    )


def label_of(*, view: int, title: str) -> str:
    """Return what a view shows, in words."""
    words = {
        pictures.FRONT: _("%(title)s, from the front"),
        pictures.DETAIL: _("%(title)s, a detail"),
        pictures.SCENE: _("%(title)s, where it is used"),
        pictures.PARCEL: _("%(title)s, beside its parcel"),
    }
    return words[view] % {"title": title}


def _front(drawn: Picture) -> SafeString:
    return _BACKDROPS[drawn.backdrop] + _shadow(60, 97, 30) + _thing(drawn, 24, 24, 72)


def _detail(drawn: Picture) -> SafeString:
    left, top = -22 - 44 * (drawn.corner % 2), -22 - 44 * (drawn.corner // 2)
    return SafeString('<circle class="picture-arch" cx="60" cy="60" r="74"></circle>') + _thing(drawn, left, top, 208)


def _scene(drawn: Picture) -> SafeString:
    name, x, y, size = _COMPANY[drawn.scene]
    company = _use(name, x, y, size) if name and name != drawn.symbol else SafeString("")
    bottom = 104 if drawn.scene == pictures.ROOM else 98
    return _SCENES[drawn.scene] + company + _shadow(60, bottom - 1, 25) + _thing(drawn, 30, bottom - 59, 62)


def _parcel(drawn: Picture) -> SafeString:
    return (
        SafeString('<path class="picture-arch" d="M0 84h120v36H0z"></path>')
        + _shadow(44, 96, 34)
        + _use("box", 10, 28, 68)
        + _shadow(82, 102, 24)
        + _thing(drawn, 57, 53, 50)
    )


def _thing(drawn: Picture, x: int, y: int, size: int) -> SafeString:
    turn = format_html(' transform="translate({} 0) scale(-1 1)"', 2 * x + size) if drawn.turned else ""
    family = format_html(' class="thing-{}"', drawn.family) if drawn.family else ""
    return format_html("<g{}{}>{}</g>", family, turn, _use(drawn.symbol, x, y, size))


def _use(symbol: str, x: int, y: int, size: int) -> SafeString:
    address = static("img/pictures.svg")
    return format_html(
        '<use href="{}#{}" x="{}" y="{}" width="{}" height="{}"></use>', address, symbol, x, y, size, size
    )


def _shadow(x: int, y: int, wide: int) -> SafeString:
    return format_html('<ellipse class="picture-shade" cx="{}" cy="{}" rx="{}" ry="4"></ellipse>', x, y, wide)
