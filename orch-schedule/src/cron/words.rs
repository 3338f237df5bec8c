//! An expression in words.

use super::{
    Cron,
    days::Days,
    field::{MONTHS, WEEKDAYS},
    search::bits,
};

const ALL_SIXTY: u64 = (1 << 60) - 1;
const ALL_HOURS: u32 = (1 << 24) - 1;

/// As many times of day are listed one by one.
const LISTED: u32 = 6;

impl Cron {
    /// `at 09:00 on Monday to Friday`.
    pub(crate) fn in_words(&self) -> String {
        let mut words = self.times();
        for part in self.days.in_words() {
            words.push(' ');
            words.push_str(&part);
        }
        words
    }

    fn times(&self) -> String {
        let (minutes, hours) = (self.minutes, u64::from(self.hours));
        let times = minutes.count_ones() * hours.count_ones();
        if self.seconds.is_power_of_two() && times <= LISTED {
            let second = match self.seconds.trailing_zeros() {
                0 => String::new(),
                second => format!(":{second:02}"),
            };
            let of_hour = |hour| bits(minutes).map(move |minute| format!("{hour:02}:{minute:02}"));
            let shown = bits(hours).flat_map(of_hour).map(|time| format!("{time}{second}"));
            return format!("at {}", joined(shown.collect(), "and"));
        }
        let mut words = match (self.seconds, minutes) {
            (1, ALL_SIXTY) => "every minute".to_owned(),
            (1, _) => match step_of(minutes, 60) {
                Some(step) => format!("every {step} minutes"),
                None => format!("at {}", numbers("minute", minutes)),
            },
            (ALL_SIXTY, ALL_SIXTY) => "every second".to_owned(),
            (seconds, _) => {
                let seconds = match (seconds, step_of(seconds, 60)) {
                    (ALL_SIXTY, _) => "every second".to_owned(),
                    (_, Some(step)) => format!("every {step} seconds"),
                    _ => format!("at {}", numbers("second", seconds)),
                };
                if minutes == ALL_SIXTY {
                    seconds
                } else {
                    format!("{seconds} of {}", numbers("minute", minutes))
                }
            }
        };
        if self.hours != ALL_HOURS {
            match step_of(hours, 24) {
                Some(step) => words.push_str(&format!(" of every {step} hours")),
                None => words.push_str(&format!(" of {}", numbers("hour", hours))),
            }
        } else if words.starts_with("at ") {
            words.push_str(if words.contains("minute") { " of every hour" } else { " of every minute" });
        }
        words
    }
}

impl Days {
    fn in_words(&self) -> Vec<String> {
        let mut dates = Vec::new();
        let all_dates = self.of_month == u32::MAX << 1;
        if self.of_month != 0 && !all_dates {
            dates.push(numbers("day", u64::from(self.of_month)));
        }
        for back in bits(u64::from(self.from_last)) {
            dates.push(match back {
                0 => "the last day".to_owned(),
                1 => "the day before the last".to_owned(),
                back => format!("the day {back} days before the last"),
            });
        }
        for day in bits(u64::from(self.nearest)) {
            dates.push(format!("the weekday next to day {day}"));
        }
        if self.last_weekday {
            dates.push("the last weekday".to_owned());
        }
        let mut weekdays = Vec::new();
        if self.of_week != 0 && self.of_week != 0x7f {
            weekdays.push(ranges(u64::from(self.of_week), |day| WEEKDAYS[day as usize % 7].to_owned()));
        }
        for (name, nth) in WEEKDAYS.iter().zip(self.nth) {
            for n in bits(u64::from(nth)) {
                let nth = ["last", "first", "second", "third", "fourth", "fifth"][n as usize % 6];
                weekdays.push(format!("the {nth} {name}"));
            }
        }
        let mut parts = Vec::new();
        let dates = (!dates.is_empty()).then(|| format!("on {} of the month", joined(dates, "and")));
        let weekdays = (!weekdays.is_empty()).then(|| format!("on {}", joined(weekdays, "and")));
        match (dates, weekdays) {
            (Some(dates), Some(weekdays)) if self.both => {
                parts.push(format!("{dates} if that is {}", &weekdays[3..]))
            }
            (Some(dates), Some(weekdays)) => parts.push(format!("{dates} or {weekdays}")),
            (dates, weekdays) => parts.extend(dates.or(weekdays)),
        }
        if parts.is_empty() && self.months == 0x1ffe {
            return parts;
        }
        if self.months != 0x1ffe {
            let named = |month: u32| MONTHS[(month as usize + 11) % 12].to_owned();
            parts.push(format!("in {}", ranges(u64::from(self.months), named)));
        }
        parts
    }
}

/// The step of a set that is all multiples of one number; a number that does not divide `size` starts anew with it, and
/// is no period.
fn step_of(set: u64, size: u32) -> Option<u32> {
    let mut steps = (2..size).filter(|step| size.is_multiple_of(*step));
    steps.find(|step| (0..size).all(|value| (set >> value & 1 == 1) == (value % step == 0)))
}

/// `minute 5`, `minutes 0, 15 and 30 to 40`.
fn numbers(noun: &str, set: u64) -> String {
    let plural = if set.count_ones() == 1 { "" } else { "s" };
    format!("{noun}{plural} {}", ranges(set, |value| value.to_string()))
}

/// A set as a list, in which three and more neighbours are a range.
fn ranges(set: u64, name: impl Fn(u32) -> String) -> String {
    let mut shown = Vec::new();
    let mut rest = set;
    while rest != 0 {
        let first = rest.trailing_zeros();
        let length = (rest >> first).trailing_ones();
        if length >= 3 {
            shown.push(format!("{} to {}", name(first), name(first + length - 1)));
        } else {
            shown.extend((first..first + length).map(&name));
        }
        rest &= !(u64::MAX >> (64 - length) << first);
    }
    joined(shown, "and")
}

fn joined(words: Vec<String>, last: &str) -> String {
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
