//! A day in figures.

use std::collections::BTreeMap;

use orch::prelude::*;
use serde::{Deserialize, Serialize};

use crate::sales::Sale;

/// How many days a mean is of.
const WEEK: usize = 7;

/// How many days a page shows, with the day itself.
const SHOWN: usize = 28;

/// How many are read for it: the first one that is shown has a mean too.
pub(crate) const DAYS_READ: i32 = (SHOWN + WEEK - 1) as i32;

/// What a page tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) day: String,
    pub(crate) flights: u32,
    pub(crate) miles: u64,
    /// The airlines of the day, from the largest to the smallest.
    pub(crate) airlines: Vec<Airline>,
    /// The four weeks that end with the day.
    pub(crate) days: Vec<Day>,
}

/// A product, as it were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Airline {
    pub(crate) name: String,
    pub(crate) flights: u32,
    pub(crate) miles: u64,
    /// Flights per day in the seven days that end with the day.
    pub(crate) mean: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Day {
    pub(crate) day: String,
    pub(crate) flights: u32,
    /// Flights per day in the seven days that end with this one.
    pub(crate) mean: f64,
}

impl Totals {
    /// Flights per day in the seven days that end with the day.
    pub(crate) fn mean(&self) -> f64 {
        self.days.last().map_or(0.0, |day| day.mean)
    }
}

/// Adds up. A synchronous task: it runs on a thread of its own.
#[task]
pub(crate) fn add_up(day: &str, sales: Vec<Sale>) -> Totals {
    let mut per_day: BTreeMap<&str, u32> = BTreeMap::new();
    for sale in &sales {
        *per_day.entry(&sale.day).or_default() += sale.flights;
    }
    let per_day: Vec<(&str, u32)> = per_day.into_iter().collect();
    let days = per_day.windows(WEEK).filter_map(|week| {
        let (day, flights) = *week.last()?;
        Some(Day { day: day.to_owned(), flights, mean: mean(week.iter().map(|(_, flights)| *flights)) })
    });

    let week: Vec<&str> = per_day.iter().rev().take(WEEK).map(|(day, _)| *day).collect();
    let of_day = sales.iter().filter(|sale| sale.day == day);
    let mut airlines: Vec<_> = of_day
        .map(|sale| {
            let same =
                sales.iter().filter(|other| other.airline == sale.airline && week.contains(&&*other.day));
            let mean = mean(same.map(|other| other.flights));
            Airline { name: sale.airline.clone(), flights: sale.flights, miles: sale.miles, mean }
        })
        .collect();
    airlines.sort_by(|a, b| b.flights.cmp(&a.flights).then_with(|| a.name.cmp(&b.name)));

    Totals {
        day: day.to_owned(),
        flights: airlines.iter().map(|airline| airline.flights).sum(),
        miles: airlines.iter().map(|airline| airline.miles).sum(),
        airlines,
        days: days.collect(),
    }
}

/// Per day, in a week: a day on which nothing was sold counts too.
fn mean(flights: impl Iterator<Item = u32>) -> f64 {
    f64::from(flights.sum::<u32>()) / WEEK as f64
}
