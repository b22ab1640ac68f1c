PREPARE floor_many (bigint[], bigint[]) AS
WITH moved AS (SELECT * FROM unnest($1, $2) AS moved (debit, credit)),
written AS (INSERT INTO floor_row (debit, credit, amount) SELECT debit, credit, 100 FROM moved)
UPDATE floor_balance SET amount = floor_balance.amount + effect.amount
FROM (
    SELECT id, sum(amount)::bigint AS amount
    FROM (SELECT debit AS id, 100 AS amount FROM moved UNION ALL SELECT credit, -100 FROM moved) AS side GROUP BY id
) AS effect
WHERE floor_balance.id = effect.id;
