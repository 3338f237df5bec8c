//! The proleptic Gregorian calendar on day numbers; day 0 is the first of January 1970.

pub(crate) const DAY: i64 = 86_400;

/// After so many years dates fall on the same days of the week again, so what they do not bring never comes.
pub(crate) const CYCLE_YEARS: i64 = 400;

/// The number of a date.
pub(crate) fn day_number(year: i64, month: u32, day: u32) -> i64 {
    // Years that begin in March have their leap day at their end (Hinnant, "chrono-compatible low-level date algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = i64::from((month + 9) % 12);
    let of_year = (153 * from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a number: year, month, day.
#[cfg(any(test, feature = "time"))]
pub(crate) fn date(number: i64) -> (i64, u32, u32) {
    let shifted = number + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = u32::try_from(of_year - (153 * from_march + 2) / 5 + 1).unwrap_or(1);
    let month = u32::try_from((from_march + 2) % 12 + 1).unwrap_or(1);
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// How many days a month has.
pub(crate) fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of the week of a day number; Sunday is 0.
pub(crate) fn weekday(number: i64) -> u32 {
    u32::try_from((number + 4).rem_euclid(7)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_each_others_inverse() {
        let mut number = day_number(1599, 12, 31);
        assert_eq!(weekday(0), 4, "the epoch was a Thursday");
        for year in 1600..2401 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    number += 1;
                    assert_eq!(day_number(year, month, day), number);
                    assert_eq!(date(number), (year, month, day));
                }
            }
        }
        assert_eq!(day_number(1970, 1, 1), 0);
    }
}
