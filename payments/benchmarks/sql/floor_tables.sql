-- What the floor writes: a bare row, and two balances.
CREATE TABLE floor_row (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    amount bigint NOT NULL
);
CREATE TABLE floor_balance (id bigint PRIMARY KEY, amount bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO floor_balance SELECT n, 0 FROM generate_series(1, %(accounts)s) AS n;
