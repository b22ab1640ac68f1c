-- Computes the entries of products anew. A product with variants is one entry: its offers are theirs, its price runs from
-- the cheapest variant to the dearest. Tags are kind * 2^40 + id, see tags.py.
WITH ranked AS MATERIALIZED (
{ranked}
), best AS (
    -- Of each variant the offer that ranking puts first; of these, one in stock before one that is not, the cheapest.
    SELECT DISTINCT ON (family_id) family_id AS product_id, stockrecord_id, merchant_id, merchant_name AS name,
           currency AS price_currency, minor, in_stock
    FROM ranked WHERE place = 1 ORDER BY family_id, in_stock DESC, minor, stockrecord_id
), offers AS (
    SELECT ranked.family_id AS product_id, count(DISTINCT ranked.merchant_id) AS offers,
           count(DISTINCT ranked.product_id) FILTER (WHERE ranked.product_id <> ranked.family_id) AS variants,
           max(ranked.minor) FILTER (
               WHERE place = 1 AND ranked.currency = best.price_currency AND ranked.in_stock = best.in_stock
           ) AS price_to,
           array_agg(DISTINCT 2 * 1099511627776 + ranked.merchant_id)
               || CASE WHEN bool_or(ranked.landed = ranked.minor) THEN ARRAY[6 * 1099511627776 + 1] ELSE '{}' END AS tags
    FROM ranked JOIN best ON best.product_id = ranked.family_id GROUP BY ranked.family_id
), category AS (
    SELECT pc.product_id, array_agg(DISTINCT 1099511627776 + up.id) AS tags,
           min(c.name) AS name, string_agg(DISTINCT up.name, ' ') FILTER (WHERE up.id <> c.id) AS above
    FROM catalogue_productcategory pc
    JOIN catalogue_category c ON c.id = pc.category_id
    JOIN catalogue_category up ON c.path LIKE up.path || '%%'
    WHERE pc.product_id = ANY(%(ids)s) GROUP BY pc.product_id
), attribute AS (
    SELECT said.product_id, array_agg(DISTINCT 3 * 1099511627776 + f.id) FILTER (WHERE f.id IS NOT NULL) AS tags,
           string_agg(said.value, ' ' ORDER BY said.attribute_id, said.value) AS words
    FROM (
{said}
    ) said
    LEFT JOIN search_facetvalue f ON said.filterable AND f.name = said.name AND f.value = said.value
    GROUP BY said.product_id
), reviewed AS (
    SELECT coalesce(p.parent_id, p.id) AS product_id, count(*) AS reviews, avg(r.score)::float AS rating
    FROM reviews_productreview r JOIN catalogue_product p ON p.id = r.product_id
    WHERE r.product_id = ANY(%(members)s) AND r.status = 1 GROUP BY 1
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
    reviews, listed_at, quality, tags, names, details, price_to, variants, photo
)
SELECT p.id, p.title, p.slug, coalesce(category.name, ''), best.name, best.stockrecord_id, offers.offers,
       best.price_currency, best.minor, best.in_stock, said.rating, coalesce(reviewed.reviews, 0), p.date_created,
       search_quality(
           coalesce(known.sold, 0), said.rating, coalesce(reviewed.reviews, 0), best.in_stock, reputation.rating,
           reputation.reviews, weight.sales, weight.rating, weight.availability, weight.merchant
       ),
       coalesce(category.tags, '{}') || offers.tags || coalesce(attribute.tags, '{}')
           || ARRAY(SELECT 4 * 1099511627776 + score FROM unnest(ARRAY[3, 4]) score WHERE said.rating >= score)
           || CASE WHEN best.in_stock THEN ARRAY[5 * 1099511627776 + 1] ELSE '{}' END
           || ARRAY[7 * 1099511627776 + (hashint8(p.id) & 63)],
       search_vector(search_words(told.parts[1]), 'A')
           || search_vector(search_words(coalesce(category.name, '')), 'B')
           || search_vector(
               search_words(array_to_string(told.parts[2:], ' ') || ' ' || coalesce(attribute.words, '')), 'C'
           )
           || search_vector(search_words(coalesce(category.above, '') || ' ' || best.name), 'D'),
       search_vector(search_words(left(p.description, 2000)), 'D'),
       offers.price_to, offers.variants, coalesce((
           SELECT i.original FROM catalogue_productimage i WHERE i.product_id = p.id
           ORDER BY i.display_order, i.id LIMIT 1
       ), '')
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
CROSS JOIN LATERAL (
    SELECT CASE p.structure WHEN 'parent' THEN reviewed.rating ELSE p.rating END AS rating
) said
WHERE p.id = ANY(%(ids)s) AND p.is_public
ON CONFLICT (product_id) DO UPDATE SET
    title = excluded.title, slug = excluded.slug, category_name = excluded.category_name,
    merchant_name = excluded.merchant_name, stockrecord_id = excluded.stockrecord_id, offers = excluded.offers,
    currency = excluded.currency, price = excluded.price, in_stock = excluded.in_stock, rating = excluded.rating,
    reviews = excluded.reviews, listed_at = excluded.listed_at, quality = excluded.quality,
    tags = excluded.tags, names = excluded.names,
    details = excluded.details, price_to = excluded.price_to, variants = excluded.variants,
    photo = excluded.photo
