"""The bank's roles as groups, and the world's countries for addresses."""

from babel import Locale
from django.db import migrations

ROLES = ("credit officer", "senior officer", "operations", "risk manager")
NOT_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "XK", "ZZ", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"}


def create(apps, schema_editor):
    """Add what is missing."""
    groups = apps.get_model("auth", "Group").objects
    for role in ROLES:
        groups.get_or_create(name=role)
    country = apps.get_model("address", "Country")
    territories = Locale("en").territories
    country.objects.bulk_create(
        [
            country(iso_3166_1_a2=code, printable_name=name, name=name, is_shipping_country=True)
            for code, name in sorted(territories.items())
            if len(code) == 2 and code.isalpha() and code not in NOT_COUNTRIES
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("customer", "0008_consents_devices_addresses"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("address", "0001_initial"),
    ]

    # Going back leaves the rows: people and addresses may hang on them.
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
