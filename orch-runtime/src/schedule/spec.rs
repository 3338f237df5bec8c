//! What code says of a schedule: a rule in parts, and policies.

use std::time::Duration;

use orch_schedule::{CatchUp, Dst, Overlap, Policy, Rule, RuleError, Zone, moment};

/// The parts that were given; the others are as they were, or at their defaults.
#[derive(Clone, Debug, Default)]
pub(super) struct Spec {
    pub(super) cron: Option<String>,
    pub(super) every: Option<Duration>,
    pub(super) anchor: Option<String>,
    pub(super) at: Vec<String>,
    pub(super) zone: Option<String>,
    pub(super) dst: Option<Dst>,
    pub(super) rule: Option<Rule>,
    pub(super) catch_up: Option<CatchUp>,
    pub(super) max_late: Option<Duration>,
    pub(super) overlap: Option<Overlap>,
    pub(super) jitter: Option<Duration>,
    pub(super) until: Option<String>,
    pub(super) max_runs: Option<u64>,
}

/// What is wrong with a spec.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpecError {
    #[error("{0}")]
    Rule(#[from] RuleError),
    #[error("it does not say when it is due; add `.cron(…)`, `.every(…)` or `.at(…)`")]
    NoRule,
    #[error(
        "it says in two ways when it is due ({0} and {1}); keep one, and give the other one a schedule of its own"
    )]
    TwoRules(&'static str, &'static str),
    #[error("`.{0}(…)` has nothing to belong to; {1}")]
    Loose(&'static str, &'static str),
}

impl Spec {
    /// The rule; where no part of one was given, the one that was there before.
    pub(super) fn rule(&self, before: Option<&Rule>) -> Result<Rule, SpecError> {
        let given = [
            ("`cron`", self.cron.is_some()),
            ("`every`", self.every.is_some()),
            ("`at`", !self.at.is_empty()),
            ("`rule`", self.rule.is_some()),
        ];
        let mut ways = given.iter().filter(|(_, given)| *given).map(|(way, _)| *way);
        if let (Some(one), Some(other)) = (ways.next(), ways.next()) {
            return Err(SpecError::TwoRules(one, other));
        }
        if self.anchor.is_some() && self.every.is_none() {
            return Err(SpecError::Loose("anchor", "it says where the periods of `.every(…)` begin"));
        }
        let zone = self.zone.as_deref().unwrap_or(Zone::UTC.name());
        let dst = self.dst.unwrap_or_default();
        if let Some(expression) = &self.cron {
            return Ok(Rule::cron(expression).zone(zone).dst(dst).build()?);
        }
        if let Some(period) = self.every {
            let rule = Rule::every(period).zone(zone);
            let rule = self.anchor.as_deref().map_or(rule.clone(), |anchor| rule.anchor(anchor));
            return Ok(rule.build()?);
        }
        if !self.at.is_empty() {
            let moments: Vec<&str> = self.at.iter().map(String::as_str).collect();
            return Ok(Rule::all_of(&moments).zone(zone).dst(dst).build()?);
        }
        if let Some(rule) = &self.rule {
            return Ok(rule.clone());
        }
        if self.zone.is_some() && self.until.is_none() {
            return Err(SpecError::Loose("tz", "say again when the schedule is due, in the new zone"));
        }
        if self.dst.is_some() {
            return Err(SpecError::Loose("dst", "say again when the schedule is due"));
        }
        before.cloned().ok_or(SpecError::NoRule)
    }

    /// The policies; those that were not given are as they were before.
    pub(super) fn policy(&self, before: Policy) -> Result<Policy, SpecError> {
        let zone = self.zone.as_deref().map_or(Ok(Zone::UTC), Zone::named)?;
        let until = self.until.as_deref().map(|until| moment(until, zone)).transpose()?;
        Ok(Policy {
            catch_up: self.catch_up.unwrap_or(before.catch_up),
            max_late: self.max_late.or(before.max_late),
            overlap: self.overlap.unwrap_or(before.overlap),
            jitter: self.jitter.or(before.jitter),
            until: until.or(before.until),
            max_runs: self.max_runs.or(before.max_runs),
        })
    }
}

/// The methods that make a spec.
macro_rules! spec_methods {
    () => {
        /// Due at the local times that a cron expression names: five fields (minute, hour, day of the month, month, day of
        /// the week), or six with seconds before them; names, ranges, steps, lists, `L`, `#` and words such as `@daily`.
        pub fn cron(mut self, expression: impl Into<String>) -> Self {
            self.spec.cron = Some(expression.into());
            self
        }

        /// Due again and again with the same distance, whatever the clocks show.
        pub fn every(mut self, period: std::time::Duration) -> Self {
            self.spec.every = Some(period);
            self
        }

        /// A moment from which the periods of [`every`](Self::every) are counted, such as `2026-01-01 06:30`. Default: the
        /// beginning of 1970 in universal time, so that an hour begins at a full hour.
        pub fn anchor(mut self, moment: impl Into<String>) -> Self {
            self.spec.anchor = Some(moment.into());
            self
        }

        /// Due at one moment, such as `2026-12-24 18:00`; may be said again for more.
        pub fn at(mut self, moment: impl Into<String>) -> Self {
            self.spec.at.push(moment.into());
            self
        }

        /// Due as a [`Rule`](crate::schedule::Rule) says that is there already.
        pub fn rule(mut self, rule: orch_schedule::Rule) -> Self {
            self.spec.rule = Some(rule);
            self
        }

        /// Whose clocks are meant, such as `Europe/Berlin`. Default: `UTC`.
        pub fn tz(mut self, zone: impl Into<String>) -> Self {
            self.spec.zone = Some(zone.into());
            self
        }

        /// What becomes of local times that a change of the clock leaves out or repeats. Default: they are shifted, and
        /// happen at the first of two.
        pub fn dst(mut self, dst: orch_schedule::Dst) -> Self {
            self.spec.dst = Some(dst);
            self
        }

        /// What becomes of ticks that were due while nobody was there. Default: the last is started.
        pub fn catch_up(mut self, catch_up: orch_schedule::CatchUp) -> Self {
            self.spec.catch_up = Some(catch_up);
            self
        }

        /// A tick that could not be started within this time is skipped. Default: no limit.
        pub fn max_late(mut self, limit: std::time::Duration) -> Self {
            self.spec.max_late = Some(limit);
            self
        }

        /// What becomes of a tick while a run of an earlier one is under way. Default: it is started too.
        pub fn overlap(mut self, overlap: orch_schedule::Overlap) -> Self {
            self.spec.overlap = Some(overlap);
            self
        }

        /// Starts each tick up to so much later, the same tick always equally. Default: not at all.
        pub fn jitter(mut self, most: std::time::Duration) -> Self {
            self.spec.jitter = Some(most);
            self
        }

        /// No tick is due after this moment, such as `2026-12-31 23:59`. Default: no end.
        pub fn until(mut self, moment: impl Into<String>) -> Self {
            self.spec.until = Some(moment.into());
            self
        }

        /// After so many runs the schedule ends. Default: no end.
        pub fn max_runs(mut self, runs: u64) -> Self {
            self.spec.max_runs = Some(runs);
            self
        }
    };
}
pub(super) use spec_methods;
