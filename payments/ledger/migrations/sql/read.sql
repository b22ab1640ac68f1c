-- Live months and archived ones together.
CREATE VIEW ledger_all_transfer AS SELECT * FROM ledger_transfer UNION ALL SELECT * FROM ledger_transfer_archive;
CREATE VIEW ledger_all_journal AS
SELECT journal_id AS id, recorded_at, happened_at, xid, event, reference, currency, metadata
FROM ledger_all_transfer WHERE position = 1;

-- What moved these accounts in journals numbered up to `last` that a seal and those before it do not cover. It goes
-- by number of journal alone: `+ 0`, since a hot account has moved in nearly all that there are.
CREATE FUNCTION ledger_uncovered(ids bigint[], seal bigint, last bigint) RETURNS TABLE (account_id bigint,
    happened_at timestamptz, recorded_at timestamptz, debits bigint, credits bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET max_parallel_workers_per_gather = 0 AS $$
SELECT side.id, t.happened_at, t.recorded_at, side.debits, side.credits
FROM ledger_all_transfer t,
    LATERAL (VALUES (t.debit_id, t.amount, 0), (t.credit_id, 0, t.amount)) AS side (id, debits, credits)
WHERE t.journal_id > (SELECT settled_id FROM ledger_seal WHERE sequence = seal) AND t.journal_id <= last
    AND (t.debit_id + 0 = ANY (ids) OR t.credit_id + 0 = ANY (ids)) AND side.id = ANY (ids)
    AND (t.journal_id > (SELECT high_id FROM ledger_seal WHERE sequence = seal)
        OR t.xid >= (SELECT to_xid FROM ledger_seal WHERE sequence = seal))
$$;

-- Sums of the accounts' transfers (numeric: a hot account's may leave 64 bits) that happened up to `at` (NULL: all of
-- them): the newest closing at or before that instant, what happened since, and what was dated back before it after the closings were made.
CREATE FUNCTION ledger_sums(ids bigint[], at timestamptz)
RETURNS TABLE (account_id bigint, debits numeric, credits numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off AS $$  -- also while the statistics are young
WITH base AS MATERIALIZED (
    SELECT account.id, c.instant, coalesce(c.debits, 0) AS debits, coalesce(c.credits, 0) AS credits
    FROM unnest(ids) AS account (id)
    LEFT JOIN LATERAL (
        SELECT * FROM ledger_closing WHERE account_id = account.id AND instant <= coalesce(at, 'infinity')
        ORDER BY instant DESC, through_seal DESC LIMIT 1
    ) AS c ON true
), late AS (
    SELECT base.id, sum(missed.debits) AS debits, sum(missed.credits) AS credits
    FROM ledger_uncovered(ARRAY(SELECT id FROM base WHERE instant IS NOT NULL),
        (SELECT max(through_seal) FROM ledger_closing), 9223372036854775807) AS missed
    JOIN base ON base.id = missed.account_id AND missed.happened_at <= base.instant GROUP BY base.id
)
SELECT base.id, (base.debits + coalesce(since_debit.amount, 0) + coalesce(late.debits, 0)),
    (base.credits + coalesce(since_credit.amount, 0) + coalesce(late.credits, 0))
FROM base
CROSS JOIN LATERAL (
    SELECT sum(amount) AS amount FROM ledger_all_transfer WHERE debit_id = base.id
    AND happened_at > coalesce(base.instant, '-infinity') AND happened_at <= coalesce(at, 'infinity')
) AS since_debit
CROSS JOIN LATERAL (
    SELECT sum(amount) AS amount FROM ledger_all_transfer WHERE credit_id = base.id
    AND happened_at > coalesce(base.instant, '-infinity') AND happened_at <= coalesce(at, 'infinity')
) AS since_credit
LEFT JOIN late ON late.id = base.id
$$;

-- Sums of the accounts' transfers that were recorded up to `at`, whenever they happened: the closing over all time
-- that was sealed by then, and what was recorded between its seal and `at`. What was recorded by `at` has an id below
-- the counter as a sealing noted it that began after it.
CREATE FUNCTION ledger_sums_as_recorded(ids bigint[], at timestamptz)
RETURNS TABLE (account_id bigint, debits numeric, credits numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off AS $$
WITH cut AS MATERIALIZED (
    SELECT max(through_seal) AS sequence, coalesce((
        SELECT last_id FROM ledger_seal WHERE last_id > 0
            AND sealed_at > (SELECT min(sealed_at) FROM ledger_seal WHERE sealed_at > at)
        ORDER BY sealed_at LIMIT 1
    ), (SELECT last_value FROM ledger_id_seq)) AS last_id
    FROM ledger_closing WHERE through_seal <= (
        SELECT sequence FROM ledger_seal WHERE sealed_at <= at ORDER BY sealed_at DESC, sequence DESC LIMIT 1)
), base AS MATERIALIZED (
    SELECT account.id, c.account_id IS NOT NULL AS closed, coalesce(c.debits, 0) AS debits, coalesce(c.credits, 0) AS credits
    FROM unnest(ids) AS account (id)
    LEFT JOIN LATERAL (
        SELECT * FROM ledger_closing WHERE account_id = account.id AND instant = 'infinity'
            AND through_seal <= (SELECT sequence FROM cut)
        ORDER BY through_seal DESC LIMIT 1
    ) AS c ON true
), since AS (
    SELECT account_id AS id, sum(debits) AS debits, sum(credits) AS credits
    FROM ledger_uncovered(ARRAY(SELECT id FROM base WHERE closed), (SELECT sequence FROM cut), (SELECT last_id FROM cut))
    WHERE recorded_at <= at GROUP BY account_id
)
SELECT base.id,
    (base.debits + coalesce(since.debits, 0) + coalesce(CASE WHEN NOT base.closed THEN (
        SELECT sum(amount) FROM ledger_all_transfer WHERE debit_id = base.id AND recorded_at <= at) END, 0)),
    (base.credits + coalesce(since.credits, 0) + coalesce(CASE WHEN NOT base.closed THEN (
        SELECT sum(amount) FROM ledger_all_transfer WHERE credit_id = base.id AND recorded_at <= at) END, 0))
FROM base LEFT JOIN since ON since.id = base.id
$$;

-- Present sums: the balance row, or for a hot account the closings and what came after.
CREATE FUNCTION ledger_sums_now(ids bigint[])
RETURNS TABLE (account_id bigint, debits numeric, credits numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off AS $$
SELECT account_id, debits::numeric, credits::numeric FROM ledger_balance WHERE account_id = ANY (ids)
UNION ALL
SELECT * FROM ledger_sums(ARRAY(SELECT id FROM ledger_account WHERE id = ANY (ids) AND hot), NULL)
$$;
