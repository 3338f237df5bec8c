//! One field of an expression: a list of numbers, ranges, steps, and what days have besides.

use super::{
    expression::Piece,
    field::{Bounds, WEEKDAYS},
};
use crate::{Field, Mistake, nearest::nearest};

/// The values of a field.
#[derive(Default)]
pub(super) struct Values {
    pub(super) bits: u64,
    /// `L-n`.
    pub(super) from_last: u32,
    /// `nW`.
    pub(super) nearest: u32,
    /// `LW`.
    pub(super) last_weekday: bool,
    /// `d#n` at bit n, `dL` at bit 0.
    pub(super) nth: [u8; 7],
}

/// The lower half of a set.
pub(super) fn low(bits: u64) -> u32 {
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0)
}

/// Reads a field; what is wrong goes to `mistakes`.
pub(super) fn read(text: &str, bounds: &Bounds, piece: &Piece<'_>, mistakes: &mut Vec<Mistake>) -> Values {
    let mut values = Values::default();
    let mut start = piece.range.start;
    for item in piece.text.split(',') {
        let range = start..start + item.len();
        start = range.end + 1;
        if let Err(fault) = read_item(bounds, item, &mut values) {
            // Nothing stands between two commas that could be pointed at.
            let at = if item.is_empty() { piece.range.clone() } else { range };
            mistakes.push(Mistake::new(bounds.field, at, text, fault.rule, fault.fix));
        }
    }
    values
}

/// What is wrong with an item, and what to write instead.
struct Fault {
    rule: String,
    fix: String,
}

fn fault<T>(rule: impl Into<String>, fix: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { rule: rule.into(), fix: fix.into() })
}

fn read_item(bounds: &Bounds, item: &str, values: &mut Values) -> Result<(), Fault> {
    let field = bounds.field;
    if item.is_empty() {
        let fix = "write a value before and after each comma, and no space";
        return fault(format!("{field}: a value of the list is missing"), fix);
    }
    if special(bounds, item, values)? {
        return Ok(());
    }
    let (range, step) = match item.split_once('/') {
        None => (item, None),
        Some((range, step)) => (range, Some(read_step(bounds, item, step)?)),
    };
    let (first, last) = match range {
        "*" => (bounds.first, bounds.largest()),
        "?" if matches!(field, Field::DayOfMonth | Field::DayOfWeek) => (bounds.first, bounds.largest()),
        "?" => return fault(format!("{field} ?: only days are left open like this"), "write `*`"),
        _ => read_range(bounds, item, range, step.is_some())?,
    };
    for value in (first..=last).step_by(step.unwrap_or(1) as usize) {
        // Both 0 and 7 are Sunday.
        let value = if field == Field::DayOfWeek { value % 7 } else { value };
        values.bits |= 1 << value;
    }
    Ok(())
}

fn read_step(bounds: &Bounds, item: &str, step: &str) -> Result<u32, Fault> {
    let field = bounds.field;
    let most = bounds.largest() - bounds.first;
    match number(step) {
        Some(0) => fault(
            format!("{field} {item}: a step is at least 1"),
            "write how far apart the values are: `*/5`",
        ),
        Some(step) if step > most => fault(
            format!("{field} {item}: a step is at most {most}"),
            match field {
                Field::Second | Field::Minute | Field::Hour => {
                    format!(
                        "a step counts within its field and starts anew with each {}; longer periods are a rule of \
                             their own, `every = \"{step}{}\"`",
                        above(field),
                        unit(field)
                    )
                }
                _ => "a step counts within its field; name the values that are meant".to_owned(),
            },
        ),
        Some(step) => Ok(step),
        None => fault(format!("{field} {item}: a step is a number"), "write `*/5` or `10-30/5`"),
    }
}

fn above(field: Field) -> &'static str {
    match field {
        Field::Second => "minute",
        Field::Minute => "hour",
        _ => "day",
    }
}

fn unit(field: Field) -> &'static str {
    match field {
        Field::Second => "s",
        Field::Minute => "m",
        _ => "h",
    }
}

