"""Classes of products to begin with; operations change them afterwards, and what is there already stays."""

import json
from pathlib import Path

from django.db import migrations
from django.utils.text import slugify

CLASSES = Path(__file__).parent.parent / "classes.json"


def define(apps, schema_editor):
    product_class = apps.get_model("catalogue", "ProductClass")
    for row in json.loads(CLASSES.read_text(encoding="utf-8")):
        made, _created = product_class.objects.get_or_create(
            slug=slugify(row["name"]), defaults={"name": row["name"], "requires_shipping": True, "track_stock": True}
        )
        for position, given in enumerate(row["attributes"]):
            _attribute(apps, product_class=made, given=given, position=position)


def _attribute(apps, *, product_class, given, position):
    attribute, created = apps.get_model("catalogue", "ProductAttribute").objects.get_or_create(
        product_class=product_class,
        code=given["code"],
        defaults={"name": given["name"], "type": given["type"], "required": given.get("required", False)},
    )
    if not created:
        return
    if given.get("options"):
        group = apps.get_model("catalogue", "AttributeOptionGroup").objects.create(
            name=f"{product_class.name}: {given['name']}", code=f"{product_class.slug}-{given['code']}"
        )
        option = apps.get_model("catalogue", "AttributeOption")
        option.objects.bulk_create([option(group=group, option=text) for text in given["options"]])
        attribute.option_group = group
        attribute.save()
    apps.get_model("attributes", "AttributeRule").objects.create(
        attribute=attribute,
        unit=given.get("unit", ""),
        least=given.get("least"),
        most=given.get("most"),
        varies=given.get("varies", False),
        filterable=given.get("filterable", True),
        position=position,
    )


class Migration(migrations.Migration):
    dependencies = [("attributes", "0001_initial")]

    operations = [migrations.RunPython(define, migrations.RunPython.noop)]
