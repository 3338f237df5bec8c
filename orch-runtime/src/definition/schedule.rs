//! What `cron`, `every` and `at` of an attribute say: plain data, made at compile time.

use std::{fmt, time::Duration};

use orch_schedule::{CatchUp, Dst, Overlap, Policy, Rule, RuleError, Zone, moment};

use crate::codec::{Bytes, CodecError};

/// When a schedule of an attribute is due, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleText {
    /// `cron = "…"`.
    Cron(&'static str),
    /// `every = "5m"`.
    Every {
        /// The distance of two ticks.
        period: Duration,
        /// `anchor = "…"`.
        anchor: Option<&'static str>,
    },
    /// `at = "…"` or `at = ["…", "…"]`.
    At(&'static [&'static str]),
}

/// One schedule of a flow, as its attribute says it. Its texts were checked when it was compiled.
pub struct ScheduleDefinition {
    name: &'static str,
    rule: RuleText,
    input: fn() -> Result<Bytes, CodecError>,
    line: u32,
    zone: Option<&'static str>,
    dst: Dst,
    policy: Policy,
    until: Option<&'static str>,
}

impl ScheduleDefinition {
    /// The name of a schedule without `name`.
    pub const DEFAULT_NAME: &'static str = "default";

    /// A schedule with every option at its default; `input` makes what its runs are started with.
    pub const fn new(
        name: &'static str,
        rule: RuleText,
        input: fn() -> Result<Bytes, CodecError>,
        line: u32,
    ) -> Self {
        let (dst, policy) = (Dst::DEFAULT, Policy::DEFAULT);
        Self { name, rule, input, line, zone: None, dst, policy, until: None }
    }

    /// Whose clocks its texts speak of.
    pub const fn zone(mut self, name: &'static str) -> Self {
        self.zone = Some(name);
        self
    }

    /// What becomes of times that a change of the clock leaves out or repeats.
    pub const fn dst(mut self, dst: Dst) -> Self {
        self.dst = dst;
        self
    }

    /// What becomes of missed ticks.
    pub const fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.policy.catch_up = catch_up;
        self
    }

    /// How late a tick may be started.
    pub const fn max_late(mut self, limit: Duration) -> Self {
        self.policy.max_late = Some(limit);
        self
    }

    /// What becomes of a tick while an earlier run is under way.
    pub const fn overlap(mut self, overlap: Overlap) -> Self {
        self.policy.overlap = overlap;
        self
    }

    /// How far ticks are spread.
    pub const fn jitter(mut self, most: Duration) -> Self {
        self.policy.jitter = Some(most);
        self
    }

    /// The moment after which nothing is due.
    pub const fn until(mut self, moment: &'static str) -> Self {
        self.until = Some(moment);
        self
    }

    /// After how many runs it ends.
    pub const fn max_runs(mut self, runs: u64) -> Self {
        self.policy.max_runs = Some(runs);
        self
    }

    /// The name that tells it from the other schedules of its flow.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The rule as it was written.
    pub fn rule_text(&self) -> RuleText {
        self.rule
    }

    /// Where it is written, in the file of the flow's [`Place`](super::Place).
    pub fn line(&self) -> u32 {
        self.line
    }

    /// When it is due.
    ///
    /// # Errors
    /// When a text is none that this version knows; the attributes refuse such texts.
    pub fn rule(&self) -> Result<Rule, RuleError> {
        let zone = self.known_zone()?.name();
        match self.rule {
            RuleText::Cron(expression) => Rule::cron(expression).zone(zone).dst(self.dst).build(),
            RuleText::Every { period, anchor } => {
                let rule = Rule::every(period).zone(zone);
                anchor.map_or(rule.clone(), |anchor| rule.anchor(anchor)).build()
            }
            RuleText::At(moments) => Rule::all_of(moments).zone(zone).dst(self.dst).build(),
        }
    }

    /// What is done about its ticks.
    ///
    /// # Errors
    /// When `until` is no moment that this version knows; the attributes refuse such texts.
    pub fn policy(&self) -> Result<Policy, RuleError> {
        let zone = self.known_zone()?;
        let until = self.until.map(|text| moment(text, zone)).transpose()?;
        Ok(Policy { until, ..self.policy.clone() })
    }

    /// The arguments of its runs in their stored form, as [`Registered`](super::Registered) decodes them.
    ///
    /// # Errors
    /// When an argument refuses to be written.
    pub fn input(&self) -> Result<Bytes, CodecError> {
        (self.input)()
    }

    fn known_zone(&self) -> Result<Zone, RuleError> {
        self.zone.map_or(Ok(Zone::UTC), Zone::named)
    }
}

impl fmt::Debug for ScheduleDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScheduleDefinition")
            .field("name", &self.name)
            .field("rule", &self.rule)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
