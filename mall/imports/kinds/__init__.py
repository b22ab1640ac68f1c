"""What a file can be about: its columns, what its lines mean, and how they are applied and undone."""

from __future__ import annotations

from mall.imports.kinds import bulk, catalogue, merchants, tracking
from mall.imports.shape import Kind

KINDS: dict[str, Kind] = {
    kind.code: kind for kind in (catalogue.Catalogue(), bulk.Bulk(), tracking.Tracking(), merchants.Merchants())
}


def kind_of(*, code: str) -> Kind:
    """Return the kind of that name."""
    return KINDS[code]
