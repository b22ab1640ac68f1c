"""Where a person goes after signing in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mall.context import Chrome


class AccountAdapter(DefaultAccountAdapter):
    """Sends those who work here to their work, and says what is wrong in our words.

    An address that was asked for before goes first.
    """

    # Which of the two is wrong is told to nobody: it would say who has an account here.
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "This e-mail address and this password do not belong together. Please check both, or set a new password."
        ),
        "too_many_login_attempts": _(
            "That was wrong too often. Please wait some minutes and try again, or set a new password."
        ),
        "incorrect_password": _("This is not your password. Please check it, or set a new one."),
        "account_inactive": _("This account is closed. Please write to us if that is a mistake."),
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return the first page where the person works, the market for shoppers."""
        links = Chrome(request).work_links
        return links[0][1] if links else settings.LOGIN_REDIRECT_URL
