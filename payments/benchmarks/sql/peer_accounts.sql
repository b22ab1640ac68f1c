CREATE TABLE peer_account AS
SELECT n, (pgledger_create_account('a:' || n, 'EUR')).id FROM generate_series(1, %(accounts)s) AS n;
CREATE UNIQUE INDEX ON peer_account (n);
