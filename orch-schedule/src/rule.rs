//! A rule: when a schedule is due.

use std::{fmt, time::Duration};

use crate::{
    Cron, Doubled, Dst, Field, Missing, Mistake, Moment, RuleError, Zone,
    describe::describe,
    next::{next_cron, next_period, resolve},
};

/// When a schedule is due. Made by [`Rule::cron`], [`Rule::every`] and [`Rule::at`]; stored by serde.
///
/// ```
/// use orch_schedule::Rule;
///
/// # fn main() -> Result<(), orch_schedule::RuleError> {
/// let mornings = Rule::cron("0 9 * * MON-FRI").zone("Europe/Berlin").build()?;
/// # let _ = mornings;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Rule {
    /// At the local times that an expression names.
    Cron {
        /// The expression.
        expression: Cron,
        /// Whose clocks are meant.
        zone: Zone,
        /// What becomes of times that a change of the clock leaves out or repeats.
        dst: Dst,
    },
    /// Again and again with the same distance, whatever the clocks show.
    Every {
        /// The distance; never zero.
        period: Duration,
        /// A moment that is due, in microseconds since the epoch; the others are whole periods before and after it.
        anchor: i64,
    },
    /// At these moments, in microseconds since the epoch, in order and each once.
    At(Vec<i64>),
}

impl Rule {
    /// Starts a rule from a cron expression, see [`Cron`].
    pub fn cron(expression: &str) -> CronRule {
        CronRule { expression: expression.to_owned(), zone: None, dst: Dst::DEFAULT }
    }

    /// Starts a rule that is due every `period`.
    pub fn every(period: Duration) -> EveryRule {
        EveryRule { period, anchor: None, zone: None }
    }

    /// Starts a rule that is due at one moment, such as `2026-12-24 18:00`; more are added with
    /// [`and`](AtRule::and).
    pub fn at(moment: &str) -> AtRule {
        AtRule { moments: vec![moment.to_owned()], zone: None, dst: Dst::DEFAULT }
    }

    /// Starts a rule that is due at all these moments.
    pub fn all_of(moments: &[&str]) -> AtRule {
        let moments = moments.iter().map(|moment| (*moment).to_owned()).collect();
        AtRule { moments, zone: None, dst: Dst::DEFAULT }
    }

    /// The first due moment after `after_micros`, in microseconds since the epoch; `None` when there is none.
    pub fn next_after(&self, after_micros: i64) -> Option<i64> {
        match self {
            Self::Cron { expression, zone, dst } => next_cron(expression, *zone, *dst, after_micros),
            Self::Every { period, anchor } => next_period(*period, *anchor, after_micros),
            Self::At(moments) => {
                moments.get(moments.partition_point(|moment| *moment <= after_micros)).copied()
            }
        }
    }

    /// The next `count` due moments after `after_micros`.
    pub fn upcoming(&self, after_micros: i64, count: usize) -> Vec<i64> {
        self.ticks(after_micros).take(count).collect()
    }

    /// All due moments after `after_micros`, in order.
    pub fn ticks(&self, after_micros: i64) -> Ticks<'_> {
        Ticks { rule: self, after: Some(after_micros) }
    }

    /// The rule in words, for people.
    pub fn describe(&self) -> String {
        describe(self)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// The due moments of a rule, in order, in microseconds since the epoch.
#[derive(Clone, Debug)]
pub struct Ticks<'a> {
    rule: &'a Rule,
    after: Option<i64>,
}

impl Iterator for Ticks<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.after = self.rule.next_after(self.after?);
        self.after
    }
}

/// A rule from a cron expression, before it is checked.
#[derive(Clone, Debug)]
#[must_use = "a rule is made by `build`"]
pub struct CronRule {
    expression: String,
    zone: Option<String>,
    dst: Dst,
}

impl CronRule {
    /// Whose clocks the expression speaks of; `UTC` without.
    pub fn zone(mut self, name: &str) -> Self {
        self.zone = Some(name.to_owned());
        self
    }

    /// What becomes of times that a change of the clock leaves out.
    pub fn missing(mut self, missing: Missing) -> Self {
        self.dst.missing = missing;
        self
    }

    /// What becomes of times that a change of the clock repeats.
    pub fn doubled(mut self, doubled: Doubled) -> Self {
        self.dst.doubled = doubled;
        self
    }