fn read_range(bounds: &Bounds, item: &str, range: &str, has_step: bool) -> Result<(u32, u32), Fault> {
    let field = bounds.field;
    let Some((first, last)) = range.split_once('-') else {
        let value = read_value(bounds, range)?;
        return Ok((value, if has_step { bounds.largest().max(value) } else { value }));
    };
    if first.is_empty() || last.is_empty() || last.contains('-') {
        let fix = format!("write for example `{}-{}`", bounds.first, bounds.largest());
        return fault(format!("{field} {item}: a range has two ends"), fix);
    }
    let (start, end) = (read_value(bounds, first)?, read_value(bounds, last)?);
    // `SAT-SUN` and `1-0` mean the Sunday at the end of the week.
    let end = if field == Field::DayOfWeek && end == 0 && start > 0 { 7 } else { end };
    if start > end {
        let (largest, smallest) = (bounds.largest(), bounds.first);
        let named = |value: u32| {
            let by_name = !bounds.names.is_empty() && first.chars().any(char::is_alphabetic);
            let name = by_name.then(|| bounds.names.get((value - smallest) as usize)).flatten();
            name.map_or_else(|| value.to_string(), |name| (*name).to_owned())
        };
        let part = |from: u32, to: u32| {
            if from == to { named(from) } else { format!("{}-{}", named(from), named(to)) }
        };
        return fault(
            format!("{field} {item}: a range starts with its smaller end"),
            format!("write `{},{}`", part(start, largest), part(smallest, end)),
        );
    }
    Ok((start, end))
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

fn read_value(bounds: &Bounds, text: &str) -> Result<u32, Fault> {
    let field = bounds.field;
    if let Some(value) = number(text) {
        if (bounds.first..=bounds.last).contains(&value) {
            return Ok(value);
        }
        let fix = match (field, value) {
            (Field::Hour, 24) => "midnight is hour 0 of the next day".to_owned(),
            (Field::Minute | Field::Second, 60) => "write 0, which comes after 59".to_owned(),
            (Field::DayOfMonth | Field::Month, 0) => "counting starts at 1".to_owned(),
            _ => format!("write a number from {} to {}", bounds.first, bounds.last),
        };
        return fault(format!("{field} {text}: {}", bounds.shown()), fix);
    }
    let position = bounds.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    if let Some(position) = position {
        return Ok(bounds.first + u32::try_from(position).unwrap_or(0));
    }
    // `Monday` and `Sept` are what people write when they do not know the three letters.
    let short =
        text.get(..3).and_then(|short| bounds.names.iter().find(|name| name.eq_ignore_ascii_case(short)));
    let fix = match short.copied().or_else(|| nearest(text, bounds.names.iter().copied())) {
        Some(near) => format!("did you mean `{near}`?"),
        None if bounds.names.is_empty() => "write a number, a range `0-30`, a step `*/5`, or a list of them"
            .replace(
                "0-30",
                match field {
                    Field::Hour => "9-17",
                    Field::DayOfMonth => "1-15",
                    _ => "0-30",
                },
            ),
        None => {
            format!("write a number from {} to {}, or a name of three letters", bounds.first, bounds.last)
        }
    };
    fault(format!("{field} {text}: {}", bounds.shown()), fix)
}

/// `L`, `L-2`, `LW`, `15W`, `FRI#2` and `FRIL`; says whether the item was one of them.
fn special(bounds: &Bounds, item: &str, values: &mut Values) -> Result<bool, Fault> {
    let upper = item.to_ascii_uppercase();
    match bounds.field {
        Field::DayOfMonth => day_of_month(bounds, item, &upper, values),
        Field::DayOfWeek => day_of_week(bounds, item, &upper, values),
        _ => Ok(false),
    }
}

fn day_of_month(bounds: &Bounds, item: &str, upper: &str, values: &mut Values) -> Result<bool, Fault> {
    if upper == "L" {
        values.from_last |= 1;
    } else if upper == "LW" || upper == "WL" {
        values.last_weekday = true;
    } else if let Some(back) = upper.strip_prefix("L-") {
        match number(back) {
            Some(back @ 0..=30) => values.from_last |= 1 << back,
            _ => {
                let fix = "write for example `L-2` for the day two days before the last";
                return fault(format!("day of the month {item}: 0–30 days before the last"), fix);
            }
        }
    } else if let Some(day) = upper.strip_suffix('W') {
        values.nearest |= 1 << read_value(bounds, day)?;
    } else if item.contains('#') {
        return fault(
            format!("day of the month {item}: `#` belongs to a day of the week"),
            "write it in the last field: `0 9 * * MON#1` is the first Monday",
        );
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn day_of_week(bounds: &Bounds, item: &str, upper: &str, values: &mut Values) -> Result<bool, Fault> {
    if upper == "L" {
        return fault(
            "day of the week L: the last of which day?",
            "write `FRIL` for the last Friday of the month; `L` among the days of the month is its last day",
        );
    }
    if let Some((day, nth)) = item.split_once('#') {
        let day = read_value(bounds, day)? % 7;
        match number(nth) {
            Some(nth @ 1..=5) => values.nth[day as usize] |= 1 << nth,
            _ => {
                let name = WEEKDAYS[day as usize];
                let fix = "write a number from 1 to 5; `FRIL` is the last Friday";
                return fault(format!("day of the week {item}: a month has up to 5 {name}s"), fix);
            }
        }
        return Ok(true);
    }
    if let Some(day) = upper.strip_suffix('L') {
        values.nth[(read_value(bounds, day)? % 7) as usize] |= 1;
        return Ok(true);
    }
    if upper.ends_with('W') && number(&upper[..upper.len() - 1]).is_some() {
        return fault(
            format!("day of the week {item}: `W` belongs to a day of the month"),
            "write it in the field for the day of the month: `0 9 15W * ?`",
        );
    }
    Ok(false)
}
