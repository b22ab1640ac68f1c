\set debit random(1, :accounts)
\set credit 1 + (:debit + random(0, :accounts - 2)) % :accounts
\set key random(1, 9223372036854775806)
\set number :key % 100000000
SELECT posted FROM ledger_post(ARRAY[ledger_half(sha256(int8send(:key)))], ARRAY['payment_captured'], ARRAY['payment:' || :number], ARRAY[now()], ARRAY['EUR'], ARRAY['{}'::jsonb], NULL, ARRAY[least('a:' || :debit, 'a:' || :credit COLLATE "C"), greatest('a:' || :debit, 'a:' || :credit COLLATE "C")], ARRAY[1], ARRAY[1], ARRAY[1], ARRAY[2], ARRAY[100::bigint]);