    /// Both of the above.
    pub fn dst(mut self, dst: Dst) -> Self {
        self.dst = dst;
        self
    }

    /// The rule.
    ///
    /// # Errors
    /// With all that is wrong with expression and zone.
    pub fn build(self) -> Result<Rule, RuleError> {
        match (Cron::parse(&self.expression), zone(self.zone.as_deref())) {
            (Ok(expression), Ok(zone)) => Ok(Rule::Cron { expression, zone, dst: self.dst }),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            (Err(expression), Err(zone)) => Err(expression.with(zone)),
        }
    }
}

fn zone(name: Option<&str>) -> Result<Zone, RuleError> {
    name.map_or(Ok(Zone::UTC), Zone::named)
}

/// The moment that `text` means on the clocks of a zone, in microseconds since the epoch, as `anchor` and `until` take
/// it: one that a change of the clock leaves out comes as much later, and of two the first counts.
///
/// # Errors
/// When the text is no moment.
pub fn moment(text: &str, zone: Zone) -> Result<i64, RuleError> {
    let read = Moment::parse(text)?;
    // The default policy finds one for each local time.
    Ok(resolve(read, zone, Dst::DEFAULT).first().copied().unwrap_or(read.local.saturating_mul(1_000_000)))
}

/// A rule with a period, before it is checked.
#[derive(Clone, Debug)]
#[must_use = "a rule is made by `build`"]
pub struct EveryRule {
    period: Duration,
    anchor: Option<String>,
    zone: Option<String>,
}

impl EveryRule {
    /// A moment that is due, for example `2026-01-01 06:30`; whole periods before and after it are due too. Without, it
    /// is the beginning of 1970 in universal time, so `every = "1h"` is due at full hours and `every = "1d"` at midnight.
    pub fn anchor(mut self, moment: &str) -> Self {
        self.anchor = Some(moment.to_owned());
        self
    }

    /// Whose clocks the anchor speaks of, unless it says so itself; `UTC` without.
    pub fn zone(mut self, name: &str) -> Self {
        self.zone = Some(name.to_owned());
        self
    }

    /// The rule.
    ///
    /// # Errors
    /// When the period is shorter than a microsecond, or the anchor is no moment.
    pub fn build(self) -> Result<Rule, RuleError> {
        if self.period.as_micros() == 0 {
            let given = format!("{:?}", self.period);
            let rule = "a period is at least a microsecond long";
            let fix = "write for example `Duration::from_secs(300)`";
            return Err(RuleError::of(
                &given,
                Mistake::new(Field::Period, 0..given.len(), &given, rule, fix),
            ));
        }
        let zone = zone(self.zone.as_deref())?;
        let anchor = self.anchor.as_deref().map(|text| moment(text, zone)).transpose()?;
        Ok(Rule::Every { period: self.period, anchor: anchor.unwrap_or(0) })
    }
}

/// A rule of single moments, before it is checked.
#[derive(Clone, Debug)]
#[must_use = "a rule is made by `build`"]
pub struct AtRule {
    moments: Vec<String>,
    zone: Option<String>,
    dst: Dst,
}

impl AtRule {
    /// One more moment.
    pub fn and(mut self, moment: &str) -> Self {
        self.moments.push(moment.to_owned());
        self
    }

    /// Whose clocks the moments speak of, unless they say so themselves; `UTC` without.
    pub fn zone(mut self, name: &str) -> Self {
        self.zone = Some(name.to_owned());
        self
    }

    /// What becomes of moments that a change of the clock leaves out or repeats.
    pub fn dst(mut self, dst: Dst) -> Self {
        self.dst = dst;
        self
    }

    /// The rule.
    ///
    /// # Errors
    /// With all moments that are none.
    pub fn build(self) -> Result<Rule, RuleError> {
        let zone = zone(self.zone.as_deref())?;
        let mut moments = Vec::new();
        let mut wrong: Option<RuleError> = None;
        for text in &self.moments {
            match Moment::parse(text) {
                Ok(moment) => moments.extend(resolve(moment, zone, self.dst)),
                Err(error) => wrong = Some(wrong.map_or(error.clone(), |earlier| earlier.with(error))),
            }
        }
        moments.sort_unstable();
        moments.dedup();
        wrong.map_or(Ok(Rule::At(moments)), Err)
    }
}
