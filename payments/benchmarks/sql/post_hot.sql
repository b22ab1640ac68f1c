\set debit random(1, :accounts)
\set number random(1, 100000000)
SELECT posted FROM ledger_post(ARRAY[gen_random_uuid()], ARRAY['commission'], ARRAY['payment:' || :number], ARRAY[now()], ARRAY['EUR'], ARRAY['{}'::jsonb], NULL, ARRAY['a:' || :debit, 'hot:1'], ARRAY[1], ARRAY[1], ARRAY[1], ARRAY[2], ARRAY[100::bigint]);
