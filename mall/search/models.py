"""One row a product with everything a listing shows, ranks or filters by; and the words people search with."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q


class SearchEntry(models.Model):
    """A product as search sees it; kept by `mall.search.operations`, read by `mall.search.queries`.

    - ``names``: the words a product is called by: its title (A), its category (B), what the title says it is for, its
      brand and attributes (C), the categories above and its merchant (D). ``details``: the words of its description.
    - ``tags``: what it can be filtered by, see `mall.search.tags`.
    - ``price`` to ``price_to``: what its variants cost, each as its first offer asks; ``variants``: how many there are.
    - ``photo``: the name of its first photograph, empty where its picture is drawn.
    - ``sold``: pieces in the last 90 days. ``quality``: what speaks for it whatever is searched, 0 to about 1.
    """

    product = models.OneToOneField(
        "catalogue.Product", primary_key=True, on_delete=models.CASCADE, related_name="search_entry"
    )
    title = models.CharField(max_length=255)
    slug = models.CharField(max_length=255)
    category_name = models.CharField(max_length=255, blank=True)
    merchant_name = models.CharField(max_length=128, blank=True)
    stockrecord_id = models.BigIntegerField(null=True)
    offers = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    price = models.BigIntegerField(null=True)
    price_to = models.BigIntegerField(null=True)
    variants = models.PositiveIntegerField(db_default=0)
    photo = models.CharField(max_length=255, blank=True, db_default="")
    in_stock = models.BooleanField(default=False)
    rating = models.FloatField(null=True)
    reviews = models.PositiveIntegerField(default=0)
    listed_at = models.DateTimeField()
    tags = ArrayField(models.BigIntegerField(), db_default=[])
    sold = models.PositiveIntegerField(db_default=0)
    quality = models.FloatField(db_default=0)
    names = SearchVectorField(null=True)
    details = SearchVectorField(null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["names", "tags"], name="search_names_tags", fastupdate=False),
            GinIndex(fields=["details"], name="search_details", fastupdate=False),
            models.Index(F("quality").desc(), F("product").desc(), name="search_quality"),
            models.Index(fields=["price", "product"], name="search_price"),
            models.Index(
                F("rating").desc(nulls_last=True), F("reviews").desc(), F("product").desc(), name="search_rating"
            ),
            models.Index(fields=["-listed_at", "-product"], name="search_newest"),
        ]

    def __str__(self) -> str:
        return self.title


class FacetValue(models.Model):
    """A value of an attribute that products can be filtered by, as “Color: navy”; its id is in their tags."""

    name = models.CharField(max_length=128)
    value = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "value"], name="one_facet_value")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class SearchWord(models.Model):
    """A word that products are called by, with how many are; what is typed is completed and corrected with them.

    ``deletions``: the word with each of its letters left out, by which words one slip apart find each other.
    """

    word = models.TextField(primary_key=True)
    products = models.PositiveIntegerField()
    deletions = ArrayField(models.TextField())

    class Meta:
        indexes = [
            models.Index(fields=["word"], opclasses=["text_pattern_ops"], name="search_word_prefix"),
            GinIndex(fields=["deletions"], name="search_word_deletions", fastupdate=False),
            GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_trigrams", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.word


class Synonym(models.Model):
    """Who types ``term`` is also shown what is called ``means``; both as `search_words` writes them."""

    term = models.CharField(max_length=80)
    means = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["term", "means"], name="one_synonym"),
            models.CheckConstraint(condition=~Q(term=F("means")), name="synonym_means_another"),
        ]

    def __str__(self) -> str:
        return f"{self.term}: {self.means}"


class RankingWeight(models.Model):
    """How much one thing counts in the order of results, beside the others."""

    name = models.CharField(max_length=20, primary_key=True)
    weight = models.FloatField()
    meaning = models.CharField(max_length=200)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(weight__gte=0, weight__lte=10), name="weight_in_range")]

    def __str__(self) -> str:
        return self.name
