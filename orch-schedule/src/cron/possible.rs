//! Whether any day fits an expression.

use super::{Cron, expression::Piece, field::MONTHS};
use crate::{
    Field, Mistake,
    calendar::{CYCLE_YEARS, days_in},
};

/// What is wrong with an expression that names no day of any year.
pub(super) fn impossible(cron: &Cron, text: &str, pieces: &[Piece<'_>]) -> Option<Mistake> {
    const FROM: i64 = 2000;
    let mut months = (FROM..FROM + CYCLE_YEARS).flat_map(|year| (1..=12).map(move |month| (year, month)));
    if months.any(|(year, month)| cron.days.in_month(year, month) != 0) {
        return None;
    }
    let (day, weekday) = (&pieces[3], &pieces[5]);
    if !weekday.text.starts_with(['*', '?']) {
        let rule = format!("day of the month {} and day of the week {} never meet", day.text, weekday.text);
        let fix = "where the day of the month starts with `*`, both have to fit; name the days instead";
        return Some(Mistake::new(Field::DayOfWeek, weekday.range.clone(), text, rule, fix));
    }
    let named: Vec<u32> = (1..=12).filter(|month| cron.days.has_month(*month)).collect();
    let longest = named.iter().map(|month| days_in(FROM, *month)).max().unwrap_or(31);
    let owner = match named.as_slice() {
        [only] => format!("{} has", MONTHS[*only as usize - 1]),
        _ => "these months have".to_owned(),
    };
    let rule = format!("day of the month {}: {owner} at most {longest} days", day.text);
    let fix = "write `L` for the last day of a month, or name another month";
    Some(Mistake::new(Field::DayOfMonth, day.range.clone(), text, rule, fix))
}
