-- One counter numbers accounts and journals: ids are drawn after the transaction has its own id and, for
-- journals, after the account locks, so id order is posting order per account.
CREATE SEQUENCE ledger_id_seq;

CREATE TABLE ledger_account (
    id bigint PRIMARY KEY DEFAULT nextval('ledger_id_seq'),
    code text COLLATE "C" NOT NULL UNIQUE CHECK (code <> ''),
    account_class text NOT NULL CHECK (account_class IN ('asset', 'liability', 'equity', 'income', 'expense')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    normal_side text NOT NULL CHECK (normal_side IN ('debit', 'credit')),
    floor bigint,
    hot boolean NOT NULL,
    owner text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    xid bigint NOT NULL,
    CONSTRAINT hot_has_no_floor CHECK (NOT hot OR floor IS NULL)
);

CREATE INDEX ledger_account_hot ON ledger_account (id) WHERE hot;

-- No row for hot accounts: nothing there to wait for. version counts the account's transfers; closed says what
-- closed_at says, in the row that postings lock.
CREATE TABLE ledger_balance (
    account_id bigint PRIMARY KEY REFERENCES ledger_account,
    debits bigint NOT NULL DEFAULT 0,
    credits bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    closed boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- Not partitioned: a unique key must hold for ever, over all months. hash is the first half of the SHA-256 of the
-- caller's key, input_hash that of what was said under it.
CREATE TABLE ledger_key (
    journal_id bigint NOT NULL,
    reverses bigint,
    hash uuid PRIMARY KEY,
    input_hash uuid NOT NULL
);
CREATE UNIQUE INDEX ledger_key_reverses ON ledger_key (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX ledger_key_journal ON ledger_key (journal_id);

-- A journal's first transfer carries what the journal says: event, reference and metadata, nothing on the others.
-- Partitioned by the database's clock. The key above makes a journal unique over all partitions, and ledger_post is
-- the only writer, so the rows need no foreign keys and no unique indexes of their own.
CREATE TABLE ledger_transfer (
    journal_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    happened_at timestamptz NOT NULL,
    xid bigint NOT NULL,
    debit_id bigint NOT NULL,
    credit_id bigint NOT NULL,
    amount bigint NOT NULL,
    position smallint NOT NULL,
    currency text NOT NULL,
    event text,
    reference text COLLATE "C",
    metadata jsonb,
    CHECK (amount > 0 AND debit_id <> credit_id)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX ledger_transfer_journal ON ledger_transfer (journal_id);
CREATE INDEX ledger_transfer_reference ON ledger_transfer (reference) WHERE reference IS NOT NULL;
-- With the amount, so that sums over a time are read from the index alone.
CREATE INDEX ledger_transfer_debit ON ledger_transfer (debit_id, happened_at) INCLUDE (amount);
CREATE INDEX ledger_transfer_credit ON ledger_transfer (credit_id, happened_at) INCLUDE (amount);

-- Months that were put away: still read, never written.
CREATE TABLE ledger_transfer_archive (LIKE ledger_transfer INCLUDING ALL) PARTITION BY RANGE (recorded_at);

-- What an account's transfers that happened up to `instant` summed to, among the journals sealed up to
-- `through_seal`. All closings together hold through the newest through_seal: a journal dated back adds
-- new rows for the instants it changes and never edits one. The instant 'infinity' is all time, so what the book
-- held when that seal was written.
CREATE TABLE ledger_closing (
    account_id bigint NOT NULL REFERENCES ledger_account,
    instant timestamptz NOT NULL,
    through_seal bigint NOT NULL,
    debits numeric NOT NULL,
    credits numeric NOT NULL,
    PRIMARY KEY (account_id, instant, through_seal)
);
CREATE INDEX ledger_closing_through ON ledger_closing (through_seal);

-- Covers every account and journal whose transaction id is below to_xid and not below the previous seal's.
-- Transactions from next_xid on draw only ids above last_id; every id up to settled_id is covered, none above high_id.
-- leaves (id and the start of its hash, 16 bytes each) only serve to name a tampered row.
CREATE TABLE ledger_seal (
    sequence bigint PRIMARY KEY,
    sealed_at timestamptz NOT NULL,
    to_xid bigint NOT NULL,
    next_xid bigint NOT NULL,
    last_id bigint NOT NULL,
    settled_id bigint NOT NULL,
    high_id bigint NOT NULL,
    leaves bytea NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL UNIQUE
);
CREATE INDEX ledger_seal_time ON ledger_seal (sealed_at, sequence);
