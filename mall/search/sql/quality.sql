-- What speaks for a product whatever is searched: each part from 0 to 1, weighed, and divided by the weights' sum.
-- Few votes weigh little: a rating is drawn towards 3.8 as if five more buyers had said so; fifty sold is half of best.
UPDATE search_searchentry AS entry SET quality = counted.quality
FROM (
    SELECT e.product_id, (
        w.sales * e.sold / (e.sold + 50.0)
        + w.rating * ((coalesce(e.rating, 0) * e.reviews + 3.8 * 5) / (e.reviews + 5) - 1) / 4
        + w.availability * e.in_stock::int
        + w.merchant * ((coalesce(m.rating, 0) * coalesce(m.reviews, 0) + 3.8 * 5) / (coalesce(m.reviews, 0) + 5) - 1) / 4
    ) / greatest(w.sales + w.rating + w.availability + w.merchant, 0.0001) AS quality
    FROM search_searchentry e
    LEFT JOIN partner_stockrecord s ON s.id = e.stockrecord_id
    LEFT JOIN merchants_merchant owner ON owner.partner_id = s.partner_id
    LEFT JOIN (
        SELECT merchant_id, avg(score)::float AS rating, count(*) AS reviews FROM fulfilment_merchantreview
        WHERE %(ids)s::bigint[] IS NULL OR merchant_id IN (
            SELECT m.id FROM partner_stockrecord s JOIN merchants_merchant m ON m.partner_id = s.partner_id
            WHERE s.product_id = ANY(%(ids)s)
        ) GROUP BY merchant_id
    ) m ON m.merchant_id = owner.id
    CROSS JOIN (
        SELECT max(weight) FILTER (WHERE name = 'sales') AS sales, max(weight) FILTER (WHERE name = 'rating') AS rating,
               max(weight) FILTER (WHERE name = 'availability') AS availability,
               max(weight) FILTER (WHERE name = 'merchant') AS merchant
        FROM search_rankingweight
    ) w
    WHERE %(ids)s::bigint[] IS NULL OR e.product_id = ANY(%(ids)s)
) AS counted
WHERE counted.product_id = entry.product_id AND entry.quality IS DISTINCT FROM counted.quality
