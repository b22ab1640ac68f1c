from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from oscar.apps.customer.admin import *  # noqa: F403 - Oscar registers its own models of this app

from mall.customer.models import User


@admin.register(User)
class EmailUserAdmin(UserAdmin):
    """People by e-mail address, as there is no user name."""

    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)
