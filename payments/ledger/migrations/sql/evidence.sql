-- Seals, and what they and verification are made of: what the rows say now, hashed anew.
CREATE FUNCTION ledger_micros(moment timestamptz) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT (extract(epoch FROM moment) * 1000000)::bigint
$$;

-- Journals and keys with ids from `low` to `high`: the hash a seal covers, and what is wrong with the rows, if anything.
CREATE FUNCTION ledger_evidence(low bigint, high bigint)
RETURNS TABLE (id bigint, xid bigint, leaf bytea, transfers bigint, problem text)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off SET work_mem = '64MB' AS $$
SELECT coalesce(j.id, k.journal_id, t.journal_id), j.xid,
    sha256(convert_to(concat_ws('|', j.id, ledger_micros(j.recorded_at), j.xid, k.hash, said.content), 'UTF8')),
    coalesce(t.number, 0),
    CASE WHEN j.id IS NULL AND k.hash IS NULL THEN 'has transfers and no row of its own'
        WHEN j.id IS NULL THEN 'was removed: only its key is left'
        WHEN k.hash IS NULL THEN 'was added, or its key removed: it has no key'
        WHEN count(*) OVER (PARTITION BY j.id) > 1 THEN 'stands there twice'
        WHEN (ledger_half(said.content), t.number, t.recorded_at, t.happened_at, t.currency, t.xid, t.spoken)
            IS DISTINCT FROM (k.input_hash, t.last, j.recorded_at, j.happened_at, j.currency, j.xid, 3)
            THEN format('(%s %s) or its transfers were changed', j.event, j.reference) END
FROM (SELECT * FROM ledger_all_journal WHERE id BETWEEN low AND high) AS j
FULL JOIN (SELECT * FROM ledger_key WHERE journal_id BETWEEN low AND high) AS k ON k.journal_id = j.id
FULL JOIN (
    -- What every transfer of a journal repeats must be the same, and only the first says event, reference, metadata;
    -- and there are as many as the last one's position.
    SELECT journal_id, count(*) AS number, max(position)::bigint AS last,
        CASE min(recorded_at) WHEN max(recorded_at) THEN min(recorded_at) END AS recorded_at,
        CASE min(happened_at) WHEN max(happened_at) THEN min(happened_at) END AS happened_at,
        CASE min(currency) WHEN max(currency) THEN min(currency) END AS currency,
        CASE min(xid) WHEN max(xid) THEN min(xid) END AS xid, count(event) + count(reference) + count(metadata) AS spoken,
        string_agg(debit_id || '>' || credit_id || '=' || amount || ',', '' ORDER BY position) AS said
    FROM ledger_all_transfer WHERE journal_id BETWEEN low AND high GROUP BY journal_id
) AS t ON t.journal_id = coalesce(j.id, k.journal_id)
CROSS JOIN LATERAL (SELECT ledger_content(j.event, j.reference, j.happened_at, j.currency, j.metadata, k.reverses,
    t.said) AS content) AS said
$$;

-- The same for accounts' definitions.
CREATE VIEW ledger_account_evidence AS
SELECT id, xid, sha256(convert_to(concat_ws('|', id, xid, length(code), length(owner), account_class, currency,
    normal_side, coalesce(floor::text, '-'), hot, ledger_micros(opened_at), code, owner), 'UTF8')) AS leaf
FROM ledger_account;

-- What journals with ids from `low` to `high` did to each account, in the order they were posted; `lowest` and `highest`
-- are the extremes of debits less credits after any of them, from zero. Only transactions from `after` on count.
CREATE FUNCTION ledger_effects(low bigint, high bigint, after bigint)
RETURNS TABLE (account_id bigint, debits numeric, credits numeric, moves bigint, lowest numeric, highest numeric,
    mixed boolean)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET jit = off SET work_mem = '64MB' AS $$
SELECT account_id, sum(debits), sum(credits), sum(moves)::bigint, min(running), max(running), bool_or(mixed)
FROM (
    SELECT side.account_id, sum(side.debits) AS debits, sum(side.credits) AS credits, count(*) AS moves,
        sum(sum(side.debits - side.credits)) OVER (PARTITION BY side.account_id ORDER BY t.journal_id) AS running,
        bool_or(t.currency IS DISTINCT FROM a.currency) AS mixed
    FROM ledger_all_transfer t
    CROSS JOIN LATERAL (VALUES (t.debit_id, t.amount, 0), (t.credit_id, 0, t.amount)) AS side (account_id, debits, credits)
    LEFT JOIN ledger_account a ON a.id = side.account_id
    WHERE t.journal_id BETWEEN low AND high
        AND t.xid >= after
    GROUP BY side.account_id, t.journal_id
) AS journal GROUP BY account_id
$$;

