-- Append-only, whoever asks: the application's role lacks the rights, these triggers stop every other role.
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused; correct with a reversing journal', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION ledger_guard(guarded regclass, events text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE %s ON %s FOR EACH STATEMENT
        EXECUTE FUNCTION ledger_refuse_change()', events, guarded);
END $$;

SELECT ledger_guard(guarded, 'UPDATE OR DELETE OR TRUNCATE') FROM unnest(ARRAY[
    'ledger_key', 'ledger_transfer', 'ledger_transfer_archive', 'ledger_closing', 'ledger_seal']::regclass[]) AS guarded;
SELECT ledger_guard(guarded, 'DELETE OR TRUNCATE') FROM unnest(ARRAY[
    'ledger_account', 'ledger_balance']::regclass[]) AS guarded;
CREATE TRIGGER definition_is_final BEFORE UPDATE ON ledger_account FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL OR (OLD.id, OLD.code, OLD.account_class, OLD.currency, OLD.normal_side,
        OLD.hot, OLD.owner, OLD.opened_at, OLD.xid) <> (NEW.id, NEW.code, NEW.account_class, NEW.currency,
        NEW.normal_side, NEW.hot, NEW.owner, NEW.opened_at, NEW.xid) OR OLD.floor IS DISTINCT FROM NEW.floor)
    EXECUTE FUNCTION ledger_refuse_change();

-- Leave every role but the owner only the `kept` rights on a table: default privileges may have given more.
CREATE FUNCTION ledger_restrict(restricted regclass, kept text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT acl.grantee, acl.privilege_type FROM pg_class, aclexplode(relacl) AS acl
        WHERE pg_class.oid = restricted AND acl.grantee <> relowner AND acl.privilege_type <> ALL (kept)
    LOOP
        EXECUTE format('REVOKE %s ON %s FROM %s', granted.privilege_type, restricted,
            CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END);
    END LOOP;
END $$;

SELECT ledger_restrict(restricted, ARRAY['SELECT']) FROM unnest(ARRAY['ledger_account', 'ledger_balance',
    'ledger_key', 'ledger_transfer', 'ledger_transfer_archive', 'ledger_closing', 'ledger_seal']::regclass[]) AS restricted;
SELECT ledger_restrict('ledger_id_seq', ARRAY['SELECT']);

-- Make this month's partition and those of `ahead` months more; return how many were made. A partition is attached, not created in
-- place, so that postings go on meanwhile; nobody but the owner may touch it except through its parent.
CREATE FUNCTION ledger_ensure_partitions(ahead integer) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    made integer := 0;
    starts timestamptz;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_partitions', 0));
    FOR starts IN SELECT generate_series(date_trunc('month', clock_timestamp()),
        date_trunc('month', clock_timestamp()) + make_interval(months => ahead), '1 month')
    LOOP
        partition := 'ledger_transfer_' || to_char(starts, 'YYYYMM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE ledger_transfer INCLUDING ALL)', partition);
        EXECUTE format('ALTER TABLE ledger_transfer ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition, starts, starts + interval '1 month');
        PERFORM ledger_guard(partition::regclass, 'UPDATE OR DELETE OR TRUNCATE');
        PERFORM ledger_restrict(partition::regclass, '{}');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

SELECT ledger_ensure_partitions(1);

-- Put a month away: its partition leaves the live table and joins the archive as it is. Refused unless the month
-- is over and all of it sealed. Returns the outcome.
CREATE FUNCTION ledger_archive(month date) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '10s' AS $$
DECLARE
    starts timestamptz := date_trunc('month', month);
    ends timestamptz := date_trunc('month', month) + interval '1 month';
    partition text := 'ledger_transfer_' || to_char(starts, 'YYYYMM');
BEGIN
    IF ends > clock_timestamp() THEN
        RETURN 'unfinished';
    ELSIF to_regclass(partition) IS NULL THEN
        RETURN 'unknown';
    ELSIF EXISTS (SELECT FROM ledger_transfer WHERE recorded_at >= starts AND recorded_at < ends
            AND xid >= coalesce((SELECT max(to_xid) FROM ledger_seal), 0)) THEN
        RETURN 'unsealed';
    ELSIF EXISTS (SELECT FROM pg_inherits
            WHERE inhparent = 'ledger_transfer_archive'::regclass AND inhrelid = partition::regclass) THEN
        RETURN 'before';
    END IF;
    EXECUTE format('ALTER TABLE ledger_transfer DETACH PARTITION %I', partition);
    EXECUTE format('ALTER TABLE ledger_transfer_archive ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition, starts, ends);
    RETURN 'archived';
END $$;
