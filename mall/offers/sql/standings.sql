-- How every merchant did since a day: what buyers say, drawn towards four stars until there are some reviews, less what
-- came late or never; a share counts against twenty parcels that went well, so that one mishap ends nobody.
INSERT INTO offers_merchantstanding (
    merchant_id, rating, reviews, sent, late_bps, cancelled_bps, quality, counted_at
)
SELECT m.id, said.rating, coalesce(said.reviews, 0), coalesce(done.sent, 0),
       coalesce(done.late * 10000 / nullif(done.sent, 0), 0),
       coalesce(done.cancelled * 10000 / nullif(done.confirmed, 0), 0),
       ((coalesce(said.rating * said.reviews, 0) + 4.0 * 5) / (coalesce(said.reviews, 0) + 5) - 1) / 4
           * (1 - coalesce(done.late, 0)::float / (coalesce(done.sent, 0) + 20))
           * greatest(0, 1 - 2 * coalesce(done.cancelled, 0)::float / (coalesce(done.confirmed, 0) + 20)),
       %(at)s
FROM merchants_merchant m
LEFT JOIN (
    SELECT merchant_id, avg(score)::float AS rating, count(*) AS reviews FROM fulfilment_merchantreview
    WHERE at <= %(at)s GROUP BY merchant_id
) said ON said.merchant_id = m.id
LEFT JOIN (
    SELECT merchant_id,
           count(*) FILTER (WHERE dispatched_at > %(since)s) AS sent,
           count(*) FILTER (WHERE dispatched_at > %(since)s AND coalesce(delivered_at, %(at)s) > promised_by) AS late,
           count(*) FILTER (WHERE confirmed_at > %(since)s) AS confirmed,
           count(*) FILTER (WHERE confirmed_at > %(since)s AND status = 'cancelled') AS cancelled
    FROM fulfilment_consignment WHERE confirmed_at IS NOT NULL AND placed_at > %(since)s - interval '30 days'
    GROUP BY merchant_id
) done ON done.merchant_id = m.id
ON CONFLICT (merchant_id) DO UPDATE SET
    rating = excluded.rating, reviews = excluded.reviews, sent = excluded.sent, late_bps = excluded.late_bps,
    cancelled_bps = excluded.cancelled_bps, quality = excluded.quality, counted_at = excluded.counted_at
