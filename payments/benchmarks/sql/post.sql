\set debit random(1, :accounts)
\set credit 1 + (:debit + random(0, :accounts - 2)) % :accounts
\set number random(1, 100000000)
SELECT posted FROM ledger_post(ARRAY[gen_random_uuid()], ARRAY['payment_captured'], ARRAY['payment:' || :number], ARRAY[now()], ARRAY['EUR'], ARRAY['{}'::jsonb], NULL, ARRAY[least('a:' || :debit, 'a:' || :credit COLLATE "C"), greatest('a:' || :debit, 'a:' || :credit COLLATE "C")], ARRAY[1], ARRAY[1], ARRAY[1], ARRAY[2], ARRAY[100::bigint]);
