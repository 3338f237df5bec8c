//! What is wrong with a rule, told so that it can be put right.

use std::{error::Error, fmt, ops::Range};

/// The part of a rule that a mistake is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The first field of a cron expression with six.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days of the month.
    DayOfMonth,
    /// Months.
    Month,
    /// Days of the week.
    DayOfWeek,
    /// The expression as a whole.
    Expression,
    /// The name of a time zone.
    Zone,
    /// A period.
    Period,
    /// A date with a time.
    Moment,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of the month",
            Self::Month => "month",
            Self::DayOfWeek => "day of the week",
            Self::Expression => "cron expression",
            Self::Zone => "time zone",
            Self::Period => "period",
            Self::Moment => "date and time",
        })
    }
}

/// One mistake: where it is, what the rule is, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    field: Field,
    range: Range<usize>,
    text: String,
    rule: String,
    fix: String,
}

impl Mistake {
    pub(crate) fn new(
        field: Field,
        range: Range<usize>,
        text: &str,
        rule: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let text = text.get(range.clone()).unwrap_or_default().to_owned();
        Self { field, range, text, rule: rule.into(), fix: fix.into() }
    }

    /// What it is about.
    pub fn field(&self) -> Field {
        self.field
    }

    /// Which bytes of the given text are wrong.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The text at [`range`](Self::range).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong, for example `minute 61: 0–59`.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// What to write instead.
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.rule, self.fix)
    }
}

/// A rule that cannot be one, with all that is wrong with it.
///
/// ```
/// use orch_schedule::{Cron, Field};
///
/// let error = Cron::parse("61 25 * * *").unwrap_err();
/// assert_eq!(error.mistakes().len(), 2);
/// assert_eq!(error.mistakes()[0].field(), Field::Minute);
/// assert_eq!(error.mistakes()[0].text(), "61");
/// assert_eq!(error.mistakes()[0].rule(), "minute 61: 0–59");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    given: String,
    mistakes: Vec<Mistake>,
}

impl RuleError {
    pub(crate) fn new(given: &str, mistakes: Vec<Mistake>) -> Self {
        Self { given: given.to_owned(), mistakes }
    }

    pub(crate) fn of(given: &str, mistake: Mistake) -> Self {
        Self::new(given, vec![mistake])
    }

    /// What is wrong here and there. Only the builders of rules have two texts.
    #[cfg(feature = "time")]
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.given = format!("{}\" with \"{}", self.given, other.given);
        self.mistakes.extend(other.mistakes);
        self
    }

    /// The text that was given.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// Everything that is wrong, in the order of the text; never empty.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is no rule for a schedule: ", self.given)?;
        for (index, mistake) in self.mistakes.iter().enumerate() {
            write!(f, "{}{mistake}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl Error for RuleError {}
