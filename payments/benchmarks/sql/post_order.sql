\set held random(1, :accounts)
\set escrow 1 + (:held + random(0, :accounts - 2)) % :accounts
\set number random(1, 100000000)
SELECT posted FROM ledger_post(ARRAY[gen_random_uuid()], ARRAY['order_settled'], ARRAY['order:' || :number], ARRAY[now()], ARRAY['EUR'], ARRAY['{}'::jsonb], NULL, ARRAY[least('a:' || :held, 'a:' || :escrow COLLATE "C"), greatest('a:' || :held, 'a:' || :escrow COLLATE "C"), 'hot:1'], ARRAY[1, 1, 1, 1], ARRAY[1, 2, 3, 4], ARRAY[1, 2, 2, 1], ARRAY[2, 3, 1, 3], ARRAY[100::bigint, 12, 70, 3]);
