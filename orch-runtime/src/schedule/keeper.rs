//! Who looks after what starts runs by itself: at each when it is due, and at nothing else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use super::{
    attentive::Attentive, backfill, launch::Launcher, stored::PREFIX, told::Told, triggers::Trigger,
};
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    id::RunId,
    runtime::{Anchor, Core},
    state::RunState,
    store::{BoxFuture, Page, RunFilter, Starter, Starters, StoreError},
};
use futures_util::{
    FutureExt as _, StreamExt,
    future::{Either, join_all, select},
    stream::FuturesUnordered,
};

/// What is looked at at once.
const BATCH: usize = 256;

/// How long nobody looks at the clock where nothing is due: the clock may be set, or the machine suspended, and no timer
/// tells of either.
const NAP: Duration = Duration::from_secs(5);

/// Runs that wait for their turn, by pages.
const PAGE: usize = 256;

/// Looks after the starters of a store, and executes the runs that they start.
pub(crate) struct Keeper {
    pub(super) core: Arc<Core>,
    /// Whose threads execute the runs. They must not keep themselves alive.
    anchor: Weak<Anchor>,
    pub(super) told: Arc<Told>,
    turns: Mutex<Turns>,
    pub(super) triggers: Vec<Trigger>,
    /// Up to where each trigger has looked, which is further than is stored where it has started nothing.
    looked: Mutex<HashMap<String, u64>>,
    /// When triggers are to look although nothing happens.
    alarms: Mutex<HashMap<String, Timestamp>>,
}

/// Schedules whose runs take turns.
#[derive(Default)]
struct Turns {
    /// Those that somebody attends to, and whether there is more to see to since.
    attended: HashMap<String, bool>,
    /// Those that somebody is to attend to.
    new: Vec<String>,
}

