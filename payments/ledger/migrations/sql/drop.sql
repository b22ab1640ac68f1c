DROP VIEW IF EXISTS ledger_all_journal, ledger_all_transfer, ledger_account_evidence CASCADE;
DROP FUNCTION IF EXISTS ledger_content, ledger_half, ledger_post, ledger_open, ledger_hold, ledger_close,
    ledger_sums_now, ledger_uncovered, ledger_sums, ledger_sums_as_recorded, ledger_write_closings, ledger_ensure_partitions,
    ledger_archive, ledger_micros, ledger_evidence, ledger_effects, ledger_seal_hash, ledger_horizon, ledger_seal;
DROP TABLE IF EXISTS ledger_seal, ledger_closing, ledger_transfer, ledger_transfer_archive,
    ledger_key, ledger_balance, ledger_account;
DROP FUNCTION IF EXISTS ledger_guard, ledger_restrict, ledger_refuse_change;
DROP SEQUENCE IF EXISTS ledger_id_seq;
