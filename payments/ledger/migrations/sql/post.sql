-- The whole write path. These functions run with the owner's rights: the application may post, open and
-- close only through them, and cannot write a row of its own.

-- The hash of what a journal says; lengths come first, so that no two journals read alike. `transfers` is
-- 'debit id>credit id=amount,' for each in its order.
CREATE FUNCTION ledger_content(event text, reference text, happened_at timestamptz, currency text, metadata jsonb,
    reverses bigint, transfers text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT sha256(convert_to(concat_ws('|', length(event), length(reference),
    (extract(epoch FROM happened_at) * 1000000)::bigint, currency, coalesce(reverses, 0), event, reference, transfers,
    metadata), 'UTF8'))
$$;

-- The first half of a hash, as keys and inputs are remembered.
CREATE FUNCTION ledger_half(hash bytea) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT encode(substr(hash, 1, 16), 'hex')::uuid
$$;

-- Post a batch. Journals are parallel arrays; transfers too, each naming its journal by ordinal (ascending), its
-- position in it, and its accounts by ordinal in `codes` (distinct, in C order, in which everybody locks). Keys are distinct within a batch;
-- `metadata` is NULL for none;
-- `reverses` goes with a journal alone. Returns an id a journal, negative where its key had posted it before, 0
-- where it was refused, and a JSON list of the refusals. A refused journal writes nothing, and later journals see
-- the effect of the accepted ones before them.
--
-- Written for few expressions: each costs a microsecond anew in every transaction.
CREATE FUNCTION ledger_post(
    keys uuid[], events text[], refs text[], happened timestamptz[], currencies text[], metadata jsonb[],
    reverses bigint, codes text[], transfer_journal int[], positions int[], debit int[], credit int[],
    amounts bigint[], OUT posted bigint[], OUT refused text
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET jit = off
-- A plan made while the book was small must not read whole tables when it is large; and joins must keep the
-- order of `codes`, which is the order in which everybody locks.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    too_much CONSTANT bigint := 4611686018427387904;  -- 2^62: one more journal still fits in 64 bits
    xid bigint := pg_current_xact_id()::text::bigint;  -- before any id is drawn: seals rely on it
    ids bigint[];
    flaws text[];      -- why an account takes no transfer, NULL when it does
    own_currency text[];
    sides int[];       -- 1 where a debit raises the balance, -1 where a credit does
    floors bigint[];
    debited bigint[];  -- sums of the accounts, kept up to date along the batch
    credited bigint[];
    moves int[];
    held int;          -- how many of them have a balance
    sound boolean;     -- every account takes transfers, all in one currency
    inputs uuid[];
    known bigint[];
    known_input uuid[];
    refusals jsonb[];
    refusal text;
    accepted int := 0;
    written int;
    attempts int := 0;
    next int := 1;
    first int;
    said text;
    culprit int;
    room bigint;       -- left above the floor after a journal, below zero where it fell
    available bigint;  -- before it
    recorded timestamptz;
    d int;
    c int;
BEGIN
    LOOP  -- again when a key is taken, or may be
        -- Everybody holds balances in account order, then keys in hash order: no two batches can deadlock.
        SELECT array_agg(coalesce(a.id, 0)), array_agg(CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END),
            array_agg(a.floor), array_agg(coalesce(b.debits, 0)), array_agg(coalesce(b.credits, 0)), array_agg(0),
            count(b.account_id), bool_and(a.currency IS NOT DISTINCT FROM currencies[1]
                AND NOT coalesce(b.closed, a.closed_at IS NOT NULL)) AND array_remove(currencies, currencies[1]) = '{}'
        INTO ids, sides, floors, debited, credited, moves, held, sound
        FROM generate_series(1, cardinality(codes)) AS n
        LEFT JOIN ledger_account a ON a.code = codes[n]
        LEFT JOIN LATERAL (SELECT * FROM ledger_balance WHERE account_id = a.id FOR NO KEY UPDATE) AS b ON true;
        IF NOT sound THEN
            SELECT array_agg(a.currency), array_agg(CASE WHEN a.id IS NULL THEN 'unknown_account'
                WHEN coalesce(b.closed, a.closed_at IS NOT NULL) THEN 'account_closed' END)
            INTO own_currency, flaws
            FROM generate_series(1, cardinality(codes)) AS n
            LEFT JOIN ledger_account a ON a.code = codes[n] LEFT JOIN ledger_balance b ON b.account_id = a.id;
        END IF;

        FOR i IN 1 .. cardinality(keys) LOOP
            -- Apply the whole journal, then look: a floor holds after a journal, not between its transfers.
            first := next;
            said := '';
            WHILE transfer_journal[next] = i AND positions[next] = next - first + 1 LOOP
                d := debit[next];
                c := credit[next];
                said := said || ids[d] || '>' || ids[c] || '=' || amounts[next] || ',';
                debited[d] := debited[d] + amounts[next];
                credited[c] := credited[c] + amounts[next];
                moves[d] := moves[d] + 1;
                moves[c] := moves[c] + 1;
                next := next + 1;
            END LOOP;
            IF next = first OR events[i] = '' THEN
                RAISE EXCEPTION 'journal % of the batch has no transfers or no event', i;
            END IF;
            inputs[i] := ledger_half(ledger_content(events[i], refs[i], happened[i], currencies[i],
                coalesce(metadata[i], '{}'), reverses, said));
            refusal := NULL;
            IF known[i] IS NOT NULL THEN
                culprit := NULL;
                refusal := CASE WHEN known_input[i] = inputs[i] THEN 'replayed'
                    WHEN known_input[i] IS NULL THEN 'already_reversed' ELSE 'key_reused' END;
            ELSIF NOT sound THEN
                FOR t IN first .. next - 1 LOOP
                    FOREACH culprit IN ARRAY ARRAY[debit[t], credit[t]] LOOP
                        refusal := coalesce(flaws[culprit],
                            CASE WHEN own_currency[culprit] <> currencies[i] THEN 'currency_mismatch' END);
                        EXIT WHEN refusal IS NOT NULL;
                    END LOOP;
                    EXIT WHEN refusal IS NOT NULL;
                END LOOP;
            END IF;
            IF refusal IS NULL THEN
                FOR t IN first .. next - 1 LOOP
                    d := debit[t];
                    c := credit[t];
                    culprit := CASE
                        WHEN sides[d] < 0 AND credited[d] - debited[d] < floors[d] OR debited[d] > too_much THEN d
                        WHEN sides[c] > 0 AND debited[c] - credited[c] < floors[c] OR credited[c] > too_much THEN c END;
                    EXIT WHEN culprit IS NOT NULL;
                END LOOP;
                IF culprit IS NULL THEN
                    accepted := accepted + 1;
                    posted[i] := nextval('ledger_id_seq');
                    CONTINUE;
                END IF;
                room := sides[culprit] * (debited[culprit] - credited[culprit]) - floors[culprit];
                refusal := CASE WHEN room < 0 THEN 'insufficient_funds' ELSE 'sum_too_large' END;
            END IF;

            FOR t IN first .. next - 1 LOOP
                d := debit[t];
                c := credit[t];
                debited[d] := debited[d] - amounts[t];
                credited[c] := credited[c] - amounts[t];
                moves[d] := moves[d] - 1;
                moves[c] := moves[c] - 1;
            END LOOP;
            IF refusal = 'replayed' THEN
                posted[i] := -known[i];
                CONTINUE;
            END IF;
            posted[i] := 0;
            available := sides[culprit] * (debited[culprit] - credited[culprit]) - floors[culprit];
            refusals := refusals || jsonb_build_object('journal', i, 'outcome', refusal, 'account', codes[culprit],
                'available', available, 'needed', available - room);
        END LOOP;
        IF next <= cardinality(amounts) THEN
            RAISE EXCEPTION 'transfer % of the batch is out of order', next;
        END IF;

        -- What is refused may have been posted before: only then, and after a conflict, are keys looked for, among what
        -- the holders of the locks before us committed. A batch of several journals takes its keys in a subtransaction,
        -- since some of them may turn out to be taken.
        IF refusals IS NULL OR attempts > 0 THEN
            EXIT WHEN accepted = 0;
            IF cardinality(keys) = 1 THEN
                INSERT INTO ledger_key VALUES (posted[1], ledger_post.reverses, keys[1], inputs[1]) ON CONFLICT DO NOTHING;
                EXIT WHEN FOUND;
            ELSE
                BEGIN
                    INSERT INTO ledger_key (journal_id, hash, input_hash) SELECT posted[i], keys[i], inputs[i]
                    FROM generate_series(1, cardinality(keys)) AS i WHERE posted[i] > 0 ORDER BY keys[i];
                    EXIT;
                EXCEPTION WHEN unique_violation THEN
                END;
            END IF;
        END IF;
        SELECT array_agg(k.journal_id), array_agg(CASE k.hash WHEN keys[i] THEN k.input_hash END)
        INTO known, known_input FROM generate_series(1, cardinality(keys)) AS i LEFT JOIN LATERAL (
            SELECT * FROM ledger_key WHERE hash = keys[i] UNION ALL
            SELECT * FROM ledger_key l WHERE l.reverses = ledger_post.reverses AND l.hash <> keys[i] LIMIT 1
        ) AS k ON true;
        attempts := attempts + 1;
        IF attempts > 5 THEN
            RAISE EXCEPTION 'a key of this batch stands in it twice, or others keep using it at the same moment'
                USING ERRCODE = 'serialization_failure';
        END IF;
        refusals := NULL;
        accepted := 0;
        next := 1;
    END LOOP;

    IF accepted > 0 THEN
        recorded := clock_timestamp();
        IF to_regclass('ledger_transfer_' || to_char(recorded AT TIME ZONE 'UTC', 'YYYYMM')) IS NULL THEN
            PERFORM ledger_ensure_partitions(1);
        END IF;
        INSERT INTO ledger_transfer (journal_id, recorded_at, happened_at, xid, debit_id, credit_id, amount, position,
            currency, event, reference, metadata)
        SELECT posted[j], recorded, happened[j], xid, ids[debit[t]], ids[credit[t]], amounts[t], positions[t],
            currencies[j], CASE positions[t] WHEN 1 THEN events[j] END, CASE positions[t] WHEN 1 THEN refs[j] END,
            CASE positions[t] WHEN 1 THEN coalesce(metadata[j], '{}') END
        FROM generate_series(1, cardinality(amounts)) AS t, LATERAL (SELECT transfer_journal[t]) AS own (j)
        WHERE posted[j] > 0;
        UPDATE ledger_balance b SET debits = debited[n], credits = credited[n], version = b.version + moves[n]
        FROM generate_series(1, cardinality(ids)) AS n WHERE b.account_id = ids[n];
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> held THEN
            RAISE EXCEPTION 'an account stands twice among the codes of the batch';
        END IF;
    END IF;
    refused := array_to_json(refusals)::text;
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

-- Hold the balances of accounts (distinct codes, in C order, the order of every lock) until the transaction ends;
-- a row of nothing for a code that is not there.
CREATE FUNCTION ledger_hold(codes text[])
RETURNS TABLE (code text, hot boolean, balance bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
SELECT a.code, a.hot, CASE a.normal_side WHEN 'debit' THEN b.debits - b.credits ELSE b.credits - b.debits END
FROM generate_series(1, cardinality(codes)) AS n LEFT JOIN ledger_account a ON a.code = codes[n]
LEFT JOIN LATERAL (SELECT * FROM ledger_balance WHERE account_id = a.id FOR NO KEY UPDATE) AS b ON true
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
    UPDATE ledger_balance SET closed = true WHERE account_id = account.id AND NOT closed;
    RETURN 'closed';
END $$;
