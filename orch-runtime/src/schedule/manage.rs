//! Schedules as people see and change them.

use std::{fmt, sync::Arc};

use orch_schedule::{Policy, Rule};

use super::{
    keeper::{unreadable, unwritable},
    put::becomes,
    spec::{Spec, spec_methods},
    stored::{PREFIX, Source, Stored, micros, moment},
    tick::unencodable,
};
use crate::{
    Runtime,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    runtime::Core,
    store::{Happening, Page, Starter, StarterChange, StarterChanged, StarterEntry, StarterPut, Starters},
};

/// Schedules that are read at a time.
const PAGE: usize = 256;

/// A schedule as it stood when it was asked for.
#[derive(Clone, Debug)]
pub struct Schedule {
    id: String,
    definition: String,
    stored: Stored,
}

impl Schedule {
    pub(super) fn under(key: &str, definition: &str, stored: &Stored) -> Self {
        let id = key.strip_prefix(PREFIX).unwrap_or(key).to_owned();
        Self { id, definition: definition.to_owned(), stored: stored.clone() }
    }

    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// What no other schedule has: the flow's full name, a slash and its own name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name among the schedules of its flow.
    pub fn name(&self) -> &str {
        &self.stored.name
    }

    /// Full name of the flow whose runs it starts.
    pub fn flow(&self) -> &str {
        &self.definition
    }

    /// When it is due.
    pub fn rule(&self) -> &Rule {
        &self.stored.rule
    }

    /// What is done about its ticks.
    pub fn policy(&self) -> &Policy {
        &self.stored.policy
    }

    /// Where it was written down.
    pub fn source(&self) -> Source {
        self.stored.source
    }

    /// Whether it starts nothing until it is resumed.
    pub fn is_paused(&self) -> bool {
        self.stored.paused
    }

    /// How many runs it has started.
    pub fn runs(&self) -> u64 {
        self.stored.fired
    }

    /// Its next tick, also while it is paused; `None` when it has come to its end.
    pub fn next(&self) -> Option<Timestamp> {
        self.stored.next.map(|next| moment(next.tick))
    }

    /// Its next ticks, at most `count`. With `jitter` they are started somewhat later.
    pub fn upcoming(&self, count: usize) -> Vec<Timestamp> {
        let first = self.stored.next.map(|next| next.tick);
        let ticks = std::iter::successors(first, |tick| self.stored.tick_after(*tick));
        ticks.take(count).map(moment).collect()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.stored.describe())?;
        if self.stored.paused { f.write_str(", paused") } else { Ok(()) }
    }
}

impl Runtime {
    /// The schedules of this runtime's store: listed, paused, changed, removed.
    pub fn schedules(&self) -> Schedules {
        Schedules::new(self.core())
    }
}

/// The schedules of a runtime; see [`Runtime::schedules`].
///
/// A schedule is named by its [id](Schedule::id), or by its own name where no other flow has a schedule of that name.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # async fn example(runtime: orch::Runtime) -> Result<(), orch::Error> {
/// let schedules = runtime.schedules();
/// for schedule in schedules.list().await? {
///     println!("{schedule}; next: {:?}", schedule.next());
/// }
/// schedules.pause("mornings").await?;
/// schedules.change("mornings").cron("0 8 * * *").tz("Europe/Berlin").apply().await?;
/// schedules.resume("mornings").await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Schedules {
    core: Arc<Core>,
}

impl Schedules {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Whoever serves looks again at what is due.
    pub(super) fn stir(&self) {
        self.core.starters_changed.notify_waiters();
    }

