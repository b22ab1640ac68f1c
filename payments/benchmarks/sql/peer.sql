\set debit random(1, :accounts)
\set credit 1 + (:debit + random(0, :accounts - 2)) % :accounts
SELECT id FROM pgledger_create_transfer((SELECT id FROM peer_account WHERE n = :debit), (SELECT id FROM peer_account WHERE n = :credit), 100);
