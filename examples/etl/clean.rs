//! From text to orders. What cannot be read is set aside with the reason; it stops nothing.

use csv::{ReaderBuilder, StringRecord};
use orch::prelude::*;
use serde::{Deserialize, Serialize};

use crate::orders::data::CURRENCIES;

/// What is in one page of CSV.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chunk {
    pub(crate) orders: Vec<Order>,
    pub(crate) rejects: Vec<Reject>,
}

/// One order, and the line that it was in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) line: u64,
    pub(crate) id: u32,
    pub(crate) customer: String,
    pub(crate) currency: String,
    /// Sums of money are not floating-point numbers.
    pub(crate) cents: i64,
}

/// A line that is no order, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reject {
    pub(crate) line: u64,
    pub(crate) reason: String,
    pub(crate) row: String,
}

/// Sorts the rows of a page into orders and rejects. A synchronous task: it runs on a thread of its own, as many at a
/// time as there are processors.
#[task]
pub(crate) fn clean(csv: &str) -> Chunk {
    let mut chunk = Chunk::default();
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(csv.as_bytes());
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, |position| position.line());
                match order(&record) {
                    Ok(order) => chunk.orders.push(Order { line, ..order }),
                    Err(reason) => {
                        let row = record.iter().collect::<Vec<_>>().join(",");
                        chunk.rejects.push(Reject { line, reason: reason.into(), row });
                    }
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, |position| position.line());
                chunk.rejects.push(Reject { line, reason: error.to_string(), row: String::new() });
            }
        }
    }
    chunk
}

fn order(record: &StringRecord) -> Result<Order, &'static str> {
    let [Some(id), Some(customer), Some(currency), Some(amount)] =
        [0, 1, 2, 3].map(|field| record.get(field))
    else {
        return Err("missing field");
    };
    if !CURRENCIES.contains(&currency) {
        return Err("unknown currency");
    }
    let (Ok(id), Some(cents)) = (id.parse(), cents(amount)) else {
        return Err("bad number");
    };
    Ok(Order { line: 0, id, customer: customer.into(), currency: currency.into(), cents })
}

/// `129.90` is 12,990 cents.
fn cents(amount: &str) -> Option<i64> {
    let (whole, decimals) = amount.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() != 2 {
        return None;
    }
    format!("{whole}{decimals}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_no_order_is_set_aside_with_its_line() {
        let page = "id,customer,currency,amount\n\
                    1,C1,EUR,12.50\n\
                    2,C2,EUR,l2.5O\n\
                    3,C3\n\
                    4,C4,QQQ,9.99\n\
                    x,C5,EUR,9.99\n\
                    6,\"C,6\",CHF,0.05\n\
                    7,C7,CHF,99999999999999999999.00\n";
        let chunk = clean(page).untracked().await.unwrap();
        let orders: Vec<_> = chunk.orders.iter().map(|order| (order.line, order.id, order.cents)).collect();
        assert_eq!(orders, [(2, 1, 1_250), (7, 6, 5)]);
        assert_eq!(chunk.orders[1].customer, "C,6");
        let rejects: Vec<_> = chunk.rejects.iter().map(|reject| (reject.line, &*reject.reason)).collect();
        assert_eq!(
            rejects,
            [
                (3, "bad number"),
                (4, "missing field"),
                (5, "unknown currency"),
                (6, "bad number"),
                (8, "bad number"),
            ]
        );
        assert_eq!(chunk.rejects[1].row, "3,C3");
    }

    #[test]
    fn an_amount_has_two_decimals() {
        assert_eq!(cents("129.90"), Some(12_990));
        for amount in ["129", "129.9", "129.900", "-1.00", "1e3.00", ".99", "", "1,00"] {
            assert_eq!(cents(amount), None, "{amount}");
        }
    }
}
