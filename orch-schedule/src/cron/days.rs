//! Which days of a month an expression names.

use super::item::{Values, low};
use crate::calendar::{day_number, days_in, weekday};

/// What the fields for day, month and day of the week say.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Days {
    /// Bit n is day n.
    pub(super) of_month: u32,
    /// Bit n is the day n days before the last.
    pub(super) from_last: u32,
    /// Bit n is the weekday nearest to day n.
    pub(super) nearest: u32,
    pub(super) last_weekday: bool,
    /// Bit n is month n.
    pub(super) months: u16,
    /// Bit n is day n of the week; 0 is Sunday.
    pub(super) of_week: u8,
    /// For each day of the week: bit n is its n-th in a month, bit 0 its last.
    pub(super) nth: [u8; 7],
    /// Whether both fields have to fit, or one of them.
    pub(super) both: bool,
}

const SATURDAY: u32 = 6;

/// Bits 0, 7, 14, 21 and 28.
const EVERY_SEVENTH: u32 = 0x1020_4081;

impl Days {
    pub(super) fn new(day: &Values, month: &Values, of_week: &Values, starred: [bool; 2]) -> Self {
        Self {
            of_month: low(day.bits),
            from_last: day.from_last,
            nearest: day.nearest,
            last_weekday: day.last_weekday,
            months: u16::try_from(month.bits & 0x1ffe).unwrap_or(0),
            of_week: u8::try_from(of_week.bits & 0x7f).unwrap_or(0),
            nth: of_week.nth,
            both: starred[0] || starred[1],
        }
    }

    /// Whether the expression names this month at all.
    pub(super) fn has_month(&self, month: u32) -> bool {
        self.months >> month & 1 == 1
    }

    /// The days of a month, bit n for day n.
    pub(super) fn in_month(&self, year: i64, month: u32) -> u32 {
        if !self.has_month(month) {
            return 0;
        }
        let length = days_in(year, month);
        let first = weekday(day_number(year, month, 1));
        let (by_date, by_weekday) = (self.by_date(length, first), self.by_weekday(length, first));
        if self.both { by_date & by_weekday } else { by_date | by_weekday }
    }

    /// By the field for the day of the month; `first` is the day of the week of the first.
    fn by_date(&self, length: u32, first: u32) -> u32 {
        let mut found = self.of_month & all(length);
        for back in bits(self.from_last).filter(|back| *back < length) {
            found |= 1 << (length - back);
        }
        for day in bits(self.nearest).filter(|day| *day <= length) {
            found |= 1 << nearest_weekday(day, length, first);
        }
        if self.last_weekday {
            found |= 1 << nearest_weekday(length, length, first);
        }
        found
    }

    /// By the field for the day of the week.
    fn by_weekday(&self, length: u32, first: u32) -> u32 {
        let mut found = 0;
        for (of_week, &nth) in (0..).zip(&self.nth) {
            let start = 1 + (of_week + 7 - first) % 7;
            let every = all(length) & (EVERY_SEVENTH << start);
            if self.of_week >> of_week & 1 == 1 {
                found |= every;
            }
            for n in bits(u32::from(nth)) {
                found |= match n {
                    0 => 1 << (31 - every.leading_zeros()),
                    n => every & 1_u32.checked_shl(start + 7 * (n - 1)).unwrap_or(0),
                };
            }
        }
        found
    }
}

/// Bits 1 to `length`.
fn all(length: u32) -> u32 {
    u32::MAX >> (31 - length) & !1
}

fn bits(mut set: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let lowest = (set != 0).then(|| set.trailing_zeros())?;
        set &= set - 1;
        Some(lowest)
    })
}

/// The day from Monday to Friday that is nearest to `day`, in the same month.
fn nearest_weekday(day: u32, length: u32, first: u32) -> u32 {
    match (first + day - 1) % 7 {
        SATURDAY if day == 1 => 3,
        SATURDAY => day - 1,
        0 if day == length => day - 2,
        0 => day + 1,
        _ => day,
    }
}
