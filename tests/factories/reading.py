"""Reading pages as operations does: signing in, what a page says, where its links lead."""

import html
import re

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client

from mall.customer.models import User


def make_operator() -> User:
    """Return a member of operations with a second factor."""
    user = User.objects.create_user(email="ops@example.com", password="a long password")
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


def signed_in_as_operations(client: Client) -> Client:
    """Sign the client in as a member of operations."""
    client.force_login(make_operator())
    return client


def text(response: object) -> str:
    """Return the page as a reader sees it: no markup, spaces drawn together."""
    page = re.sub(r"<(script|style).*?</\1>", "", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "\n", page)).split())


def links(response: object, words: str) -> list[str]:
    """Return where the links lead whose text is exactly so."""
    found = re.findall(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', response.content.decode(), flags=re.S)
    return [html.unescape(url) for url, inner in found if html.unescape(re.sub(r"<[^>]+>", "", inner)).strip() == words]
