"""What holds for every page: the headers it carries, and the characters it takes."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

# Scripts and styles come from files of this site alone; a chart's own style attributes are let through.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

# With a key of Stripe its own script runs its own fields in frames of its own origin; banks' pages are gone to.
STRIPE_SOURCES = (
    "script-src 'self' https://js.stripe.com",
    "frame-src https://js.stripe.com https://hooks.stripe.com",
    "connect-src 'self' https://api.stripe.com",
)
STRIPE_POLICY = "; ".join((CONTENT_SECURITY_POLICY, *STRIPE_SOURCES)).replace(
    "form-action 'self'", "form-action 'self' https://hooks.stripe.com"
)


def security_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Add the content security policy, and forbid the browser what no page here needs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = STRIPE_POLICY if settings.STRIPE_PUBLISHABLE_KEY else CONTENT_SECURITY_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    return middleware


def no_null_characters(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 400 to a form with a null character: no keyboard makes one, and the database keeps none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if any("\x00" in text for name, given in request.POST.lists() for text in (name, *given)):
            raise BadRequest("The request has a null character in it.")
        return get_response(request)

    return middleware
