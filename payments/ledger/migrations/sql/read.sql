-- Sums of the accounts' transfers that happened up to `at` (NULL: all of them): the newest closing at or
-- before that instant, what happened since, and what was dated back before it after the closings were made.
CREATE FUNCTION ledger_sums(ids bigint[], at timestamptz)
RETURNS TABLE (account_id bigint, debits bigint, credits bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off
SET enable_seqscan = off SET enable_mergejoin = off AS $$  -- also while the statistics are young
WITH closed_through AS (
    SELECT sequence, to_xid, settled_id FROM ledger_seal
    WHERE sequence = (SELECT max(through_seal) FROM ledger_closing)
), base AS MATERIALIZED (
    SELECT account.id, c.instant, coalesce(c.debits, 0) AS debits, coalesce(c.credits, 0) AS credits
    FROM unnest(ids) AS account (id)
    LEFT JOIN LATERAL (
        SELECT * FROM ledger_closing WHERE account_id = account.id AND instant <= coalesce(at, 'infinity')
        ORDER BY instant DESC, through_seal DESC LIMIT 1
    ) AS c ON true
), late AS (
    SELECT base.id, sum(side.debits) AS debits, sum(side.credits) AS credits
    FROM closed_through, ledger_transfer t, ledger_journal j,
        LATERAL (VALUES (t.debit_id, t.amount, 0), (t.credit_id, 0, t.amount)) AS side (id, debits, credits), base
    WHERE t.journal_id > closed_through.settled_id AND t.happened_at <= (SELECT max(instant) FROM base)
        AND j.id = t.journal_id AND j.recorded_at = t.recorded_at AND j.xid >= closed_through.to_xid
        AND base.id = side.id AND t.happened_at <= base.instant
    GROUP BY base.id
)
SELECT base.id, (base.debits + coalesce(since_debit.amount, 0) + coalesce(late.debits, 0))::bigint,
    (base.credits + coalesce(since_credit.amount, 0) + coalesce(late.credits, 0))::bigint
FROM base
CROSS JOIN LATERAL (
    SELECT sum(amount) AS amount FROM ledger_transfer WHERE debit_id = base.id
    AND happened_at > coalesce(base.instant, '-infinity') AND happened_at <= coalesce(at, 'infinity')
) AS since_debit
CROSS JOIN LATERAL (
    SELECT sum(amount) AS amount FROM ledger_transfer WHERE credit_id = base.id
    AND happened_at > coalesce(base.instant, '-infinity') AND happened_at <= coalesce(at, 'infinity')
) AS since_credit
LEFT JOIN late ON late.id = base.id
$$;

-- Sums of the accounts' transfers that were recorded up to `at`, whenever they happened.
CREATE FUNCTION ledger_sums_as_recorded(ids bigint[], at timestamptz)
RETURNS TABLE (account_id bigint, debits bigint, credits bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off AS $$
SELECT account.id,
    (SELECT coalesce(sum(amount), 0) FROM ledger_transfer WHERE debit_id = account.id AND recorded_at <= at)::bigint,
    (SELECT coalesce(sum(amount), 0) FROM ledger_transfer WHERE credit_id = account.id AND recorded_at <= at)::bigint
FROM unnest(ids) AS account (id)
$$;

-- Present sums: the balance row, or for a hot account the closings and what came after.
CREATE FUNCTION ledger_sums_now(ids bigint[])
RETURNS TABLE (account_id bigint, debits bigint, credits bigint)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off AS $$
SELECT account_id, debits, credits FROM ledger_balance WHERE account_id = ANY (ids)
UNION ALL
SELECT * FROM ledger_sums(ARRAY(SELECT id FROM ledger_account WHERE id = ANY (ids) AND hot), NULL)
$$;

-- Close an account. Postings to it wait for its balance row; a hot account has none, so its closing waits for
-- every posting under way and holds new ones back until it is done.
CREATE FUNCTION ledger_close(code text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    account ledger_account;
BEGIN
    SELECT * INTO account FROM ledger_account a WHERE a.code = ledger_close.code;
    IF account.id IS NULL THEN
        RETURN 'unknown_account';
    END IF;
    IF account.hot THEN
        LOCK TABLE ledger_account IN ACCESS EXCLUSIVE MODE;
    ELSE
        PERFORM FROM ledger_balance WHERE account_id = account.id FOR UPDATE;
    END IF;
    IF (SELECT debits <> credits FROM ledger_sums_now(ARRAY[account.id])) THEN
        RETURN 'account_not_empty';
    END IF;
    UPDATE ledger_account SET closed_at = at WHERE id = account.id AND closed_at IS NULL;
    RETURN 'closed';
END $$;

-- What may be sealed: this database's transactions below oldest_xid have all ended (other databases' do not
-- matter; one whose database cannot be told counts as ours). next_xid is our own transaction: it began after
-- last_id was read, so whatever has an id at or above it draws only numbers above last_id.
CREATE FUNCTION ledger_horizon(OUT last_id bigint, OUT oldest_xid bigint, OUT next_xid bigint, OUT read_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seen pg_snapshot;
BEGIN
    SELECT s.last_value INTO last_id FROM ledger_id_seq s
    WHERE s.is_called AND pg_current_xact_id_if_assigned() IS NULL;  -- else it began too early to tell
    last_id := coalesce(last_id, 0);
    next_xid := pg_current_xact_id()::text::bigint;
    seen := pg_current_snapshot();
    -- The snapshot's xmax may lie below transactions already under way: it follows the last one that ended.
    SELECT least(next_xid, pg_snapshot_xmax(seen)::text::bigint, min(running::text::bigint)) INTO oldest_xid
    FROM pg_snapshot_xip(seen) AS running
    WHERE NOT EXISTS (
        SELECT FROM pg_locks JOIN pg_stat_activity elsewhere USING (pid)
        WHERE pg_locks.transactionid = running::xid AND pg_locks.granted
            AND elsewhere.datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
    );
    read_at := clock_timestamp();
END $$;