impl Keeper {
    pub(crate) fn new(
        core: Arc<Core>,
        anchor: &Arc<Anchor>,
        told: Arc<Told>,
        triggers: Vec<Trigger>,
    ) -> Arc<Self> {
        let (turns, looked, alarms) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { core, anchor: Arc::downgrade(anchor), told, turns, triggers, looked, alarms })
    }

    /// Looks after them until the store fails.
    pub(crate) fn keep(self: &Arc<Self>) -> Attentive<BoxFuture<'static, Error>> {
        let keeper = self.clone();
        let keeping: BoxFuture<'static, Error> = Box::pin(async move {
            match keeper.keep_on().await {
                Ok(never) => match never {},
                Err(error) => error,
            }
        });
        Attentive::new(&self.core, keeping)
    }

    async fn keep_on(&self) -> Result<std::convert::Infallible> {
        let mut turns: FuturesUnordered<BoxFuture<'_, Result<()>>> = FuturesUnordered::new();
        self.find_waiting().await?;
        self.find_backfills().await?;
        turns.extend(self.lookouts());
        loop {
            let now = self.core.clock.now();
            // Before anything is read, so that no change is missed.
            let changed = self.core.starters_changed.notified();
            let mut changed = Box::pin(changed);
            changed.as_mut().enable();
            let busy = self.core.clock.busy();
            let mut left = Box::pin(self.core.run_left());
            left.as_mut().enable();
            let mut entered = Box::pin(self.core.run_entered());
            entered.as_mut().enable();
            self.look_around().await?;
            let due = self.starters(Starters::Due(now), BATCH).await?;
            let some = !due.is_empty();
            for looked_at in join_all(due.into_iter().map(|starter| self.look_at(starter, now))).await {
                looked_at?;
            }
            let new = std::mem::take(&mut self.turns().new);
            turns.extend(new.into_iter().map(|key| Box::pin(self.attend(key)) as BoxFuture<'_, _>));
            if some {
                // Where something is always due, those whose turn it is go on all the same.
                while let Some(Some(attended)) = turns.next().now_or_never() {
                    attended?;
                }
                continue;
            }
            drop(busy);
            let first = self.starters(Starters::Due(Timestamp::from_micros(u64::MAX)), 1).await?;
            let wake = first.first().and_then(|starter| starter.wake);
            let wake = wake.into_iter().chain(self.first_alarm()).min();
            let of_runs = async {
                match self.triggers.is_empty() {
                    true => std::future::pending().await,
                    false => select(left, entered).await,
                }
            };
            let happens = select(changed, Box::pin(of_runs));
            let rest = std::pin::pin!(select(Box::pin(self.rest_until(wake)), happens));
            let attended = async {
                match turns.next().await {
                    Some(attended) => attended,
                    None => std::future::pending().await,
                }
            };
            if let Either::Right((attended, _)) = select(rest, std::pin::pin!(attended)).await {
                attended?;
            }
        }
    }

    async fn rest_until(&self, wake: Option<Timestamp>) {
        let clock = &self.core.clock;
        let until = wake.map(|wake| wake.since(clock.now()));
        match (clock.as_virtual(), until) {
            // Nobody sets this one unseen.
            (Some(_), Some(until)) => clock.sleep(until).await,
            (Some(_), None) => std::future::pending().await,
            (None, until) => clock.sleep(until.unwrap_or(NAP).min(NAP)).await,
        }
    }

    async fn look_at(&self, starter: Starter, now: Timestamp) -> Result<()> {
        if starter.key.starts_with(PREFIX) {
            return self.tick(starter, now).await;
        }
        if starter.key.starts_with(backfill::PREFIX) {
            return self.wake_backfill(starter).await;
        }
        self.put_aside(starter, "this version does not know what it is").await
    }

    pub(super) async fn starters(&self, which: Starters, limit: usize) -> Result<Vec<Starter>> {
        let _busy = self.core.clock.busy();
        self.core.store.starters(which, limit).await.map_err(unreadable)
    }

    /// What is needed to carry a change of the store on to the run that it starts.
    pub(super) fn launcher(&self) -> Launcher {
        Launcher::new(self.core.clone(), self.anchor.clone(), self.told.clone())
    }

    /// Those of these runs that have not ended.
    pub(super) async fn active(&self, runs: &[RunId]) -> Result<Vec<RunId>> {
        let _busy = self.core.clock.busy();
        let mut active = Vec::new();
        for id in runs {
            let run = self.core.store.run(*id).await.map_err(unreadable)?;
            // One that the store has forgotten had ended.
            if run.is_some_and(|run| !run.state.is_final()) {
                active.push(*id);
            }
        }
        Ok(active)
    }

    fn turns(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has to see to a schedule whose runs take turns, or to a backfill.
    pub(super) fn take_turns(&self, key: &str) {
        let mut turns = self.turns();
        if turns.attended.insert(key.to_owned(), true).is_none() {
            turns.new.push(key.to_owned());
        }
    }

    /// Whether there was nothing more to see to since this was last asked; then nobody attends to it any more.
    pub(super) fn is_over(&self, key: &str) -> bool {
        let mut turns = self.turns();
        let over = turns.attended.get_mut(key).is_none_or(|more| !std::mem::take(more));
        if over {
            turns.attended.remove(key);
        }
        over
    }

    /// Under a virtual clock: the time stands still until a run that was stopped is gone.
    pub(super) fn stand_still_until_left(&self, run: RunId) -> Result<()> {
        let Some(busy) = self.core.clock.busy() else { return Ok(()) };
        let core = self.core.clone();
        self.anchor()?.spawn(async move {
            core.until_left(run).await;
            drop(busy);
        })
    }

    /// Runs what waits for the machine on a thread that may. Nobody waits for it when the runtime is dropped.
    pub(super) fn blocking(&self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        self.anchor()?.spawn(async { drop(tokio::task::spawn_blocking(work)) })
    }

    fn anchor(&self) -> Result<Arc<Anchor>> {
        self.anchor.upgrade().ok_or_else(|| Error::runtime("the runtime has been dropped"))
    }

    fn looked(&self) -> std::sync::MutexGuard<'_, HashMap<String, u64>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alarms(&self) -> std::sync::MutexGuard<'_, HashMap<String, Timestamp>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets all triggers look at this moment at the latest, for the sake of this one. It has to be later than now.
    pub(super) fn set_alarm(&self, trigger: &str, at: Option<Timestamp>) {
        match at {
            Some(at) => drop(self.alarms().insert(trigger.to_owned(), at)),
            None => drop(self.alarms().remove(trigger)),
        }
    }

    fn first_alarm(&self) -> Option<Timestamp> {
        self.alarms().values().min().copied()
    }

    /// Up to where a trigger has looked in this process.
    pub(super) fn looked_at(&self, trigger: &str) -> u64 {
        self.looked().get(trigger).copied().unwrap_or(0)
    }

    pub(super) fn look_on(&self, trigger: &str, to: u64) {
        self.looked().insert(trigger.to_owned(), to);
    }

    /// What this process knows is not to be relied on.
    pub(super) fn look_again(&self, trigger: &str) {
        self.looked().remove(trigger);
        self.core.starters_changed.notify_waiters();
    }

    /// Runs that waited when the process before this one ended.
    async fn find_waiting(&self) -> Result<()> {
        let filter = RunFilter { state: Some(RunState::Scheduled), ..RunFilter::default() };
        let mut page = Page::first(PAGE);
        loop {
            let runs = self.core.store.runs(filter.clone(), page).await.map_err(unreadable)?;
            let Some(last) = runs.last() else { return Ok(()) };
            page = Page::after(last.id, PAGE);
            let by = runs.into_iter().filter_map(|run| run.started_by);
            by.filter(|by| by.starter.starts_with(PREFIX)).for_each(|by| self.take_turns(&by.starter));
        }
    }
}

pub(super) fn unreadable(error: StoreError) -> Error {
    Error::plain(ErrorKind::Store, format!("schedules cannot be read: {error}"))
}

pub(super) fn unwritable(error: StoreError) -> Error {
    Error::plain(ErrorKind::Store, format!("a schedule cannot be written: {error}"))
}
