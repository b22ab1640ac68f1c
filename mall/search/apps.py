from oscar.apps.search.apps import SearchConfig as OscarSearchConfig


class SearchConfig(OscarSearchConfig):
    """One search table on PostgreSQL's own full text and trigrams."""

    name = "mall.search"
    label = "search"
