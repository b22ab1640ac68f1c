-- Weighs entries anew, all of them where no ids are given; one whose quality stays is left alone.
UPDATE search_searchentry AS entry SET quality = counted.quality
FROM (
    SELECT e.product_id, search_quality(
        e.sold, e.rating, e.reviews, e.in_stock, m.rating, m.reviews, w.sales, w.rating, w.availability, w.merchant
    ) AS quality
    FROM search_searchentry e
    LEFT JOIN partner_stockrecord s ON s.id = e.stockrecord_id
    LEFT JOIN merchants_merchant owner ON owner.partner_id = s.partner_id
    LEFT JOIN (
        SELECT merchant_id, avg(score)::float AS rating, count(*) AS reviews
        FROM fulfilment_merchantreview GROUP BY merchant_id
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
