from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.urls import URLPattern, reverse_lazy
from oscar.apps.dashboard.apps import DashboardConfig as OscarDashboardConfig

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

OPEN_TO_ALL = {"login", "logout"}


class DashboardConfig(OscarDashboardConfig):
    """Oscar's back office, for superusers alone.

    Oscar lets a partner's users see and change whole orders, other merchants' lines included, so merchants
    have pages of their own and never come here.
    """

    name = "mall.dashboard"
    label = "dashboard"

    def get_url_decorator(self, pattern: URLPattern) -> Callable | None:
        """Return the guard of one page; it wraps every page of every dashboard below this one."""
        if pattern.name in OPEN_TO_ALL:
            return None
        return user_passes_test(_is_superuser, login_url=reverse_lazy("account_login"))


def _is_superuser(user: AbstractBaseUser) -> bool:
    if user.is_authenticated and not (user.is_active and user.is_superuser):
        raise PermissionDenied
    return user.is_authenticated
