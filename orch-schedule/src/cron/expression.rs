//! An expression: its fields, read and kept as sets.

use std::{fmt, ops::Range};

use super::{
    days::Days,
    field::Bounds,
    item::{self, Values},
    possible,
};
use crate::{Field, Mistake, RuleError};

/// A cron expression: `minute hour day-of-month month day-of-week`, with seconds before them if there are six.
///
/// | field | numbers | besides |
/// |---|---|---|
/// | second | 0–59 | |
/// | minute | 0–59 | |
/// | hour | 0–23 | |
/// | day of the month | 1–31 | `?`, `L` (the last), `L-2` (two days before it), `15W` (the weekday next to the 15th, in the same month), `LW` (the last weekday) |
/// | month | 1–12 | `JAN`–`DEC` |
/// | day of the week | 0–7, 0 and 7 are Sunday | `?`, `SUN`–`SAT`, `FRI#2` (the second Friday of the month), `FRIL` or `5L` (the last) |
///
/// Each field is `*` or a list (`1,15`) of numbers, ranges (`MON-FRI`) and steps (`*/5`, `10-30/5`, `5/15` which is
/// `5-59/15`). Small letters are as good as large ones. `@yearly` (`@annually`), `@monthly`, `@weekly`, `@daily`
/// (`@midnight`) and `@hourly` stand for what they say.
///
/// As in the cron of Unix, a day fits if *either* the day of the month or the day of the week does where both are given:
/// `0 0 13 * FRI` is every Friday and every 13th. Where one of them starts with `*` or is `?`, both have to fit, so
/// `0 0 */2 * MON` is the Mondays with an odd date.
///
/// What can never come is a mistake: `0 0 30 2 *`. So is a step that is wider than its field, since `*/90` in the minutes
/// would be once an hour.
#[derive(Clone, PartialEq, Eq)]
pub struct Cron {
    text: Box<str>,
    pub(super) seconds: u64,
    pub(super) minutes: u64,
    pub(super) hours: u32,
    pub(super) days: Days,
}

/// A field of the text.
#[derive(Clone)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// With all mistakes, each of which names its field.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let mut mistakes = Vec::new();
        let read = match text.trim() {
            alias if alias.starts_with('@') => from_alias(text, alias),
            _ => read_fields(text, &mut mistakes),
        };
        match read {
            Ok(cron) if mistakes.is_empty() => Ok(cron),
            Ok(_) => Err(RuleError::new(text, mistakes)),
            Err(mistake) => {
                mistakes.push(mistake);
                Err(RuleError::new(text, mistakes))
            }
        }
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn new(text: &str, fields: [Values; 6], starred: [bool; 2]) -> Self {
        let [seconds, minutes, hours, day, month, weekday] = fields;
        Self {
            text: text.trim().into(),
            seconds: seconds.bits,
            minutes: minutes.bits,
            hours: item::low(hours.bits),
            days: Days::new(&day, &month, &weekday, starred),
        }
    }
}

/// Names for expressions, and for what they stand.
const ALIASES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

fn from_alias(text: &str, alias: &str) -> Result<Cron, Mistake> {
    let known = ALIASES.iter().find(|(name, _)| name.eq_ignore_ascii_case(alias));
    if let Some((_, meant)) = known {
        let mut cron = read_fields(meant, &mut Vec::new())?;
        cron.text = alias.into();
        return Ok(cron);
    }
    let fix = if alias.eq_ignore_ascii_case("@reboot") {
        "a schedule is about moments; what runs when the program starts is called by the program".to_owned()
    } else if alias.starts_with("@every") {
        "write the period as a rule of its own: `every = \"5m\"`".to_owned()
    } else {
        match crate::nearest::nearest(alias, ALIASES.iter().map(|(name, _)| *name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the names are `@yearly`, `@monthly`, `@weekly`, `@daily` and `@hourly`".to_owned(),
        }
    };
    Err(Mistake::new(Field::Expression, whole(text), text, format!("there is no expression `{alias}`"), fix))
}

/// All of a text but the white space around it.
fn whole(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..(start + text.trim().len()).max(start)
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if length == 0 {
            return pieces;
        }
        let start = text.len() - rest.len();
        let (piece, after) = rest.split_at(length);
        pieces.push(Piece { text: piece, range: start..start + length });
        rest = after;
    }
}

fn read_fields(text: &str, mistakes: &mut Vec<Mistake>) -> Result<Cron, Mistake> {
    let mut pieces = pieces(text);
    if let Some(first) = pieces.first()
        && let Some((_, zone)) = first.text.split_once('=').filter(|(name, _)| name.ends_with("TZ"))
    {
        let fix = format!("write it beside the expression: `tz = \"{zone}\"`");
        let rule = "a cron expression has no time zone in it";
        return Err(Mistake::new(Field::Expression, first.range.clone(), text, rule, fix));
    }
    let zero = Piece { text: "0", range: 0..0 };
    match pieces.len() {
        5 => pieces.insert(0, zero),
        6 => {}
        7 => {
            let fix = "leave the year out; `until` ends a schedule, and `at` is for single days";
            let rule = "a cron expression has five or six fields, and this one has seven";
            return Err(Mistake::new(Field::Expression, pieces[6].range.clone(), text, rule, fix));
        }
        count => {
            let has = if count == 0 { "is empty".to_owned() } else { format!("has {count}") };
            let rule = format!("a cron expression has five or six fields, and this one {has}");
            let fix = "write `minute hour day-of-month month day-of-week`, with seconds before them if you need them: \
                       `0 9 * * MON-FRI`";
            return Err(Mistake::new(Field::Expression, whole(text), text, rule, fix));
        }
    }
    let bounds = [
        Bounds::SECOND,
        Bounds::MINUTE,
        Bounds::HOUR,
        Bounds::DAY_OF_MONTH,
        Bounds::MONTH,
        Bounds::DAY_OF_WEEK,
    ];
    let mut read =
        bounds.iter().zip(&pieces).map(|(bounds, piece)| item::read(text, bounds, piece, mistakes));
    let fields = std::array::from_fn(|_| read.next().unwrap_or_default());
    drop(read);
    let starred = [3, 5].map(|index| pieces[index].text.starts_with(['*', '?']));
    let cron = Cron::new(text, fields, starred);
    if mistakes.is_empty()
        && let Some(mistake) = possible::impossible(&cron, text, &pieces)
    {
        return Err(mistake);
    }
    Ok(cron)
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Cron {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Cron {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
