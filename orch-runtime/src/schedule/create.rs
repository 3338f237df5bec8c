//! Schedules that code makes.

use std::fmt;

use orch_schedule::Policy;

use super::{
    manage::{Schedule, Schedules},
    put::{Made, put},
    spec::{Spec, spec_methods},
    stored::{Source, Stored},
};
use crate::{
    Call, Flow,
    engine::{self, Startable},
    error::{Error, ErrorKind, Result},
    runtime::current_core,
};

impl<T> Call<T, Flow> {
    /// A schedule that starts runs of this flow with these arguments, by itself, while somebody
    /// [serves](crate::Runtime::serve). It is stored, and stays until it is changed or removed.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # use orch::{Call, Flow};
    /// # async fn example(watch_price: impl Fn(String, u32) -> Call<bool, Flow>) -> Result<(), orch::Error> {
    /// let mornings = watch_price("https://shop.example/1".into(), 120)
    ///     .schedule("mornings")
    ///     .cron("0 9 * * MON-FRI")
    ///     .tz("Europe/Berlin")
    ///     .create()
    ///     .await?;
    /// println!("{} is due at {:?}", mornings.name(), mornings.upcoming(3));
    /// # Ok(()) }
    /// ```
    ///
    /// The name tells it from other schedules of this flow. The call's name and tags are those of the runs, its runtime is
    /// that of the schedule, and its other options mean nothing here.
    pub fn schedule(self, name: impl Into<String>) -> NewSchedule {
        NewSchedule { of: engine::startable(self), name: name.into(), spec: Spec::default() }
    }
}

/// A schedule that is to be created; see [`Call::schedule`].
#[must_use = "a schedule is made by `create`"]
pub struct NewSchedule {
    of: Result<Startable>,
    name: String,
    spec: Spec,
}

impl NewSchedule {
    spec_methods!();

    /// Stores the schedule, durably. Where there is one of this name, it becomes what is said here, and stays paused if it
    /// is: a program may create its schedules whenever it starts.
    ///
    /// # Errors
    /// When it does not say when it is due, or in a way that is none; when the flow cannot be started by its name, because
    /// it is generic or has `skip(…)` parameters; when an argument cannot be written; when the store cannot be written.
    ///
    /// # Cancel safety
    /// Dropping the future creates the schedule or does not.
    pub async fn create(self) -> Result<Schedule> {
        let Self { of, name, spec } = self;
        let Startable { core, definition, input, label, tags } = of?;
        let core = core.map_or_else(current_core, Ok)?;
        let wrong = |error: &dyn fmt::Display| {
            Error::plain(ErrorKind::Definition, format!("schedule `{name}` of `{definition}`: {error}"))
        };
        if name.is_empty() || name.contains('/') {
            return Err(wrong(&"its name must not be empty, and has no `/`"));
        }
        let rule = spec.rule(None).map_err(|error| wrong(&error))?;
        let policy = spec.policy(Policy::DEFAULT).map_err(|error| wrong(&error))?;
        let new = Stored {
            name: name.clone(),
            rule,
            policy,
            source: Source::Code,
            input,
            label,
            tags,
            next: None,
            paused: false,
            fired: 0,
            active: Vec::new(),
        };
        let schedules = Schedules::new(core.clone());
        let (Made::New(schedule) | Made::Same(schedule) | Made::Changed(schedule, _)) =
            put(&core, definition, new).await?;
        schedules.stir();
        Ok(schedule)
    }
}

impl fmt::Debug for NewSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSchedule")
            .field("name", &self.name)
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}
