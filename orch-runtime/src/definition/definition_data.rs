//! The static data behind an annotated function.

use std::{fmt, sync::OnceLock, time::Duration};

use super::{Backoff, CachePolicy, Resolved, ScheduleDefinition, TriggerDefinition};
use crate::limits::{Need, Rate};

/// Flow or task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum DefinitionKind {
    /// One unit of work.
    Task,
    /// Has its own journal and can be started by name.
    Flow,
}

/// Where a function stands in the source.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The function's identifier.
    pub name: &'static str,
    /// `module_path!()` of the function.
    pub module: &'static str,
    /// Source file.
    pub file: &'static str,
    /// Line in that file.
    pub line: u32,
    /// Column in that line.
    pub column: u32,
    /// The type name of a function inside the annotated one, from which the path of an inner function is read.
    pub path: fn() -> &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What an attribute wrote about its function: name, options and source place. Plain data, made at compile time.
pub struct Definition {
    pub(crate) kind: DefinitionKind,
    pub(crate) place: Place,
    pub(crate) body_hash: u64,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) name: Option<&'static str>,
    pub(crate) formerly: &'static [&'static str],
    pub(crate) version: &'static str,
    pub(crate) retries: u32,
    pub(crate) backoff: Backoff,
    pub(crate) retry_budget: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) cache: Option<CachePolicy>,
    pub(crate) tags: &'static [&'static str],
    pub(crate) strict: bool,
    /// Its interrupted runs wait for a person.
    pub(crate) resumes_by_hand: bool,
    pub(crate) inline: bool,
    pub(crate) once: bool,
    /// Something of what follows is there, so that an attempt has to ask before it starts.
    pub(crate) limited: bool,
    pub(crate) needs: &'static [Need],
    pub(crate) rate: Option<Rate>,
    /// Its calls are told apart by a key, and each key has a rate and permits of its own.
    pub(crate) limited_per_key: bool,
    pub(crate) priority: i32,
    pub(crate) max_concurrent: Option<u64>,
    pub(crate) schedules: &'static [ScheduleDefinition],
    pub(crate) triggers: &'static [TriggerDefinition],
    pub(crate) resolved: OnceLock<Resolved>,
}

impl Definition {
    /// A task with every option at its default.
    pub const fn task(place: Place, body_hash: u64, arguments: &'static [&'static str]) -> Self {
        Self::new(DefinitionKind::Task, place, body_hash, arguments)
    }

    /// A flow with every option at its default.
    pub const fn flow(place: Place, body_hash: u64, arguments: &'static [&'static str]) -> Self {
        Self::new(DefinitionKind::Flow, place, body_hash, arguments)
    }

    const fn new(
        kind: DefinitionKind,
        place: Place,
        body_hash: u64,
        arguments: &'static [&'static str],
    ) -> Self {
        Self {
            kind,
            place,
            body_hash,
            arguments,
            name: None,
            formerly: &[],
            version: "",
            retries: 0,
            backoff: Backoff::NONE,
            retry_budget: None,
            timeout: None,
            cache: None,
            tags: &[],
            strict: false,
            resumes_by_hand: false,
            inline: false,
            once: false,
            limited: false,
            needs: &[],
            rate: None,
            limited_per_key: false,
            priority: 0,
            max_concurrent: None,
            schedules: &[],
            triggers: &[],
            resolved: OnceLock::new(),
        }
    }

    /// Replaces the name that is made of module path and function.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Names under which earlier records may lie.
    pub const fn formerly(mut self, names: &'static [&'static str]) -> Self {
        self.formerly = names;
        self
    }

    /// Part of the call key and of the cache key: another version is other work.
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// How many further attempts may follow the first.
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The wait between attempts.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// No attempt starts later than this after the first one started.
    pub const fn retry_budget(mut self, budget: Duration) -> Self {
        self.retry_budget = Some(budget);
        self
    }

    /// A task's limit per attempt, a flow's for the whole run.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Keeps results for other runs.
    pub const fn cache(mut self, policy: CachePolicy) -> Self {
        self.cache = Some(policy);
        self
    }

    /// Words to find runs and task runs by.
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// Every difference between journal and code stops the run, an edit too.
    pub const fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// An interrupted run waits for a person to resume it.
    pub const fn resumes_by_hand(mut self) -> Self {
        self.resumes_by_hand = true;
        self
    }

    /// A cheap synchronous body runs in place instead of on the blocking pool.
    pub const fn inline(mut self) -> Self {
        self.inline = true;
        self
    }

    /// A body that was interrupted does not run again by itself; a person says what became of it.
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// What each attempt takes of pools.
    pub const fn limits(mut self, needs: &'static [Need]) -> Self {
        self.needs = needs;
        self.limited = true;
        self
    }

    /// How often attempts may start.
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self.limited = true;
        self
    }

    /// Calls are told apart by the key that comes with them.
    pub const fn limited_per_key(mut self) -> Self {
        self.limited_per_key = true;
        self
    }

    /// Those of a higher one go first.
    pub const fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// How many runs of a flow execute at once.
    pub const fn max_concurrent(mut self, runs: u64) -> Self {
        self.max_concurrent = Some(runs);
        self
    }

    /// When the flow is started by itself.
    pub const fn schedules(mut self, schedules: &'static [ScheduleDefinition]) -> Self {
        self.schedules = schedules;
        self
    }

    /// What else starts the flow.
    pub const fn triggers(mut self, triggers: &'static [TriggerDefinition]) -> Self {
        self.triggers = triggers;
        self
    }

    pub(crate) fn is_once(&self) -> bool {
        self.once
    }

    /// Flow or task.
    pub fn kind(&self) -> DefinitionKind {
        self.kind
    }

    /// The schedules that the attribute of a flow names.
    pub fn scheduled(&self) -> &'static [ScheduleDefinition] {
        self.schedules
    }

    /// Where the function stands in the source.
    pub fn place(&self) -> Place {
        self.place
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition")
            .field("kind", &self.kind)
            .field("name", &self.place.name)
            .field("place", &format_args!("{}", self.place))
            .finish_non_exhaustive()
    }
}
