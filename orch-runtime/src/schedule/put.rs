//! Schedules on their way into the store.

use std::sync::Arc;

use super::{
    keeper::{unreadable, unwritable},
    manage::Schedule,
    stored::{Stored, key, micros},
    tick::unencodable,
};
use crate::{
    error::Result,
    runtime::Core,
    store::{Happening, Skip, Starter, StarterChange, StarterChanged, Starters},
};

/// What became of a schedule that was to be there.
pub(super) enum Made {
    /// It is new.
    New(Schedule),
    /// It was there.
    Same(Schedule),
    /// There was another one of its name, which is described here.
    Changed(Schedule, String),
}

/// Sees to it that the schedule of this name is this one.
pub(super) async fn put(core: &Arc<Core>, definition: &str, new: Stored) -> Result<Made> {
    let key = key(definition, &new.name);
    loop {
        let at = core.clock.now();
        let known = core.store.starters(Starters::Key(key.clone()), 1).await.map_err(unreadable)?.pop();
        let (mut after, made, told);
        match &known {
            None => {
                after = new.clone();
                after.begin(&key, micros(at));
                (made, told) = (None, vec![Happening::Created(after.describe())]);
            }
            Some(starter) => {
                // What this version cannot read is another one.
                let before = Stored::of(starter).unwrap_or_else(|_| Stored { next: None, ..new.clone() });
                let changed = becomes(&before, &new, &key, micros(at));
                if changed.1.is_empty() {
                    return Ok(Made::Same(Schedule::of(starter, &before)));
                }
                (after, told) = changed;
                made = Some(before.describe());
            }
        }
        let change = StarterChange {
            key: key.clone(),
            expect: known.as_ref().map(|starter| starter.revision),
            put: Some(after.put(definition).map_err(unencodable)?),
            entries: told,
            run: None,
            at,
        };
        if let StarterChanged::Applied { .. } = core.store.change_starter(change).await.map_err(unwritable)? {
            let schedule = Schedule::under(&key, definition, &after);
            return Ok(match made {
                None => Made::New(schedule),
                Some(before) => Made::Changed(schedule, before),
            });
        }
    }
}

/// What a stored schedule is when it is to be `new`, and what its history tells of that; nothing where it is that already.
pub(super) fn becomes(before: &Stored, new: &Stored, key: &str, now: i64) -> (Stored, Vec<Happening>) {
    let Stored { name, rule, policy, source, input, label, tags, .. } = new.clone();
    let mut after = Stored { name, rule, policy, source, input, label, tags, ..before.clone() };
    if after == *before {
        return (after, Vec::new());
    }
    let mut told = Vec::new();
    if after.rule != before.rule {
        // What the old one named and nobody has looked at is over; the new one begins now.
        let skip = if before.paused { Skip::Paused } else { Skip::Replaced };
        told = before.clone().drop_due(key, now, skip);
        told.retain(|what| matches!(what, Happening::Ticks(_)));
        after.begin(key, now);
    } else if after.policy != before.policy {
        // Ticks that have no fate yet have one by the new policies.
        match before.next.filter(|next| after.policy.until.is_none_or(|until| next.tick <= until)) {
            Some(next) => after.next = Some(after.next(key, next.tick, i64::MIN)),
            None => after.begin(key, now),
        }
    }
    if after.policy.max_runs.is_some_and(|most| after.fired >= most) {
        after.next = None;
    }
    told.push(Happening::Changed { from: before.describe(), to: after.describe() });
    (after, told)
}

impl Schedule {
    pub(super) fn of(starter: &Starter, stored: &Stored) -> Self {
        Self::under(&starter.key, &starter.definition, stored)
    }
}
