-- The whole write path. These functions run with the owner's rights: the application may post, open and
-- close only through them, and cannot write a row of its own.

-- Post a batch. Journals are parallel arrays; transfers too, each naming its journal by ordinal (ascending)
-- and its accounts by ordinal in `codes` (distinct). Keys are distinct within a batch. A row a journal comes
-- back; a refused journal writes nothing, and later journals see the effect of the accepted ones before them.
CREATE FUNCTION ledger_post(
    keys bytea[], inputs bytea[], events text[], refs text[], happened timestamptz[], currencies text[],
    metadata text[], reversed bigint[],
    codes text[], transfer_journal int[], transfer_position int[], debit int[], credit int[], amounts bigint[]
) RETURNS TABLE (ordinal int, outcome text, journal_id bigint, account text, available bigint, needed bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
-- A plan made while the book was small must not read whole tables when it is large.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    xid bigint := pg_current_xact_id()::text::bigint;  -- before any id is drawn: seals rely on it
    journals int := cardinality(keys);
    transfers int := cardinality(amounts);
    ids bigint[];       -- per code: account id, 0 when unknown
    sides int[];        -- per code: 1 where a debit raises the balance, -1 where a credit does
    closed boolean[];
    floored boolean[];
    room bigint[];      -- per code: minor units above the floor, kept up to date along the batch
    own_currency text[];
    sound boolean;
    mixed boolean;      -- some account of the batch is in another currency than some journal
    debited bigint[] := array_fill(0::bigint, ARRAY[cardinality(codes)]);
    credited bigint[] := array_fill(0::bigint, ARRAY[cardinality(codes)]);
    moves int[] := array_fill(0, ARRAY[cardinality(codes)]);
    known boolean[] := array_fill(false, ARRAY[journals]);
    journal_ids bigint[] := array_fill(0::bigint, ARRAY[journals]);  -- 0 when not posted
    accepted int := 0;
    written int;
    first int;
    next int := 1;
    d int;
    c int;
    culprit int;
    recorded timestamptz;
BEGIN
    SELECT array_agg(coalesce(a.id, 0) ORDER BY named.ordinality), count(DISTINCT a.id) = count(a.id) INTO ids, sound
    FROM unnest(codes) WITH ORDINALITY AS named LEFT JOIN ledger_account a ON a.code = named.named;

    -- Everybody holds balances in account order, then keys in hash order: no two batches can deadlock.
    PERFORM FROM ledger_balance b WHERE b.account_id = ANY (ids) ORDER BY b.account_id FOR UPDATE;

    -- From here on every statement sees what the holders before us committed.
    FOR ordinal, outcome, journal_id IN
        SELECT said.ordinality,
            CASE WHEN k.hash <> said.hash THEN 'already_reversed'
                WHEN k.input_hash = said.input THEN 'replayed' ELSE 'key_reused' END,
            k.journal_id
        FROM unnest(keys, inputs, reversed) WITH ORDINALITY AS said (hash, input, reverses, ordinality)
        CROSS JOIN LATERAL (
            SELECT * FROM ledger_key WHERE hash = said.hash
            UNION ALL
            SELECT * FROM ledger_key WHERE reverses = said.reverses AND hash <> said.hash
                AND NOT EXISTS (SELECT FROM ledger_key WHERE hash = said.hash)
        ) AS k
    LOOP
        known[ordinal] := true;
        RETURN NEXT;
    END LOOP;

    SELECT array_agg(CASE a.normal_side WHEN 'debit' THEN 1 WHEN 'credit' THEN -1 ELSE 0 END ORDER BY n),
        array_agg(a.closed_at IS NOT NULL ORDER BY n),
        array_agg(a.floor IS NOT NULL ORDER BY n),
        array_agg(coalesce(CASE a.normal_side WHEN 'debit' THEN b.debits - b.credits
            ELSE b.credits - b.debits END - a.floor, 0) ORDER BY n),
        array_agg(coalesce(a.currency, '') ORDER BY n),
        coalesce(bool_or(a.currency <> ALL (currencies)), false) OR cardinality(array_remove(currencies, currencies[1])) > 0
    INTO sides, closed, floored, room, own_currency, mixed
    FROM unnest(ids) WITH ORDINALITY AS held (id, n)
    LEFT JOIN ledger_account a ON a.id = held.id LEFT JOIN ledger_balance b ON b.account_id = held.id;

    FOR i IN 1 .. journals LOOP
        first := next;
        WHILE next <= transfers AND transfer_journal[next] = i LOOP
            next := next + 1;
        END LOOP;
        sound := sound AND next > first;
        CONTINUE WHEN known[i];
        outcome := NULL;
        FOR t IN first .. next - 1 LOOP
            FOREACH culprit IN ARRAY ARRAY[debit[t], credit[t]] LOOP
                outcome := CASE WHEN sides[culprit] = 0 THEN 'unknown_account'
                    WHEN mixed AND own_currency[culprit] <> currencies[i] THEN 'currency_mismatch'
                    WHEN closed[culprit] THEN 'account_closed' END;
                EXIT WHEN outcome IS NOT NULL;
            END LOOP;
            EXIT WHEN outcome IS NOT NULL;
        END LOOP;
        IF outcome IS NOT NULL THEN
            ordinal := i; journal_id := NULL; account := codes[culprit];
            RETURN NEXT;
            CONTINUE;
        END IF;

        -- Apply the whole journal, then look: a floor holds after a journal, not between its transfers.
        FOR t IN first .. next - 1 LOOP
            d := debit[t];
            c := credit[t];
            room[d] := room[d] + sides[d] * amounts[t];
            room[c] := room[c] - sides[c] * amounts[t];
        END LOOP;
        culprit := NULL;
        FOR t IN first .. next - 1 LOOP
            d := debit[t];
            c := credit[t];
            IF sides[d] < 0 AND floored[d] AND room[d] < 0 THEN
                culprit := d;
            ELSIF sides[c] > 0 AND floored[c] AND room[c] < 0 THEN
                culprit := c;
            END IF;
            EXIT WHEN culprit IS NOT NULL;
        END LOOP;
        IF culprit IS NULL THEN
            accepted := accepted + 1;
            journal_ids[i] := 1;
            FOR t IN first .. next - 1 LOOP
                d := debit[t];
                c := credit[t];
                debited[d] := debited[d] + amounts[t];
                credited[c] := credited[c] + amounts[t];
                moves[d] := moves[d] + 1;
                moves[c] := moves[c] + 1;
            END LOOP;
        ELSE
            needed := -room[culprit];
            FOR t IN first .. next - 1 LOOP
                d := debit[t];
                c := credit[t];
                room[d] := room[d] - sides[d] * amounts[t];
                room[c] := room[c] + sides[c] * amounts[t];
            END LOOP;
            ordinal := i; outcome := 'insufficient_funds'; journal_id := NULL; account := codes[culprit];
            available := room[culprit];
            needed := needed + available;
            RETURN NEXT;
        END IF;
    END LOOP;
    IF NOT sound OR next <= transfers THEN  -- what follows would write transfers that nobody has checked
        RAISE EXCEPTION 'ledger_post takes distinct codes, and transfers in the order of their journals'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF accepted = 0 THEN
        RETURN;
    END IF;

    SELECT array_agg(CASE mark WHEN 0 THEN 0 ELSE nextval('ledger_id_seq') END) INTO journal_ids
    FROM unnest(journal_ids) AS mark;
    INSERT INTO ledger_key (hash, input_hash, journal_id, reverses)
    SELECT said.hash, said.input, said.id, said.reverses
    FROM unnest(keys, inputs, journal_ids, reversed) AS said (hash, input, id, reverses)
    WHERE said.id > 0 ORDER BY said.hash
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;

    -- A key taken since we looked belongs to a batch that shared no balance row with us. The same journal
    -- shares all its rows, so it touches hot accounts only and the floors stand as computed.
    IF written < accepted THEN
        FOR ordinal, outcome, journal_id IN
            SELECT said.ordinality,
                CASE WHEN k.hash IS NULL THEN 'already_reversed'
                    WHEN k.input_hash = said.input THEN 'replayed' ELSE 'key_reused' END,
                k.journal_id
            FROM unnest(keys, inputs, journal_ids) WITH ORDINALITY AS said (hash, input, id, ordinality)
            LEFT JOIN ledger_key k ON k.hash = said.hash
            WHERE said.id > 0 AND k.journal_id IS DISTINCT FROM said.id
        LOOP
            FOR t IN 1 .. transfers LOOP
                CONTINUE WHEN transfer_journal[t] <> ordinal;
                d := debit[t];
                c := credit[t];
                debited[d] := debited[d] - amounts[t];
                credited[c] := credited[c] - amounts[t];
                moves[d] := moves[d] - 1;
                moves[c] := moves[c] - 1;
                IF accepted > 1 AND EXISTS (
                    SELECT FROM ledger_balance b WHERE b.account_id IN (ids[d], ids[c])
                ) THEN
                    RAISE EXCEPTION 'one key is being used for two different journals at the same moment'
                        USING ERRCODE = 'serialization_failure';
                END IF;
            END LOOP;
            journal_ids[ordinal] := 0;
            account := NULL;
            RETURN NEXT;
        END LOOP;
    END IF;

    recorded := clock_timestamp();
    IF to_regclass('ledger_journal_' || to_char(recorded AT TIME ZONE 'UTC', 'YYYYMM')) IS NULL THEN
        PERFORM ledger_ensure_partitions(1);
    END IF;
    INSERT INTO ledger_journal (id, recorded_at, happened_at, xid, event, reference, currency, metadata)
    SELECT said.id, recorded, said.happened, xid, said.event, said.reference, said.currency, said.metadata::jsonb
    FROM unnest(journal_ids, happened, events, refs, currencies, metadata)
        AS said (id, happened, event, reference, currency, metadata)
    WHERE said.id > 0;
    INSERT INTO ledger_transfer
        (journal_id, recorded_at, happened_at, debit_id, credit_id, amount, position, currency)
    SELECT journal_ids[moved.journal], recorded, happened[moved.journal], ids[moved.debit], ids[moved.credit],
        moved.amount, moved.position, CASE WHEN mixed THEN currencies[moved.journal] ELSE currencies[1] END
    FROM unnest(transfer_journal, transfer_position, debit, credit, amounts)
        AS moved (journal, position, debit, credit, amount)
    WHERE journal_ids[moved.journal] > 0;
    UPDATE ledger_balance b
    SET debits = b.debits + moved.debits, credits = b.credits + moved.credits, version = b.version + moved.moves
    FROM unnest(ids, debited, credited, moves) AS moved (id, debits, credits, moves)
    WHERE b.account_id = moved.id AND moved.moves > 0;

    account := NULL;
    RETURN QUERY SELECT said.n::int, 'posted', said.id, NULL::text, NULL::bigint, NULL::bigint
    FROM unnest(journal_ids) WITH ORDINALITY AS said (id, n) WHERE said.id > 0;
END $$;

-- Open accounts; one that exists with the same definition is left alone. Returns the codes that exist with
-- another definition; then nothing was opened.
CREATE FUNCTION ledger_open(
    codes text[], classes text[], currencies text[], sides text[], floors bigint[], hots boolean[], owners text[],
    at timestamptz
) RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    xid bigint := pg_current_xact_id()::text::bigint;
    clashes text[];
BEGIN
    FOR attempt IN 1 .. 2 LOOP
        SELECT array_agg(a.code) INTO clashes
        FROM unnest(codes, classes, currencies, sides, floors, hots, owners)
            AS spec (code, account_class, currency, side, floor, hot, owner)
        JOIN ledger_account a ON a.code = spec.code
        WHERE (a.account_class, a.currency, a.normal_side, a.floor, a.hot, a.owner)
            IS DISTINCT FROM (spec.account_class, spec.currency, spec.side, spec.floor, spec.hot, spec.owner);
        EXIT WHEN clashes IS NOT NULL;
        WITH opened AS (
            INSERT INTO ledger_account
                (code, account_class, currency, normal_side, floor, hot, owner, opened_at, xid)
            SELECT *, at, xid FROM unnest(codes, classes, currencies, sides, floors, hots, owners) AS spec (code)
            ORDER BY spec.code
            ON CONFLICT (code) DO NOTHING
            RETURNING id, hot
        )
        INSERT INTO ledger_balance (account_id) SELECT id FROM opened WHERE NOT hot;
    END LOOP;
    RETURN clashes;
END $$;

-- Hold the balances of accounts, in account order, until the transaction ends.
CREATE FUNCTION ledger_hold(codes text[])
RETURNS TABLE (code text, hot boolean, balance bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    ids bigint[] := ARRAY(SELECT a.id FROM ledger_account a WHERE a.code = ANY (codes));
BEGIN
    PERFORM FROM ledger_balance b WHERE b.account_id = ANY (ids) ORDER BY b.account_id FOR UPDATE;
    RETURN QUERY SELECT a.code, a.hot,
        CASE a.normal_side WHEN 'debit' THEN b.debits - b.credits ELSE b.credits - b.debits END
    FROM ledger_account a LEFT JOIN ledger_balance b ON b.account_id = a.id WHERE a.id = ANY (ids);
END $$;
