-- Write closings through the newest seal: first, for every instant closed before, what has been dated back before
-- it; then, unless `at` is NULL, at that instant for hot accounts that moved and for others once they have `minimum`
-- transfers that no closing sums up (adding up fewer costs nothing); last, over all time ('infinity', which the first
-- step keeps up from then on) for hot accounts and those closed at all.
CREATE FUNCTION ledger_write_closings(at timestamptz, minimum integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    latest ledger_seal;
    before ledger_seal;
    fresh bigint[];
    written integer;
    added integer;
BEGIN
    SELECT * INTO latest FROM ledger_seal ORDER BY sequence DESC LIMIT 1;
    SELECT * INTO before FROM ledger_seal WHERE sequence = (SELECT max(through_seal) FROM ledger_closing);
    IF latest.sequence IS NULL THEN
        RETURN 0;
    END IF;

    WITH sealed AS MATERIALIZED (
        SELECT side.id, t.happened_at, side.debits, side.credits
        FROM ledger_transfer t,
        LATERAL (VALUES (t.debit_id, t.amount, 0), (t.credit_id, 0, t.amount)) AS side (id, debits, credits)
        WHERE t.journal_id > before.settled_id AND t.xid >= before.to_xid AND t.xid < latest.to_xid
    ), touched AS (
        SELECT id, min(happened_at) AS since FROM sealed GROUP BY id
    ), standing AS (
        (SELECT DISTINCT ON (c.account_id, c.instant) c.* FROM touched
        JOIN ledger_closing c ON c.account_id = touched.id AND c.instant >= touched.since AND c.instant < 'infinity'
        ORDER BY c.account_id, c.instant, c.through_seal DESC)
        UNION ALL
        SELECT c.* FROM touched CROSS JOIN LATERAL (
            SELECT * FROM ledger_closing WHERE account_id = touched.id AND instant = 'infinity'
            ORDER BY through_seal DESC LIMIT 1
        ) AS c
    )
    INSERT INTO ledger_closing (account_id, instant, through_seal, debits, credits)
    SELECT standing.account_id, standing.instant, latest.sequence,
        standing.debits + sum(sealed.debits), standing.credits + sum(sealed.credits)
    FROM standing JOIN sealed ON sealed.id = standing.account_id AND sealed.happened_at <= standing.instant
    GROUP BY standing.account_id, standing.instant, standing.debits, standing.credits;
    GET DIAGNOSTICS written = ROW_COUNT;

    IF at IS NOT NULL THEN
        WITH candidate AS (
            SELECT account_id AS id, ledger_write_closings.minimum AS minimum FROM ledger_balance WHERE version >= ledger_write_closings.minimum
            UNION ALL SELECT id, 1 FROM ledger_account WHERE hot
        )
        INSERT INTO ledger_closing (account_id, instant, through_seal, debits, credits)
        SELECT candidate.id, at, latest.sequence,
            coalesce(base.debits, 0) + since.debits, coalesce(base.credits, 0) + since.credits
        FROM candidate
        LEFT JOIN LATERAL (
            SELECT * FROM ledger_closing WHERE account_id = candidate.id AND instant < at
            ORDER BY instant DESC, through_seal DESC LIMIT 1
        ) AS base ON true
        CROSS JOIN LATERAL (
            SELECT count(*) AS transfers, coalesce(sum(amount) FILTER (WHERE debit_id = candidate.id), 0) AS debits,
                coalesce(sum(amount) FILTER (WHERE credit_id = candidate.id), 0) AS credits
            FROM (
                SELECT * FROM ledger_all_transfer WHERE debit_id = candidate.id
                    AND happened_at > coalesce(base.instant, '-infinity') AND happened_at <= at
                UNION ALL
                SELECT * FROM ledger_all_transfer WHERE credit_id = candidate.id
                    AND happened_at > coalesce(base.instant, '-infinity') AND happened_at <= at
            ) AS t
            WHERE t.journal_id <= latest.settled_id OR t.xid < latest.to_xid
        ) AS since
        WHERE since.transfers >= candidate.minimum
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS added = ROW_COUNT;
        written := written + added;
    END IF;

    SELECT array_agg(id) INTO fresh FROM (
        SELECT id FROM ledger_account WHERE hot UNION SELECT account_id FROM ledger_closing WHERE through_seal = latest.sequence
    ) AS kept WHERE NOT EXISTS (SELECT FROM ledger_closing WHERE account_id = kept.id AND instant = 'infinity');
    INSERT INTO ledger_closing (account_id, instant, through_seal, debits, credits)
    SELECT every.account_id, 'infinity', latest.sequence,
        every.debits - coalesce(missed.debits, 0), every.credits - coalesce(missed.credits, 0)
    FROM ledger_sums(fresh, NULL) AS every LEFT JOIN (
        SELECT account_id, sum(debits) AS debits, sum(credits) AS credits
        FROM ledger_uncovered(fresh, latest.sequence, 9223372036854775807) GROUP BY account_id
    ) AS missed USING (account_id)
    WHERE every.debits + every.credits > 0;
    GET DIAGNOSTICS added = ROW_COUNT;
    written := written + added;

    IF written = 0 AND latest.sequence > before.sequence THEN
        -- Nothing moved that is closed: one closing said again, so that reads need not look through all that did.
        INSERT INTO ledger_closing (account_id, instant, through_seal, debits, credits)
        SELECT account_id, instant, latest.sequence, debits, credits FROM ledger_closing
        WHERE through_seal = before.sequence ORDER BY account_id, instant LIMIT 1;
        written := 1;
    END IF;
    RETURN written;
END $$;
