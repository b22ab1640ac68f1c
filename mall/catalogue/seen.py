"""Products this browser looked at last, kept in a cookie of its own and nowhere else."""

from django.http import HttpRequest, HttpResponse

COOKIE = "seen"
MOST = 10
KEPT = 30 * 24 * 3600


def product_ids(*, request: HttpRequest) -> list[int]:
    """Return the products, the latest first; a cookie that makes no sense is none."""
    parts = request.COOKIES.get(COOKIE, "").split(".")[:MOST]
    return [int(part) for part in parts if part.isascii() and part.isdecimal() and len(part) < 16]


def remember(*, request: HttpRequest, response: HttpResponse, product_id: int) -> None:
    """Put the product first."""
    before = [number for number in product_ids(request=request) if number != product_id]
    response.set_cookie(
        COOKIE,
        ".".join(str(number) for number in [product_id, *before][:MOST]),
        max_age=KEPT,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
