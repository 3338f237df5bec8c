//! What is stored of a schedule, beside when it is to be looked at.

use orch_schedule::{Policy, Rule, jitter_of};
use serde::{Deserialize, Serialize};

use super::backlog::Backlog;
use crate::{
    clock::Timestamp,
    codec::{self, Bytes, CodecError},
    id::RunId,
    store::{Happening, Skip, Starter, StarterPut},
};

/// What the keys of all schedules begin with.
pub(super) const PREFIX: &str = "schedule/";

/// Where a schedule was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// In the attribute of its flow: it is what the attribute says whenever a runtime serves.
    Attribute,
    /// In code, at run time: it stays until it is changed or removed there.
    Code,
}

/// A schedule as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) rule: Rule,
    pub(crate) policy: Policy,
    pub(crate) source: Source,
    /// The encoded input of the runs.
    pub(crate) input: Bytes,
    pub(crate) label: Option<String>,
    pub(crate) tags: Vec<String>,
    /// The first tick that has no fate yet; `None` when there will be none.
    pub(crate) next: Option<Next>,
    pub(crate) paused: bool,
    /// How many runs it has started.
    pub(crate) fired: u64,
    /// Where `overlap` asks for it: the runs that had not ended when last looked at, in the order of their ticks. The
    /// first one is under way, the others wait for their turn.
    pub(crate) active: Vec<RunId>,
}

/// A tick to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Next {
    /// The moment that the rule names, in microseconds since 1970.
    pub(crate) tick: i64,
    /// When it is to be started: no earlier than the one before it.
    pub(crate) due: i64,
}

impl Stored {
    /// What is stored of a starter.
    ///
    /// # Errors
    /// When it is no schedule that this version knows.
    pub(crate) fn of(starter: &Starter) -> Result<Self, CodecError> {
        codec::decode(&starter.content)
    }

    /// As the store takes it.
    pub(crate) fn put(&self, definition: &str) -> Result<StarterPut, CodecError> {
        let wake = self.next.filter(|_| !self.paused).map(|next| moment(next.due));
        Ok(StarterPut { definition: definition.to_owned(), wake, content: codec::encode(self)? })
    }

    /// The first tick of the rule after this moment, within the schedule's life.
    pub(super) fn tick_after(&self, after: i64) -> Option<i64> {
        self.rule.next_after(after).filter(|tick| self.policy.until.is_none_or(|until| *tick <= until))
    }

    /// When a tick is to be started that comes after one that was to be started at `before`. Jitter must not turn ticks
    /// round: each has its fate when those before have theirs.
    pub(super) fn next(&self, key: &str, tick: i64, before: i64) -> Next {
        let jitter = self
            .policy
            .jitter
            .map_or(0, |most| i64::try_from(jitter_of(key, tick, most).as_micros()).unwrap_or(i64::MAX));
        Next { tick, due: tick.saturating_add(jitter).max(before) }
    }

    /// Goes on after a pause: what passed meanwhile is skipped.
    pub(super) fn resume(&mut self, key: &str, now: i64) -> Vec<Happening> {
        let mut told = self.drop_due(key, now, Skip::Paused);
        self.paused = false;
        told.push(Happening::Resumed);
        told
    }

    /// Everything that is due is skipped for one reason.
    pub(super) fn drop_due(&mut self, key: &str, now: i64, skip: Skip) -> Vec<Happening> {
        // What was named before the change of mind is not to be started after it, jitter or not.
        let Some(first) = self.next.filter(|next| next.tick <= now) else { return Vec::new() };
        let at_once = Self { policy: Policy { jitter: None, ..self.policy.clone() }, ..self.clone() };
        let due = Self { next: Some(Next { due: first.tick, ..first }), ..at_once };
        let backlog = Backlog::of(&due, key, now);
        let mut told: Vec<_> =
            backlog.row().map(|row| Happening::Ticks(row.skipped(skip))).into_iter().collect();
        self.begin(key, now);
        if self.next.is_none() {
            told.push(Happening::Finished("its last tick is over".into()));
        }
        told
    }

    /// Begins to count from `now`: what the rule names later is to come.
    pub(super) fn begin(&mut self, key: &str, now: i64) {
        self.next = self.tick_after(now).map(|tick| self.next(key, tick, i64::MIN));
    }

    /// What it is, for people: rule and policies.
    pub(crate) fn describe(&self) -> String {
        let Policy { catch_up, max_late, overlap, jitter, until, max_runs } = &self.policy;
        let mut text = self.rule.to_string();
        let default = Policy::DEFAULT;
        let mut add = |differs: bool, part: String| {
            if differs {
                text.push_str(", ");
                text.push_str(&part);
            }
        };
        add(*catch_up != default.catch_up, format!("catch_up = {catch_up:?}"));
        add(*overlap != default.overlap, format!("overlap = {overlap:?}"));
        add(max_late.is_some(), format!("max_late = {:?}", max_late.unwrap_or_default()));
        add(jitter.is_some(), format!("jitter = {:?}", jitter.unwrap_or_default()));
        add(until.is_some(), format!("until = {:?}", moment(until.unwrap_or_default())));
        add(max_runs.is_some(), format!("max_runs = {}", max_runs.unwrap_or_default()));
        text
    }
}

/// The key of a schedule of a definition.
pub(crate) fn key(definition: &str, name: &str) -> String {
    format!("{PREFIX}{definition}/{name}")
}

/// A moment as rules count them.
pub(crate) fn micros(at: Timestamp) -> i64 {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

/// A moment as stores count them. Nothing is due before 1970.
pub(crate) fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(u64::try_from(micros).unwrap_or(0))
}
