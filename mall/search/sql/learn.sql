-- The words of products that were not known yet; how many products have them is counted at night, see count.sql.
INSERT INTO search_searchword (word, products, deletions)
SELECT word, 1, ARRAY(
    SELECT DISTINCT overlay(word PLACING '' FROM at FOR 1) FROM generate_series(1, length(word)) AS at
    UNION SELECT word
)
FROM (
    SELECT DISTINCT unnest(string_to_array(search_words(
        e.title || ' ' || e.category_name || ' ' || e.merchant_name || ' ' || coalesce(attribute.words, '')
    ), ' ')) AS word
    FROM search_searchentry e
    LEFT JOIN (
        SELECT product_id, string_agg(value, ' ') AS words FROM (
{said}
        ) said GROUP BY product_id
    ) attribute ON attribute.product_id = e.product_id
    WHERE e.product_id = ANY(%(ids)s)
) AS said
WHERE length(word) BETWEEN 1 AND 60
ON CONFLICT DO NOTHING