    /// All schedules, by their ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<Schedule>> {
        let mut list = Vec::new();
        self.each(|schedule| list.push(schedule)).await?;
        Ok(list)
    }

    async fn each(&self, mut see: impl FnMut(Schedule)) -> Result<()> {
        let mut after = None;
        loop {
            let which = Starters::Listed { prefix: PREFIX.to_owned(), after: after.take() };
            let page = self.core.store.starters(which, PAGE).await.map_err(unreadable)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            // What this version cannot read was put aside when it was due, and says so.
            let read = |starter: &Starter| Some(Schedule::of(starter, &Stored::of(starter).ok()?));
            page.iter().filter_map(read).for_each(&mut see);
        }
    }

    /// One schedule.
    ///
    /// # Errors
    /// When there is none of this name, or more than one; when the store cannot be read.
    pub async fn get(&self, schedule: &str) -> Result<Schedule> {
        self.found(schedule).await.map(|(starter, stored)| Schedule::of(&starter, &stored))
    }

    /// What became of its ticks, and what else happened to it, from the oldest that is kept, by pages.
    ///
    /// # Errors
    /// When there is none of this name, or more than one; when the store cannot be read.
    pub async fn history(&self, schedule: &str, page: Page<u64>) -> Result<Vec<StarterEntry>> {
        let (starter, _) = self.found(schedule).await?;
        self.core.store.starter_entries(starter.key, page).await.map_err(unreadable)
    }

    /// Lets it start nothing until it is resumed. One that is paused stays so.
    ///
    /// # Errors
    /// When there is none of this name, or more than one; when the store fails.
    pub async fn pause(&self, schedule: &str) -> Result<Schedule> {
        self.edit(schedule, |stored, _, _| {
            let told = if stored.paused { Vec::new() } else { vec![Happening::Paused] };
            stored.paused = true;
            Ok(told)
        })
        .await
    }

    /// Lets it go on. Ticks that passed while it was paused are skipped, and its history tells of them.
    ///
    /// # Errors
    /// When there is none of this name, or more than one; when the store fails.
    pub async fn resume(&self, schedule: &str) -> Result<Schedule> {
        self.edit(schedule, |stored, key, now| {
            Ok(if stored.paused { stored.resume(key, now) } else { Vec::new() })
        })
        .await
    }

    /// Removes it, and its history. Runs that it has started are left as they are. One that an attribute names comes back
    /// when the program serves again; [pause](Self::pause) such a one.
    ///
    /// # Errors
    /// When there is none of this name, or more than one; when the store fails.
    pub async fn remove(&self, schedule: &str) -> Result<()> {
        loop {
            let (Starter { key, revision, .. }, _) = self.found(schedule).await?;
            let at = self.core.clock.now();
            let change =
                StarterChange { key, expect: Some(revision), put: None, entries: Vec::new(), run: None, at };
            let changed = self.core.store.change_starter(change).await.map_err(unwritable)?;
            if let StarterChanged::Applied { .. } = changed {
                return Ok(());
            }
        }
    }

    /// Says what is to be different from now on; [`apply`](ChangeSchedule::apply) does it. A tick that was missed and not
    /// looked at is skipped where rule or policies change.
    pub fn change(&self, schedule: impl Into<String>) -> ChangeSchedule {
        ChangeSchedule { schedules: self.clone(), schedule: schedule.into(), spec: Spec::default() }
    }

    /// Changes a schedule, again where somebody else has changed it meanwhile.
    async fn edit(
        &self,
        schedule: &str,
        mut edit: impl FnMut(&mut Stored, &str, i64) -> Result<Vec<Happening>>,
    ) -> Result<Schedule> {
        loop {
            let (starter, mut stored) = self.found(schedule).await?;
            let at = self.core.clock.now();
            let entries = edit(&mut stored, &starter.key, micros(at))?;
            if entries.is_empty() {
                return Ok(Schedule::of(&starter, &stored));
            }
            let put: StarterPut = stored.put(&starter.definition).map_err(unencodable)?;
            let (key, expect) = (starter.key.clone(), Some(starter.revision));
            let change = StarterChange { key, expect, put: Some(put), entries, run: None, at };
            let changed = self.core.store.change_starter(change).await.map_err(unwritable)?;
            if let StarterChanged::Applied { .. } = changed {
                self.stir();
                return Ok(Schedule::of(&starter, &stored));
            }
        }
    }

    async fn found(&self, schedule: &str) -> Result<(Starter, Stored)> {
        let refused = |text: String| Err(Error::plain(ErrorKind::Runtime, text));
        let which = Starters::Key(format!("{PREFIX}{schedule}"));
        let mut starter = self.core.store.starters(which, 1).await.map_err(unreadable)?.pop();
        if starter.is_none() {
            let mut named = Vec::new();
            self.each(|known| {
                if known.name() == schedule || is_end_of(schedule, known.id()) {
                    named.push(known.id);
                }
            })
            .await?;
            match &*named {
                [id] => {
                    let which = Starters::Key(format!("{PREFIX}{id}"));
                    starter = self.core.store.starters(which, 1).await.map_err(unreadable)?.pop();
                }
                [] => {}
                several => {
                    return refused(format!(
                        "more than one schedule is named `{schedule}`; say which: `{}`",
                        several.join("`, `")
                    ));
                }
            }
        }
        let Some(starter) = starter else {
            let place = self.core.store.location();
            return refused(format!(
                "no schedule is named `{schedule}` in `{place}`; `Runtime::schedules().list()` tells which there are; those of \
                 attributes are stored when `orch::serve()` is awaited for the first time"
            ));
        };
        match Stored::of(&starter) {
            Ok(stored) => Ok((starter, stored)),
            Err(error) => refused(format!("schedule `{schedule}` cannot be read: {error}")),
        }
    }
}

/// Whether a text is the last part of an id, such as `watch_price/mornings`.
fn is_end_of(text: &str, id: &str) -> bool {
    text.contains('/') && id.strip_suffix(text).is_some_and(|before| before.ends_with("::"))
}

impl fmt::Debug for Schedules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedules").field("store", &self.core.store.location()).finish()
    }
}

/// What is to be different about a schedule; see [`Schedules::change`].
#[must_use = "nothing changes before `apply`"]
#[derive(Debug)]
pub struct ChangeSchedule {
    schedules: Schedules,
    schedule: String,
    spec: Spec,
}

impl ChangeSchedule {
    spec_methods!();

    /// Changes the schedule, durably. What was not said stays as it is.
    ///
    /// # Errors
    /// When there is none of this name, or more than one; when what was said is no rule; when the store fails.
    ///
    /// # Cancel safety
    /// Dropping the future changes the schedule or does not.
    pub async fn apply(self) -> Result<Schedule> {
        let Self { schedules, schedule, spec } = self;
        let wrong = |error: &dyn fmt::Display| {
            Error::plain(ErrorKind::Definition, format!("schedule `{schedule}`: {error}"))
        };
        schedules
            .edit(&schedule, |stored, key, now| {
                let rule = spec.rule(Some(&stored.rule)).map_err(|error| wrong(&error))?;
                let policy = spec.policy(stored.policy.clone()).map_err(|error| wrong(&error))?;
                let new = Stored { rule, policy, ..stored.clone() };
                let (after, told) = becomes(stored, &new, key, now);
                *stored = after;
                Ok(told)
            })
            .await
    }
}
