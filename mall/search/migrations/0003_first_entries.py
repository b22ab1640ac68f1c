"""Synonyms and weights to begin with; the entries of what is sold already come with 0009, when all they need is there."""

import csv
from pathlib import Path

from django.db import migrations

SYNONYMS = Path(__file__).parent / "sql" / "synonyms.csv"
WEIGHTS = (
    ("text", 1.0, "how well the words fit the product's name"),
    ("phrase", 0.1, "the words stand together and in order"),
    ("focus", 0.15, "the name says little else"),
    ("quality", 0.35, "what speaks for the product whatever is searched; its parts:"),
    ("sales", 0.4, "pieces sold in the last 90 days"),
    ("rating", 0.2, "what buyers say of it"),
    ("availability", 0.3, "it is in stock"),
    ("merchant", 0.1, "what buyers say of its merchant"),
)


def fill(apps, schema_editor):
    """Write synonyms and weights."""
    with SYNONYMS.open(encoding="utf-8", newline="") as lines:
        pairs = [(row["term"], row["means"]) for row in csv.DictReader(lines)]
    synonym, weight = apps.get_model("search", "Synonym"), apps.get_model("search", "RankingWeight")
    synonym.objects.bulk_create([synonym(term=term, means=means) for term, means in pairs], ignore_conflicts=True)
    weight.objects.bulk_create(
        [weight(name=name, weight=value, meaning=meaning) for name, value, meaning in WEIGHTS], ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [
        ("search", "0002_words_and_names"),
        ("merchants", "0001_initial"),
        ("partner", "0008_stock_never_oversold"),
        ("fulfilment", "0004_each_event_once"),
        ("reviews", "0005_productreview_code"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
