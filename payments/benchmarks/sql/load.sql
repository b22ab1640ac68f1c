-- One batch, made here so that only the posting costs: every fourth journal is to the hot account.
WITH journal AS (
    SELECT n, 1 + (n * 7919 + hashtext(%(prefix)s)::bigint & 65535) %% %(accounts)s AS debit FROM generate_series(1, %(size)s) AS n
), named AS (
    SELECT n, 'a:' || debit AS debit,
        CASE WHEN n %% 4 = 0 THEN 'hot:1' ELSE 'a:' || 1 + (debit + n %% (%(accounts)s - 1)) %% %(accounts)s END AS credit
    FROM journal
), code AS (
    SELECT code, row_number() OVER (ORDER BY code COLLATE "C") AS number
    FROM (SELECT debit AS code FROM named UNION SELECT credit FROM named) AS every
)
SELECT posted[1] FROM (
    SELECT array_agg(ledger_half(sha256(convert_to(%(prefix)s || ':' || n, 'UTF8'))) ORDER BY n) AS keys,
        array_agg('payment_captured'::text) AS events, array_agg('payment:' || n ORDER BY n) AS refs,
        array_agg(%(happened)s::timestamptz + n * interval '1 second') AS happened, array_agg('EUR'::text) AS currencies,
        array_agg('{}'::jsonb) AS metadata, array_agg(n::int ORDER BY n) AS numbers, array_agg(1) AS positions,
        array_agg(debit.number::int ORDER BY n) AS debits, array_agg(credit.number::int ORDER BY n) AS credits,
        array_agg(100::bigint) AS amounts
    FROM named JOIN code debit ON debit.code = named.debit JOIN code credit ON credit.code = named.credit
) AS batch, ledger_post(batch.keys, batch.events, batch.refs, batch.happened, batch.currencies, batch.metadata, NULL,
    (SELECT array_agg(code ORDER BY code COLLATE "C") FROM code), batch.numbers, batch.positions, batch.debits,
    batch.credits, batch.amounts)
