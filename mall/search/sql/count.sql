-- How many products are called by each word; one that is not used any more is forgotten.
WITH counted AS MATERIALIZED (
    SELECT word, ndoc FROM ts_stat('SELECT names FROM search_searchentry')
), gone AS (
    DELETE FROM search_searchword w WHERE NOT EXISTS (SELECT 1 FROM counted c WHERE c.word = w.word)
)
UPDATE search_searchword w SET products = c.ndoc FROM counted c WHERE c.word = w.word AND w.products <> c.ndoc
