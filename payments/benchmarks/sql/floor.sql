\set debit random(1, :accounts)
\set credit 1 + (:debit + random(0, :accounts - 2)) % :accounts
WITH written AS (INSERT INTO floor_row (debit, credit, amount) VALUES (:debit, :credit, 100)) UPDATE floor_balance SET amount = amount + CASE id WHEN :debit THEN 100 ELSE -100 END WHERE id IN (:debit, :credit);
