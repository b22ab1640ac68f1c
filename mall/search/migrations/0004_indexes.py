"""Indexes are made and left while people go on searching."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("search", "0003_first_entries")]

    operations = [
        RemoveIndexConcurrently(
            model_name="searchentry",
            name="search_document",
        ),
        RemoveIndexConcurrently(
            model_name="searchentry",
            name="search_title_trigrams",
        ),
        RemoveIndexConcurrently(
            model_name="searchentry",
            name="search_categories",
        ),
        RemoveIndexConcurrently(
            model_name="searchentry",
            name="search_merchants",
        ),
        RemoveIndexConcurrently(
            model_name="searchentry",
            name="search_newest",
        ),
        AddIndexConcurrently(
            model_name="searchentry",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["names", "tags"], name="search_names_tags"
            ),
        ),
        AddIndexConcurrently(
            model_name="searchentry",
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["details"], name="search_details"),
        ),
        AddIndexConcurrently(
            model_name="searchentry",
            index=models.Index(
                models.OrderBy(models.F("quality"), descending=True),
                models.OrderBy(models.F("product"), descending=True),
                name="search_quality",
            ),
        ),
        AddIndexConcurrently(
            model_name="searchentry",
            index=models.Index(fields=["price", "product"], name="search_price"),
        ),
        AddIndexConcurrently(
            model_name="searchentry",
            index=models.Index(
                models.OrderBy(models.F("rating"), descending=True, nulls_last=True),
                models.OrderBy(models.F("reviews"), descending=True),
                models.OrderBy(models.F("product"), descending=True),
                name="search_rating",
            ),
        ),
        AddIndexConcurrently(
            model_name="searchentry",
            index=models.Index(fields=["-listed_at", "-product"], name="search_newest"),
        ),
    ]
