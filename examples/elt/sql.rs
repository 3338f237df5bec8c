//! What is made of the raw rows, and what has to be true of it. All tables hold all days that were loaded.

/// Raw rows, and what is wrong with each by itself.
pub(crate) const CHECKED: &str = "
    SELECT *, CASE
        WHEN amount IS NULL THEN 'missing field'
        WHEN currency NOT IN ('CHF', 'EUR', 'GBP', 'USD') THEN 'unknown currency'
        WHEN id = '' OR id GLOB '*[^0-9]*' THEN 'bad number'
        WHEN amount NOT GLOB '[0-9]*.[0-9][0-9]' OR replace(amount, '.', '') GLOB '*[^0-9]*' THEN 'bad number'
    END AS reason
    FROM raw";

/// Rows with which nothing is wrong, and the how manieth of its id each is.
pub(crate) const RANKED: &str = "
    SELECT *, row_number() OVER (PARTITION BY day, id ORDER BY page, line) AS nth
    FROM checked WHERE reason IS NULL";

/// Typed orders.
pub(crate) const ORDERS: &str = "
    SELECT day, page, line, CAST(id AS INTEGER) AS id, customer, currency,
           CAST(replace(amount, '.', '') AS INTEGER) AS cents
    FROM ranked WHERE nth = 1";

/// All other rows, and why.
pub(crate) const REJECTS: &str = "
    SELECT day, page, line, reason, row FROM checked WHERE reason IS NOT NULL
    UNION ALL
    SELECT day, page, line, 'duplicate id', row FROM ranked WHERE nth > 1";

/// What has to be true of a day, and the question that finds what is not: whatever it answers is a violation. It may
/// name the `:day`, and how many rows in a hundred may be rejected, `:max_rejects`.
pub(crate) const CHECKS: [(&str, &str); 4] = [
    (
        "every row is an order or a reject",
        "SELECT format('page %d, line %d: %s', page, line, row) FROM raw
         WHERE day = :day AND 1 != (SELECT count(*) FROM (
             SELECT day, page, line FROM orders UNION ALL SELECT day, page, line FROM rejects
         ) AS made WHERE (made.day, made.page, made.line) = (raw.day, raw.page, raw.line))",
    ),
    (
        "an id is there once",
        "SELECT format('%d is there %d times', id, count(*)) FROM orders WHERE day = :day
         GROUP BY id HAVING count(*) > 1",
    ),
    (
        "an order is worth something",
        "SELECT format('order %d: %d cents', id, cents) FROM orders WHERE day = :day AND cents <= 0",
    ),
    (
        "few rows are rejected",
        "SELECT format('%d of %d rows, and %d %% are allowed', rejected, n, :max_rejects) FROM (
             SELECT count(*) AS n, (SELECT count(*) FROM rejects WHERE day = :day) AS rejected FROM raw WHERE day = :day
         ) WHERE rejected * 100 > n * :max_rejects",
    ),
];
