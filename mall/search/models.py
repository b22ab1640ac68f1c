"""One row a product, with everything a listing shows or filters by."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class SearchEntry(models.Model):
    """A product as search sees it; kept by `mall.search.operations`, read by `mall.search.queries`."""

    product = models.OneToOneField(
        "catalogue.Product", primary_key=True, on_delete=models.CASCADE, related_name="search_entry"
    )
    title = models.CharField(max_length=255)
    slug = models.CharField(max_length=255)
    text = models.TextField(blank=True)
    categories = ArrayField(models.BigIntegerField(), default=list)
    category_name = models.CharField(max_length=255, blank=True)
    merchants = ArrayField(models.BigIntegerField(), default=list)
    merchant_name = models.CharField(max_length=128, blank=True)
    stockrecord_id = models.BigIntegerField(null=True)
    offers = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    price = models.BigIntegerField(null=True)
    in_stock = models.BooleanField(default=False)
    rating = models.FloatField(null=True)
    reviews = models.PositiveIntegerField(default=0)
    listed_at = models.DateTimeField()
    document = SearchVectorField(null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["document"], name="search_document"),
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="search_title_trigrams"),
            GinIndex(fields=["categories"], name="search_categories"),
            GinIndex(fields=["merchants"], name="search_merchants"),
            models.Index(fields=["-listed_at"], name="search_newest"),
        ]

    def __str__(self) -> str:
        return self.title
