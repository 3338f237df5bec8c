//! The six fields: what they are called, and what may stand in them.

use crate::Field;

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const MONTH_NAMES: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAY_NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The bounds of a field.
pub(super) struct Bounds {
    pub(super) field: Field,
    pub(super) first: u32,
    /// The largest number that may be written.
    pub(super) last: u32,
    /// Names, the first of which stands for `first`.
    pub(super) names: &'static [&'static str],
}

impl Bounds {
    pub(super) const SECOND: Self = Self::numbers(Field::Second, 0, 59);
    pub(super) const MINUTE: Self = Self::numbers(Field::Minute, 0, 59);
    pub(super) const HOUR: Self = Self::numbers(Field::Hour, 0, 23);
    pub(super) const DAY_OF_MONTH: Self = Self::numbers(Field::DayOfMonth, 1, 31);
    pub(super) const MONTH: Self = Self { field: Field::Month, first: 1, last: 12, names: &MONTH_NAMES };
    /// Both 0 and 7 are Sunday.
    pub(super) const DAY_OF_WEEK: Self =
        Self { field: Field::DayOfWeek, first: 0, last: 7, names: &WEEKDAY_NAMES };

    const fn numbers(field: Field, first: u32, last: u32) -> Self {
        Self { field, first, last, names: &[] }
    }

    /// The largest number that means something of its own.
    pub(super) fn largest(&self) -> u32 {
        if self.field == Field::DayOfWeek { 6 } else { self.last }
    }

    /// What may be written, for messages.
    pub(super) fn shown(&self) -> String {
        let (first, last) = (self.first, self.last);
        match self.names {
            [start, .., end] => format!("{first}–{last}, or {start}–{end}"),
            _ => format!("{first}–{last}"),
        }
    }
}
