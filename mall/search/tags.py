"""What products are filtered by, as numbers in one array: a kind and an id of that kind."""

CATEGORY, MERCHANT, ATTRIBUTE, RATING, STOCK, DELIVERY, DRAW = range(1, 8)
# Counted like the others and never stored: what a price is by the month is its payer's, and changes with the plans.
MONTHLY = 8
# One id of six bytes below each kind; `sql/refresh.sql` makes them in the same way.
WIDTH = 2**40

# Ids of DELIVERY
FREE_DELIVERY = 1
# Ids of DRAW: each product has one of these many by lot, so that some of them are a fair sample
DRAWS = 64


def tag(*, kind: int, identifier: int) -> int:
    """Return the tag of that kind and id."""
    return kind * WIDTH + identifier


def parts(*, tag: int) -> tuple[int, int]:
    """Return a tag's kind and id."""
    return divmod(tag, WIDTH)