-- The hash of a seal, given the hashes of all the leaves of accounts and of journals that it covers.
CREATE FUNCTION ledger_seal_hash(seal ledger_seal, accounts bytea, journals bytea) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT sha256(convert_to(concat_ws('|', seal.sequence, ledger_micros(seal.sealed_at), seal.to_xid, seal.next_xid,
    seal.last_id, seal.settled_id, seal.high_id), 'UTF8') || seal.previous || accounts || journals || sha256(seal.leaves))
$$;

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
    FOR look IN 1 .. 10 LOOP  -- one that ended between the snapshot and the look at its locks is gone the next time
        seen := pg_current_snapshot();
        -- The snapshot's xmax may lie below transactions already under way: it follows the last one that ended.
        SELECT least(next_xid, pg_snapshot_xmax(seen)::text::bigint, min(running::text::bigint)) INTO oldest_xid
        FROM pg_snapshot_xip(seen) AS running
        WHERE NOT EXISTS (
            SELECT FROM pg_locks JOIN pg_stat_activity elsewhere USING (pid)
            WHERE pg_locks.transactionid = running::xid AND pg_locks.granted
                AND elsewhere.datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
        );
        EXIT WHEN oldest_xid = next_xid;
    END LOOP;
    read_at := clock_timestamp();
END $$;

-- Seal what can no longer change, `batch` journals a seal at most, or an eighth of what waits: after a large load the
-- rest is looked through for each seal. Returns how many seals were written, 0 when another
-- sealer is at work; or, negative, the transaction number to reset a counter to that is behind the seals.
CREATE FUNCTION ledger_seal(batch integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    seen record;
    last ledger_seal;
    following ledger_seal;
    unsealed bigint;
    newest bigint;
    low bigint;
    high bigint;
    accounts bytea;
    journals bytea;
    written bigint := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('ledger_seal', 0)) THEN
        RETURN 0;
    END IF;
    SELECT * INTO seen FROM ledger_horizon();
    SELECT * INTO last FROM ledger_seal ORDER BY sequence DESC LIMIT 1;
    IF seen.next_xid < last.next_xid THEN
        RETURN -(last.next_xid % (1::bigint << 32) + 1000);
    END IF;
    last.sequence := coalesce(last.sequence, 0);
    SELECT greatest(batch, count(*) / 8 + 1) INTO batch FROM ledger_transfer
    WHERE position = 1 AND journal_id > coalesce(last.settled_id, 0) AND xid >= coalesce(last.to_xid, 0) AND xid < seen.oldest_xid;
    WHILE coalesce(last.to_xid, 0) < seen.oldest_xid LOOP
        following := (last.sequence + 1, seen.read_at, seen.oldest_xid, seen.next_xid, seen.last_id,
            coalesce(last.settled_id, 0), coalesce(last.high_id, 0), '', coalesce(last.hash, decode(repeat('00', 32), 'hex')), NULL);
        SELECT count(*), max(xid), min(id), max(id) INTO unsealed, newest, low, high FROM (
            SELECT xid, journal_id AS id FROM ledger_transfer
            WHERE position = 1 AND journal_id > following.settled_id AND xid >= coalesce(last.to_xid, 0) AND xid < seen.oldest_xid
            ORDER BY xid LIMIT batch
        ) AS oldest;
        IF unsealed = batch AND EXISTS (SELECT FROM ledger_transfer
                WHERE journal_id > following.settled_id AND xid > newest AND xid < seen.oldest_xid) THEN
            following.to_xid := newest + 1;
            SELECT min(journal_id), max(journal_id) INTO low, high FROM ledger_transfer
            WHERE journal_id > following.settled_id AND xid >= coalesce(last.to_xid, 0) AND xid <= newest;
        END IF;
        SELECT string_agg(leaf, '' ORDER BY id), string_agg(int8send(id) || substr(leaf, 1, 8), '' ORDER BY id)
        INTO accounts, following.leaves FROM ledger_account_evidence
        WHERE id > following.settled_id AND xid >= coalesce(last.to_xid, 0) AND xid < following.to_xid;
        SELECT string_agg(leaf, '' ORDER BY id), coalesce(following.leaves, '')
            || coalesce(string_agg(int8send(id) || substr(leaf, 1, 8), '' ORDER BY id), '')
        INTO journals, following.leaves FROM ledger_evidence(low, high)
        WHERE xid >= coalesce(last.to_xid, 0) AND xid < following.to_xid;
        EXIT WHEN accounts IS NULL AND journals IS NULL;
        SELECT greatest(following.settled_id, max(last_id), CASE WHEN seen.next_xid <= following.to_xid THEN seen.last_id END)
        INTO following.settled_id FROM ledger_seal
        WHERE next_xid <= following.to_xid AND last_id > following.settled_id;
        following.high_id := greatest(following.high_id, high);
        following.hash := ledger_seal_hash(following, sha256(coalesce(accounts, '')), sha256(coalesce(journals, '')));
        INSERT INTO ledger_seal SELECT following.*;
        last := following;
        written := written + 1;
    END LOOP;
    RETURN written;
END $$;
