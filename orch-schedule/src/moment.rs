//! A date with a time, as people write it.

use crate::{
    Field, Mistake, RuleError,
    calendar::{DAY, day_number, days_in},
};

/// A moment on some clock: `2026-12-24`, `2026-12-24 18:00`, `2026-12-24T18:00:30`, each with `Z` or an offset such as
/// `+01:00` behind it if it does not mean the clocks of the schedule's time zone.
///
/// ```
/// use orch_schedule::Moment;
///
/// assert!(Moment::parse("2026-12-24 18:00").is_ok());
/// let error = Moment::parse("2026-02-30").unwrap_err();
/// assert_eq!(error.mistakes()[0].rule(), "day 30: February 2026 has 28 days");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since the beginning of 1970 on that clock.
    pub(crate) local: i64,
    /// How far that clock is ahead of universal time, in seconds, if the text says so.
    pub(crate) offset: Option<i64>,
}

const EXAMPLE: &str = "write for example `2026-12-24 18:00`, or `2026-12-24T18:00:00+01:00`";

impl Moment {
    /// Reads a moment.
    ///
    /// # Errors
    /// When it is none; the message names the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Reader { text, at: 0 }.moment().map_err(|mistake| RuleError::of(text, mistake))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn moment(mut self) -> Result<Moment, Mistake> {
        let year = self.number("year", 4, 1970..=9998)?;
        self.expect("-")?;
        let month = self.number("month", 2, 1..=12)?;
        self.expect("-")?;
        let day = self.number("day", 2, 1..=31)?;
        let length = days_in(i64::from(year), month);
        if day > length {
            let name = crate::cron::MONTHS[month as usize - 1];
            let rule = format!("day {day}: {name} {year} has {length} days");
            return Err(self.wrong(self.at - 2..self.at, rule));
        }
        let mut local = day_number(i64::from(year), month, day) * DAY;
        if self.take(&["T", "t", " "]).is_some() {
            let hour = self.number("hour", 2, 0..=23)?;
            self.expect(":")?;
            let minute = self.number("minute", 2, 0..=59)?;
            let second = match self.take(&[":"]) {
                Some(_) => self.number("second", 2, 0..=59)?,
                None => 0,
            };
            local += i64::from(hour * 3600 + minute * 60 + second);
        }
        let offset = match self.take(&["Z", "z", "+", "-"]) {
            None => None,
            Some("+") => Some(self.offset()?),
            Some("-") => Some(-self.offset()?),
            Some(_) => Some(0),
        };
        if self.at < self.text.len() {
            return Err(
                self.wrong(self.at..self.text.len(), "a moment ends after its time or offset".to_owned())
            );
        }
        Ok(Moment { local, offset })
    }

    fn offset(&mut self) -> Result<i64, Mistake> {
        let hours = self.number("offset", 2, 0..=23)?;
        self.expect(":")?;
        let minutes = self.number("offset", 2, 0..=59)?;
        Ok(i64::from(hours * 3600 + minutes * 60))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, any: &[&'static str]) -> Option<&'static str> {
        let found = any.iter().find(|sign| self.rest().starts_with(**sign))?;
        self.at += found.len();
        Some(found)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Mistake> {
        match self.take(&[sign]) {
            Some(_) => Ok(()),
            None => Err(self.wrong(self.at..self.text.len(), format!("a `{sign}` is missing here"))),
        }
    }

    fn number(
        &mut self,
        part: &str,
        digits: usize,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, Mistake> {
        let written = self.rest().get(..digits).filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(written) = written else {
            return Err(self.wrong(
                self.at..self.text.len(),
                format!("{} {part} has {digits} digits", if part == "offset" { "an" } else { "a" }),
            ));
        };
        let value = written.parse().unwrap_or(u32::MAX);
        let range = self.at..self.at + digits;
        if !bounds.contains(&value) {
            return Err(self.wrong(range, format!("{part} {value}: {}–{}", bounds.start(), bounds.end())));
        }
        self.at = range.end;
        Ok(value)
    }

    fn wrong(&self, range: std::ops::Range<usize>, rule: String) -> Mistake {
        Mistake::new(Field::Moment, range, self.text, rule, EXAMPLE)
    }
}
