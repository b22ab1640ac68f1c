"""An entry of a product with variants says from what price to what price they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    # Refreshing an entry asks the offers' ranking and the attributes' rules.
    dependencies = [
        ("search", "0006_quality"),
        ("offers", "0002_first_weights"),
        ("attributes", "0001_initial"),
        ("partner", "0010_one_offer_per_condition"),
    ]

    operations = [
        migrations.AddField(model_name="searchentry", name="price_to", field=models.BigIntegerField(null=True)),
        migrations.AddField(model_name="searchentry", name="variants", field=models.PositiveIntegerField(db_default=0)),
    ]
