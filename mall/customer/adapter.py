"""Where a person goes after signing in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from mall.context import Chrome


class AccountAdapter(DefaultAccountAdapter):
    """Sends those who work here to their work; an address that was asked for before goes first."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return the first page where the person works, the market for shoppers."""
        links = Chrome(request).work_links
        return links[0][1] if links else settings.LOGIN_REDIRECT_URL
