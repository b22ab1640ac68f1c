-- Consignments that were paid, delivered and released, each with its rows of payments; a few large merchants sell most.
-- The ledger's money for them is posted by the caller, a merchant at a time.
SELECT setseed(0.42);

INSERT INTO payments_payment (key, fingerprint, reference, payer, currency, amount, state, refusal, return_url,
                              created_at, expires_at, resolved_at)
SELECT 'bench:' || n, repeat('0', 64), 'bench-' || n, 'user:' || n, 'EUR', 2000 + n %% 9000, 'captured', '', '',
       %(at)s::timestamptz, %(at)s, %(at)s
FROM generate_series(1, %(consignments)s) AS n;

INSERT INTO payments_part (payment_id, position, reference, merchant, currency, goods, shipping, amount,
                           commission_bps, commission_vat_bps, settle_days, captured, released, refunded_before,
                           refunded_after, cancelled, unsettled_released, unsettled_refunded, state, settle_on,
                           created_at)
SELECT id, 0, reference || '-1', 'merchant:' || merchant, 'EUR', amount, 0, amount, 1000, 2000, 2, amount, amount, 0,
       refund, 0, amount - fee - vat, refund - refund_fee - refund_vat, 'released', %(day)s, created_at
FROM (
    SELECT *, round(fee * 0.2)::bigint AS vat, round(refund_fee * 0.2)::bigint AS refund_vat
    FROM (
        SELECT *, round(amount * 0.1)::bigint AS fee, round(refund * 0.1)::bigint AS refund_fee
        FROM (
            SELECT id, reference, amount, created_at,
                   CASE WHEN substr(key, 7)::bigint %% 20 = 0 THEN 500 ELSE 0 END AS refund,
                   CASE WHEN substr(key, 7)::bigint <= %(merchants)s THEN substr(key, 7)::bigint
                        ELSE 1 + floor(%(merchants)s * random() ^ 2)::bigint END AS merchant
            FROM payments_payment
        ) AS drawn
    ) AS charged
) AS taxed;

INSERT INTO payments_release (key, amount, at, journal_id, part_id, commission, vat, deducted, net)
SELECT 'bench:' || id, amount, %(at)s, id, id, commission, amount - unsettled_released - commission, 0,
       unsettled_released
FROM (SELECT *, round(amount * 0.1)::bigint AS commission FROM payments_part) AS sold;

INSERT INTO payments_refund (key, amount, at, journal_id, part_id, reason, from_escrow, from_pending, from_available,
                             from_reserve, from_receivable, commission, vat)
SELECT 'bench:' || id, refunded_after, %(at)s, id, id, 'bench', 0, unsettled_refunded, 0, 0, 0, commission,
       refunded_after - unsettled_refunded - commission
FROM (SELECT *, round(refunded_after * 0.1)::bigint AS commission FROM payments_part WHERE refunded_after > 0) AS back;

CREATE TABLE bench_bare (id bigint PRIMARY KEY, amount bigint NOT NULL, state text NOT NULL);
INSERT INTO bench_bare SELECT n, n, 'released' FROM generate_series(1, %(consignments)s) AS n;
