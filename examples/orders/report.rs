//! What a day comes to.

#[cfg(test)]
use std::collections::BTreeMap;
use std::fmt;

use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

#[cfg(test)]
use super::data::{self, Meant};

/// What a day comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) currencies: Vec<Total>,
    /// The five best, each in one currency.
    pub(crate) customers: Vec<Total>,
    /// How many rows were set aside, by reason.
    pub(crate) rejects: Vec<(String, i64)>,
}

/// What somebody has ordered in one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Total {
    pub(crate) customer: String,
    pub(crate) currency: String,
    pub(crate) orders: i64,
    /// Sums of money are not floating-point numbers.
    pub(crate) cents: i64,
}

impl Report {
    /// Adds up the tables `orders` and `rejects`.
    pub(crate) fn read(database: &Connection, day: &str) -> rusqlite::Result<Self> {
        let total = |row: &Row<'_>| {
            Ok(Total {
                customer: row.get("customer")?,
                currency: row.get("currency")?,
                orders: row.get("n")?,
                cents: row.get("sum")?,
            })
        };
        let totals = |sql: &str| database.prepare(sql)?.query_map([day], total)?.collect::<Result<_, _>>();
        let currencies = totals(
            "SELECT 'all' AS customer, currency, count(*) AS n, sum(cents) AS sum FROM orders WHERE day = ?1
             GROUP BY currency ORDER BY currency",
        )?;
        let customers = totals(
            "SELECT customer, currency, count(*) AS n, sum(cents) AS sum FROM orders WHERE day = ?1
             GROUP BY customer, currency ORDER BY sum DESC, customer LIMIT 5",
        )?;
        let rejects = database
            .prepare("SELECT reason, count(*) FROM rejects WHERE day = ?1 GROUP BY reason ORDER BY reason")?
            .query_map([day], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(Self { currencies, customers, rejects })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "customer  currency  orders         total")?;
        for Total { customer, currency, orders, cents } in self.currencies.iter().chain(&self.customers) {
            let (whole, decimals) = (cents / 100, cents % 100);
            writeln!(f, "{customer:<8}  {currency:<8}  {orders:>6}  {whole:>9}.{decimals:02}")?;
        }
        let rejects: Vec<_> =
            self.rejects.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        write!(f, "rejected: {}", rejects.join(", "))
    }
}

#[cfg(test)]
impl Report {
    /// Compares with what the rows of the day are meant to be.
    #[track_caller]
    pub(crate) fn assert_is_of(&self, day: &str) {
        let (mut currencies, mut rejects) = (BTreeMap::new(), BTreeMap::new());
        for row in data::pages(day).into_iter().flatten() {
            match row.meant {
                Meant::Order { currency, cents } => {
                    let (orders, sum) = currencies.entry(currency).or_insert((0, 0));
                    (*orders, *sum) = (*orders + 1, *sum + cents);
                }
                Meant::Reject(reason) => *rejects.entry(reason.to_owned()).or_insert(0) += 1,
            }
        }
        assert_eq!(rejects.len(), 4, "every kind of broken row is there");
        assert_eq!(self.rejects, rejects.into_iter().collect::<Vec<_>>());
        let totals =
            self.currencies.iter().map(|total| (total.currency.as_str(), (total.orders, total.cents)));
        assert_eq!(totals.collect::<BTreeMap<_, _>>(), currencies);
        assert_eq!(self.customers.len(), 5);
    }
}
