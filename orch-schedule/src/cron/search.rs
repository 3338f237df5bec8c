//! The next local time that an expression names.

use super::Cron;
use crate::calendar::{CYCLE_YEARS, DAY, date, day_number};

impl Cron {
    /// The first due local time in `from..end`, in seconds since the beginning of 1970 on that clock.
    ///
    /// It looks no further than the calendar's cycle, after which everything comes again.
    pub(crate) fn first_local(&self, from: i64, end: i64) -> Option<i64> {
        if from >= end {
            return None;
        }
        let (today, second) = (from.div_euclid(DAY), from.rem_euclid(DAY));
        let (start_year, start_month, start_day) = date(today);
        let this_month = self.days.in_month(start_year, start_month);
        if this_month >> start_day & 1 == 1
            && let Some(time) = self.first_time(u32::try_from(second).unwrap_or(0))
        {
            return Some(today * DAY + i64::from(time)).filter(|found| *found < end);
        }
        let midnight = self.first_time(0)?;
        let (mut year, mut month) = (start_year, start_month);
        let mut days = this_month & (u32::MAX << start_day << 1);
        while year <= start_year + CYCLE_YEARS {
            if days != 0 {
                let day = day_number(year, month, days.trailing_zeros());
                return Some(day * DAY + i64::from(midnight)).filter(|found| *found < end);
            }
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            if day_number(year, month, 1) * DAY >= end {
                return None;
            }
            days = self.days.in_month(year, month);
        }
        None
    }

    /// The first due second of a day from `from` on.
    fn first_time(&self, from: u32) -> Option<u32> {
        let (hour, minute, second) = (from / 3600, from / 60 % 60, from % 60);
        let in_hour = |hour: u32, minute: u32, second: u32| {
            if self.minutes >> minute & 1 == 1
                && let Some(second) = lowest(self.seconds, second)
            {
                return Some(hour * 3600 + minute * 60 + second);
            }
            let minute = lowest(self.minutes, minute + 1)?;
            Some(hour * 3600 + minute * 60 + lowest(self.seconds, 0)?)
        };
        if self.hours >> hour & 1 == 1
            && let Some(time) = in_hour(hour, minute, second)
        {
            return Some(time);
        }
        let hour = lowest(u64::from(self.hours), hour + 1)?;
        in_hour(hour, 0, 0)
    }
}

/// The lowest member of a set that is at least `from`.
fn lowest(set: u64, from: u32) -> Option<u32> {
    let rest = set & u64::MAX.checked_shl(from).unwrap_or(0);
    (rest != 0).then(|| rest.trailing_zeros())
}

/// The members of a set, in order.
pub(super) fn bits(mut set: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let first = (set != 0).then(|| set.trailing_zeros())?;
        set &= set - 1;
        Some(first)
    })
}
