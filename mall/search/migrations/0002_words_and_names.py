"""What search needs beside the old columns, which stay until the entries are computed anew."""

from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations, models

WORDS = (Path(__file__).parent / "sql" / "words.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0032_category_exclude_from_menu_category_long_description"),
        ("search", "0001_initial"),
    ]

    operations = [
        UnaccentExtension(),
        migrations.RunSQL(WORDS, "DROP FUNCTION search_vector; DROP FUNCTION search_words; DROP FUNCTION search_pairs"),
        migrations.CreateModel(
            name="FacetValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=128)),
                ("value", models.CharField(max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name="RankingWeight",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("weight", models.FloatField()),
                ("meaning", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                ("word", models.TextField(primary_key=True, serialize=False)),
                ("products", models.PositiveIntegerField()),
                (
                    "deletions",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("term", models.CharField(max_length=80)),
                ("means", models.CharField(max_length=80)),
            ],
        ),
        migrations.AddField(
            model_name="searchentry",
            name="details",
            field=django.contrib.postgres.search.SearchVectorField(null=True),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="names",
            field=django.contrib.postgres.search.SearchVectorField(null=True),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="quality",
            field=models.FloatField(db_default=0),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="sold",
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), db_default=[], size=None
            ),
        ),
        migrations.AddConstraint(
            model_name="facetvalue",
            constraint=models.UniqueConstraint(fields=("name", "value"), name="one_facet_value"),
        ),
        migrations.AddConstraint(
            model_name="rankingweight",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__gte", 0), ("weight__lte", 10)), name="weight_in_range"
            ),
        ),
        migrations.AddIndex(
            model_name="searchword",
            index=models.Index(fields=["word"], name="search_word_prefix", opclasses=["text_pattern_ops"]),
        ),
        migrations.AddIndex(
            model_name="searchword",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["deletions"], name="search_word_deletions"
            ),
        ),
        migrations.AddIndex(
            model_name="searchword",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["word"], name="search_word_trigrams", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AddConstraint(
            model_name="synonym",
            constraint=models.UniqueConstraint(fields=("term", "means"), name="one_synonym"),
        ),
        migrations.AddConstraint(
            model_name="synonym",
            constraint=models.CheckConstraint(
                condition=models.Q(("term", models.F("means")), _negated=True), name="synonym_means_another"
            ),
        ),
    ]
