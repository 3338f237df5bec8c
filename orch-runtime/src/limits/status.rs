//! What there is, who has it and who waits, for people.

use rustc_hash::FxHashMap;

use super::{
    Rate,
    queue::Class,
    table::{Table, Waiter, Who},
};
use crate::{
    clock::Timestamp,
    id::{RunId, TaskNumber},
};

/// A pool of permits as it stands; see [`Runtime::limits`](crate::Runtime::limits).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// Its name. That of a flow's runs is `max_concurrent of` and the flow's; a rate is here while somebody waits for it, as
    /// `rate of` and the task's.
    pub name: String,
    /// How many permits there are for all together.
    pub size: Option<u64>,
    /// How many of them one key may have.
    pub per_key: Option<u64>,
    /// How many are taken, or have started within the time of a rate: more than the size only after the pool was made smaller.
    pub in_use: u64,
    /// Who has them, the oldest first.
    pub holders: Vec<Holder>,
    /// Who waits for some, the oldest first.
    pub waiting: Vec<Waiting>,
}

/// Who has permits of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Full name of the definition.
    pub name: String,
    /// The run.
    pub run: RunId,
    /// The task run; none for a run of a flow with `max_concurrent`.
    pub task: Option<TaskNumber>,
    /// Its attempt.
    pub attempt: u32,
    /// How many permits.
    pub permits: u64,
    /// Since when.
    pub since: Timestamp,
}

/// Who waits for permits of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// Full name of the definition.
    pub name: String,
    /// The run.
    pub run: RunId,
    /// The task run; none for a run of a flow with `max_concurrent`.
    pub task: Option<TaskNumber>,
    /// The attempt that waits.
    pub attempt: u32,
    /// How many permits it needs.
    pub permits: u64,
    /// Since when.
    pub since: Timestamp,
    /// What for.
    pub reason: String,
}

impl Limit {
    fn new(name: String, size: Option<u64>, per_key: Option<u64>, in_use: u64) -> Self {
        Self { name, size, per_key, in_use, holders: Vec::new(), waiting: Vec::new() }
    }
}

impl Table {
    /// All pools.
    pub(super) fn status(&self) -> Vec<Limit> {
        let mut limits: Vec<Limit> = self
            .pools
            .iter()
            .map(|pool| Limit::new(pool.name.clone().into_owned(), pool.size, pool.per_key, pool.used))
            .collect();
        let mut grants: Vec<_> = self.grants.iter().collect();
        grants.sort_unstable_by_key(|(id, _)| **id);
        for (_, grant) in grants {
            let Who { name, run, task, attempt } = grant.who.clone();
            for (pool, permits) in &grant.parts {
                let since = grant.since;
                let holder = Holder { name: name.to_owned(), run, task, attempt, permits: *permits, since };
                limits[*pool].holders.push(holder);
            }
        }
        let mut waiters: Vec<_> = self.waiters.iter().filter(|(_, waiter)| waiter.is_waiting()).collect();
        waiters.sort_unstable_by_key(|(id, _)| **id);
        let mut rates: FxHashMap<usize, usize> = FxHashMap::default();
        for (id, waiter) in waiters {
            let Who { name, run, task, attempt } = waiter.who.clone();
            for (pool, permits) in self.wants(waiter) {
                let (since, reason, permits) = (waiter.since, self.reason(*id), *permits);
                let name = name.to_owned();
                limits[*pool].waiting.push(Waiting { name, run, task, attempt, permits, since, reason });
            }
            let Some((of, rate, in_use)) = self.rate_of(waiter) else { continue };
            let (since, reason, of_rate) = (waiter.since, self.reason(*id), format!("rate of {name}"));
            let at = *rates.entry(of).or_insert_with(|| {
                limits.push(Limit::new(of_rate, Some(u64::from(rate.count)), None, in_use));
                limits.len() - 1
            });
            let name = name.to_owned();
            limits[at].waiting.push(Waiting { name, run, task, attempt, permits: 1, since, reason });
        }
        limits
    }

    /// Why somebody waits, for people.
    pub(super) fn reason(&self, waiter: u64) -> String {
        let Some(waiter) = self.waiters.get(&waiter) else { return String::new() };
        for (pool, amount) in self.wants(waiter) {
            let pool = &self.pools[*pool];
            let (name, free, free_for) = (&pool.name, pool.free(), pool.free_for(waiter.key.as_ref()));
            if free == 0 {
                return format!("all `{name}` permits are taken");
            }
            if free_for == 0 {
                return format!("all `{name}` permits of its key are taken");
            }
            let free = free.min(free_for);
            if free < *amount {
                return format!("it needs {amount} of `{name}`, and {free} are free");
            }
        }
        match self.cooling(waiter).and_then(|class| class.rate) {
            Some(rate) => format!("its rate is used up: {} in {:?}", rate.count, rate.window),
            None => "others have waited longer".to_owned(),
        }
    }

    /// Whose rate holds a waiter back: the function's, how much it lets start, and how many have.
    pub(super) fn rate_of(&self, waiter: &Waiter) -> Option<(usize, Rate, u64)> {
        let class = self.cooling(waiter)?;
        let of = class.kind.of;
        Some((of, class.rate?, self.starts.count(|(function, _)| *function == of)))
    }

    /// The class of a waiter whose rate is used up.
    fn cooling(&self, waiter: &Waiter) -> Option<&Class> {
        self.classes.get(waiter.class).filter(|class| class.is_cooling(waiter.key))
    }
}
