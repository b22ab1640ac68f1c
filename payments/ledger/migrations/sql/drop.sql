DROP FUNCTION IF EXISTS ledger_post, ledger_open, ledger_hold, ledger_close, ledger_horizon, ledger_sums_now,
    ledger_sums, ledger_sums_as_recorded, ledger_write_closings, ledger_ensure_partitions;
DROP TABLE IF EXISTS ledger_seal, ledger_closing, ledger_transfer, ledger_journal, ledger_key, ledger_balance,
    ledger_account;
DROP FUNCTION IF EXISTS ledger_guard, ledger_restrict, ledger_refuse_change;
DROP SEQUENCE IF EXISTS ledger_id_seq;
