    -- Every offer of these products (members) by active merchants, with how good it is and its place among the offers
    -- of the same product. The one place where offers are scored. Each part is a share of the best: 0 to 1.
    WITH weights AS (
        SELECT version, price, speed, quality, stock FROM offers_buyboxweights ORDER BY version DESC LIMIT 1
    ), offered AS (
        SELECT p.id AS product_id, coalesce(p.parent_id, p.id) AS family_id, s.id AS stockrecord_id,
               m.id AS merchant_id, m.name AS merchant_name, s.price_currency AS currency, s.price,
               s.condition, kind.requires_shipping,
               -- What the store said of its usual way of delivery, else what is usual here.
               CASE WHEN terms.id IS NULL THEN coalesce(m.delivery_charge, %(charge)s) ELSE way.charge END AS charge,
               CASE WHEN terms.id IS NULL THEN coalesce(m.delivery_free_from, %(free_from)s) ELSE way.free_from END
                   AS free_from,
               s.handling_days + CASE WHEN terms.id IS NULL THEN %(days)s
                                      ELSE terms.handling_days + way.transit_days END AS carried_days,
               CASE WHEN s.num_in_stock IS NULL THEN NULL
                    ELSE greatest(s.num_in_stock - coalesce(s.num_allocated, 0), 0) END AS free,
               s.num_in_stock IS NULL OR s.num_in_stock > coalesce(s.num_allocated, 0) AS in_stock,
               round(s.price * power(10, coalesce((%(exponents)s::jsonb ->> s.price_currency)::int, 2)))::bigint
                   AS minor,
               coalesce(standing.quality, 0.75) AS quality_share
        FROM partner_stockrecord s
        JOIN merchants_merchant m ON m.partner_id = s.partner_id AND m.status = 'active'
        JOIN catalogue_product p ON p.id = s.product_id AND p.is_public
        LEFT JOIN catalogue_product parent ON parent.id = p.parent_id
        LEFT JOIN catalogue_productclass kind ON kind.id = coalesce(p.product_class_id, parent.product_class_id)
        LEFT JOIN delivery_deliveryterms terms ON terms.merchant_id = m.id
        LEFT JOIN LATERAL (
            SELECT charge, free_from, transit_days FROM delivery_deliverymethod WHERE terms_id = terms.id
            ORDER BY array_position(ARRAY['standard', 'express', 'pickup'], code::text) LIMIT 1
        ) way ON true
        LEFT JOIN offers_merchantstanding standing ON standing.merchant_id = m.id
        WHERE s.product_id = ANY(%(members)s) AND s.price IS NOT NULL AND coalesce(parent.is_public, true)
    ), delivered AS (
        SELECT offered.*,
               minor + CASE WHEN requires_shipping IS NOT DISTINCT FROM false OR minor >= free_from THEN 0
                            ELSE coalesce(charge, 0) END AS landed,
               CASE WHEN requires_shipping IS NOT DISTINCT FROM false THEN 1
                    ELSE greatest(coalesce(carried_days, %(days)s), 1) END AS days
        FROM offered
    ), compared AS (
        SELECT delivered.*,
               min(landed) FILTER (WHERE in_stock) OVER (PARTITION BY product_id, currency) AS least_landed,
               min(days) FILTER (WHERE in_stock) OVER (PARTITION BY product_id) AS least_days
        FROM delivered
    ), shared AS (
        SELECT compared.*,
               CASE WHEN landed = 0 THEN 1.0 ELSE least(1.0, coalesce(least_landed, landed)::float / landed) END
                   AS price_share,
               least(1.0, coalesce(least_days, days)::float / days) AS speed_share,
               CASE WHEN free IS NULL THEN 1.0 ELSE least(1.0, free / 10.0) END AS stock_share
        FROM compared
    ), scored AS (
        SELECT shared.*, weights.version, weights.price AS price_weight, weights.speed AS speed_weight,
               weights.quality AS quality_weight, weights.stock AS stock_weight,
               (weights.price * price_share + weights.speed * speed_share + weights.quality * quality_share
                   + weights.stock * stock_share) / 10000.0 AS score
        FROM shared CROSS JOIN weights
    )
    -- What can be bought comes before what cannot, new before used; the score decides among these.
    SELECT scored.*, row_number() OVER (
        PARTITION BY product_id ORDER BY in_stock DESC, condition = 'new' DESC, score DESC, landed, stockrecord_id
    ) AS place
    FROM scored
