\set debit random(1, :accounts)
\set key random(1, 9223372036854775806)
\set number :key % 100000000
SELECT posted FROM ledger_post(ARRAY[ledger_half(sha256(int8send(:key)))], ARRAY['commission'], ARRAY['payment:' || :number], ARRAY[now()], ARRAY['EUR'], ARRAY['{}'::jsonb], NULL, ARRAY['a:' || :debit, 'hot:1'], ARRAY[1], ARRAY[1], ARRAY[1], ARRAY[2], ARRAY[100::bigint]);
