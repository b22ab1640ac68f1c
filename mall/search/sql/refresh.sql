-- Computes the entries of products anew. The offer shown is the cheapest of an active merchant, one in stock before
-- one that is not. Tags are kind * 2^40 + id, see tags.py.
WITH offer AS (
    SELECT s.product_id, s.id AS stockrecord_id, s.price_currency, s.price, m.id AS merchant_id, m.name,
           s.num_in_stock IS NULL OR s.num_in_stock > coalesce(s.num_allocated, 0) AS in_stock,
           round(s.price * power(10, coalesce((%(exponents)s::jsonb ->> s.price_currency)::int, 2)))::bigint AS minor,
           coalesce(m.delivery_free_from, %(free_from)s) AS free_from
    FROM partner_stockrecord s JOIN merchants_merchant m ON m.partner_id = s.partner_id AND m.status = 'active'
    WHERE s.product_id = ANY(%(ids)s) AND s.price IS NOT NULL
), best AS (
    SELECT DISTINCT ON (product_id) * FROM offer ORDER BY product_id, in_stock DESC, price, stockrecord_id
), offers AS (
    SELECT product_id, count(*) AS offers,
           array_agg(DISTINCT 2 * 1099511627776 + merchant_id)
               || CASE WHEN bool_or(minor >= free_from) THEN ARRAY[6 * 1099511627776 + 1] ELSE '{}' END AS tags
    FROM offer GROUP BY product_id
), category AS (
    SELECT pc.product_id, array_agg(DISTINCT 1099511627776 + up.id) AS tags,
           min(c.name) AS name, string_agg(DISTINCT up.name, ' ') FILTER (WHERE up.id <> c.id) AS above
    FROM catalogue_productcategory pc
    JOIN catalogue_category c ON c.id = pc.category_id
    JOIN catalogue_category up ON c.path LIKE up.path || '%%'
    WHERE pc.product_id = ANY(%(ids)s) GROUP BY pc.product_id
), attribute AS (
    SELECT v.product_id, array_agg(3 * 1099511627776 + f.id) FILTER (WHERE f.id IS NOT NULL) AS tags,
           string_agg(v.value_text, ' ' ORDER BY v.attribute_id) AS words
    FROM catalogue_productattributevalue v
    JOIN catalogue_productattribute a ON a.id = v.attribute_id
    LEFT JOIN search_facetvalue f ON f.name = a.name AND f.value = v.value_text
    WHERE v.product_id = ANY(%(ids)s) AND v.value_text <> '' GROUP BY v.product_id
), reviewed AS (
    SELECT product_id, count(*) AS reviews FROM reviews_productreview
    WHERE product_id = ANY(%(ids)s) AND status = 1 GROUP BY product_id
), weight AS (
    SELECT max(weight) FILTER (WHERE name = 'sales') AS sales, max(weight) FILTER (WHERE name = 'rating') AS rating,
           max(weight) FILTER (WHERE name = 'availability') AS availability,
           max(weight) FILTER (WHERE name = 'merchant') AS merchant
    FROM search_rankingweight
), reputation AS (
    SELECT merchant_id, avg(score)::float AS rating, count(*) AS reviews FROM fulfilment_merchantreview
    WHERE merchant_id IN (SELECT merchant_id FROM best) GROUP BY merchant_id
), told AS (
    -- What follows “for” or “with” says what a thing goes with, not what it is.
    SELECT id, title, regexp_split_to_array(title, '\s+(for|with|para|con)\s+', 'i') AS parts
    FROM catalogue_product WHERE id = ANY(%(ids)s)
)
INSERT INTO search_searchentry AS entry (
    product_id, title, slug, category_name, merchant_name, stockrecord_id, offers, currency, price, in_stock, rating,
    reviews, listed_at, quality, tags, names, details
)
SELECT p.id, p.title, p.slug, coalesce(category.name, ''), best.name, best.stockrecord_id, offers.offers,
       best.price_currency, best.minor, best.in_stock, p.rating, coalesce(reviewed.reviews, 0), p.date_created,
       search_quality(
           coalesce(known.sold, 0), p.rating, coalesce(reviewed.reviews, 0), best.in_stock, reputation.rating,
           reputation.reviews, weight.sales, weight.rating, weight.availability, weight.merchant
       ),
       coalesce(category.tags, '{}') || offers.tags || coalesce(attribute.tags, '{}')
           || ARRAY(SELECT 4 * 1099511627776 + score FROM unnest(ARRAY[3, 4]) score WHERE p.rating >= score)
           || CASE WHEN best.in_stock THEN ARRAY[5 * 1099511627776 + 1] ELSE '{}' END
           || ARRAY[7 * 1099511627776 + (hashint8(p.id) & 63)],
       search_vector(search_words(told.parts[1]), 'A')
           || search_vector(search_words(coalesce(category.name, '')), 'B')
           || search_vector(
               search_words(array_to_string(told.parts[2:], ' ') || ' ' || coalesce(attribute.words, '')), 'C'
           )
           || search_vector(search_words(coalesce(category.above, '') || ' ' || best.name), 'D'),
       search_vector(search_words(left(p.description, 2000)), 'D')
FROM catalogue_product p
JOIN told ON told.id = p.id
JOIN best ON best.product_id = p.id
JOIN offers ON offers.product_id = p.id
LEFT JOIN category ON category.product_id = p.id
LEFT JOIN attribute ON attribute.product_id = p.id
LEFT JOIN reviewed ON reviewed.product_id = p.id
LEFT JOIN reputation ON reputation.merchant_id = best.merchant_id
LEFT JOIN search_searchentry known ON known.product_id = p.id
CROSS JOIN weight
WHERE p.id = ANY(%(ids)s) AND p.is_public
ON CONFLICT (product_id) DO UPDATE SET
    title = excluded.title, slug = excluded.slug, category_name = excluded.category_name,
    merchant_name = excluded.merchant_name, stockrecord_id = excluded.stockrecord_id, offers = excluded.offers,
    currency = excluded.currency, price = excluded.price, in_stock = excluded.in_stock, rating = excluded.rating,
    reviews = excluded.reviews, listed_at = excluded.listed_at, quality = excluded.quality,
    tags = excluded.tags, names = excluded.names,
    details = excluded.details
