"""The entries of what was sold before search had its table; a market that has entries keeps them."""

from django.db import migrations


def fill(apps, schema_editor):
    """Compute the entries where there are products and none has one."""
    entries = apps.get_model("search", "SearchEntry").objects
    if apps.get_model("catalogue", "Product").objects.exists() and not entries.exists():
        from mall.search import operations  # noqa: PLC0415 - a database with products only

        for _last in operations.reindex():
            pass


class Migration(migrations.Migration):
    dependencies = [("search", "0008_photo"), ("delivery", "0001_initial")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
