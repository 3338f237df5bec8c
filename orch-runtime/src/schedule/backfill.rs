//! Runs of past ticks, for a stretch of time and so many at once.

use std::{ops::Range, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    change::run_of,
    keeper::{Keeper, unreadable, unwritable},
    manage::Schedules,
    plan::Start,
    stored::{Stored, micros, moment},
    tick::unencodable,
    told::shown,
};
use crate::{
    clock::Timestamp,
    codec,
    engine::Admitted,
    error::{Error, ErrorKind, Result},
    id::RunId,
    runtime::{Core, cancel},
    store::{
        Claimed, Fate, Happening, StartedBy, Starter, StarterChange, StarterChanged, StarterPut, Starters,
        Ticks, Trigger,
    },
};

/// What the keys of backfills begin with.
pub(super) const PREFIX: &str = "backfill/";

/// The most ticks that a preview shows.
const SHOWN: usize = 100_000;

/// Backfills that are read at a time.
const PAGE: usize = 256;

/// A backfill as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Filling {
    /// The schedule as it was when the backfill was asked for.
    schedule: Stored,
    /// Where the stretch begins.
    begin: i64,
    /// The first tick that is still to be started.
    next: Option<i64>,
    /// No tick from here on.
    end: i64,
    at_once: usize,
    started: u64,
    active: Vec<RunId>,
    paused: bool,
    cancelled: bool,
}

impl Filling {
    fn tick_after(&self, after: i64) -> Option<i64> {
        ticks(&self.schedule, after.saturating_add(1)..self.end).next()
    }
}

impl Schedules {
    /// Runs of the ticks that the schedule's rule names in a stretch of time, whether they were started then or not: each
    /// stands for its [tick](crate::Context::tick). They are started while somebody serves, and the schedule goes on
    /// beside them.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # async fn example(runtime: orch::Runtime) -> Result<(), orch::Error> {
    /// use orch::Timestamp;
    ///
    /// # let (monday, sunday) = (Timestamp::from_micros(0), Timestamp::from_micros(1));
    /// let week = runtime.schedules().backfill("mornings", monday..sunday);
    /// println!("{} runs", week.preview().await?.len());
    /// let id = week.concurrency(2).start().await?;
    /// println!("{:?}", runtime.schedules().backfilled(&id).await?);
    /// # Ok(()) }
    /// ```
    pub fn backfill(&self, schedule: impl Into<String>, range: Range<Timestamp>) -> Backfill {
        Backfill { schedules: self.clone(), schedule: schedule.into(), range, at_once: 1, id: None }
    }

    /// How far a backfill has come, by the text that [`start`](Backfill::start) gave.
    ///
    /// # Errors
    /// When there is none of this id; when the store cannot be read.
    pub async fn backfilled(&self, id: &str) -> Result<Backfilled> {
        let (_, filling) = filling(self.core(), id).await?;
        Ok(Backfilled {
            started: filling.started,
            under_way: filling.active.len(),
            next: filling.next.map(moment),
            paused: filling.paused,
            cancelled: filling.cancelled,
        })
    }

    /// Waits until a backfill has started all its runs, and all of them have ended: what a program that serves ends with
    /// which was started for that alone. Somebody has to serve meanwhile, and one that is paused is waited for.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # async fn example(runtime: orch::Runtime, id: String) -> Result<(), orch::Error> {
    /// let schedules = runtime.schedules();
    /// let over = async move {
    ///     let _ = schedules.until_backfilled(&id).await;
    /// };
    /// runtime.serve().until(over).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When there is none of this id; when the store cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the backfill as it is.
    pub async fn until_backfilled(&self, id: &str) -> Result<Backfilled> {
        loop {
            // Before anything is read, so that no change is missed.
            let mut changed = Box::pin(self.core().starters_changed.notified());
            changed.as_mut().enable();
            let told = self.backfilled(id).await?;
            if told.next.is_none() && told.under_way == 0 {
                return Ok(told);
            }
            changed.await;
        }
    }

    /// Lets a backfill start nothing more until it is resumed. Runs under way go on.
    ///
    /// # Errors
    /// When there is none of this id; when the store fails.
    pub async fn pause_backfill(&self, id: &str) -> Result<()> {
        self.edit_backfill(id, |filling| filling.paused = true).await
    }

    /// Lets a backfill go on.
    ///
    /// # Errors
    /// When there is none of this id; when the store fails.
    pub async fn resume_backfill(&self, id: &str) -> Result<()> {
        self.edit_backfill(id, |filling| filling.paused = false).await
    }

    /// Ends a backfill: it starts nothing more, and those of its runs that have not ended are cancelled, but for what another
    /// process executes.
    ///
    /// # Errors
    /// When there is none of this id; when the store fails.
    pub async fn cancel_backfill(&self, id: &str) -> Result<()> {
        let mut active = Vec::new();
        self.edit_backfill(id, |filling| {
            filling.next = None;
            filling.cancelled = true;
            active.clone_from(&filling.active);
        })
        .await?;
        for run in active {
            cancel(self.core(), run, "its backfill was cancelled").await?;
        }
        Ok(())
    }

    async fn edit_backfill(&self, id: &str, mut edit: impl FnMut(&mut Filling)) -> Result<()> {
        loop {
            let (starter, mut filling) = filling(self.core(), id).await?;
            edit(&mut filling);
            let at = self.core().clock.now();
            let change = changed(&starter, &filling, Some(at), Vec::new(), at)?;
            let changed = self.core().store.change_starter(change).await.map_err(unwritable)?;
            if let StarterChanged::Applied { .. } = changed {
                self.stir();
                return Ok(());
            }
        }
    }
}

async fn filling(core: &Arc<Core>, id: &str) -> Result<(Starter, Filling)> {
    let which = Starters::Key(format!("{PREFIX}{id}"));
    let found = {
        let _busy = core.clock.busy();
        core.store.starters(which, 1).await.map_err(unreadable)?.pop()
    };
    let Some(starter) = found else {
        let place = core.store.location();
        return Err(Error::plain(ErrorKind::Runtime, format!("there is no backfill `{id}` in `{place}`")));
    };
    let filling = codec::decode(&starter.content).map_err(unencodable)?;
    Ok((starter, filling))
}

fn changed(
    starter: &Starter,
    filling: &Filling,
    wake: Option<Timestamp>,
    entries: Vec<Happening>,
    at: Timestamp,
) -> Result<StarterChange> {
    let content = codec::encode(filling).map_err(unencodable)?;
    Ok(StarterChange {
        key: starter.key.clone(),
        expect: Some(starter.revision),
        put: Some(StarterPut { definition: starter.definition.clone(), wake, content }),
        entries,
        run: None,
        at,
    })
}

/// How far a backfill has come; see [`Schedules::backfilled`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backfilled {
    /// How many runs it has started.
    pub started: u64,
    /// How many of them had not ended when last looked at.
    pub under_way: usize,
    /// The tick whose run is started next; `None` when all are.
    pub next: Option<Timestamp>,
    /// It starts nothing until it is resumed.
    pub paused: bool,
    /// It was cancelled, and starts nothing any more.
    pub cancelled: bool,
}

/// Runs of past ticks that are to be started; see [`Schedules::backfill`].
#[must_use = "nothing is started before `start`"]
#[derive(Debug)]
pub struct Backfill {
    schedules: Schedules,
    schedule: String,
    range: Range<Timestamp>,
    at_once: usize,
    id: Option<String>,
}

impl Backfill {
    /// How many runs may be under way at once; at least 1. Default: 1, so that they run in the order of their ticks.
    pub fn concurrency(mut self, runs: usize) -> Self {
        self.at_once = runs.max(1);
        self
    }

    /// What the backfill is called, so that it is started once however often the program asks for it: where there is one
    /// of this schedule with the same id, it is that one. Default: each is another one.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # use orch::Timestamp;
    /// # async fn example(runtime: orch::Runtime, week: std::ops::Range<Timestamp>) -> Result<(), orch::Error> {
    /// runtime.schedules().backfill("mornings", week).id("2026-W47").start().await?;
    /// # Ok(()) }
    /// ```
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The ticks that would be started, in their order; of very many the first 100,000.
    ///
    /// # Errors
    /// When there is no schedule of this name, or more than one; when the store cannot be read.
    pub async fn preview(&self) -> Result<Vec<Timestamp>> {
        let schedule = self.schedules.get(&self.schedule).await?;
        Ok(ticks(schedule.stored(), self.stretch()).take(SHOWN).map(moment).collect())
    }

    /// Stores the backfill, durably, and says what it is called. Nothing is started that the schedule does not name in
    /// this stretch: a backfill of nothing has ended at once.
    ///
    /// # Errors
    /// When there is no schedule of this name, or more than one; when its id is that of another stretch; when the store
    /// fails.
    pub async fn start(self) -> Result<String> {
        let core = self.schedules.core();
        let schedule = self.schedules.get(&self.schedule).await?;
        let stretch = self.stretch();
        if stretch.start > stretch.end {
            return Err(Error::plain(ErrorKind::Input, "a backfill begins before it ends"));
        }
        let own = self.id.unwrap_or_else(|| Uuid::now_v7().to_string());
        if own.is_empty() || own.contains('/') {
            return Err(Error::plain(
                ErrorKind::Input,
                "the id of a backfill must not be empty, and has no `/`",
            ));
        }
        let id = format!("{}/{own}", schedule.id());
        let filling = Filling {
            begin: stretch.start,
            next: ticks(schedule.stored(), stretch.clone()).next(),
            end: stretch.end,
            at_once: self.at_once,
            started: 0,
            active: Vec::new(),
            paused: false,
            cancelled: false,
            schedule: schedule.stored().clone(),
        };
        let at = core.clock.now();
        let change = StarterChange {
            key: format!("{PREFIX}{id}"),
            expect: None,
            put: Some(StarterPut {
                definition: schedule.flow().to_owned(),
                wake: filling.next.map(|_| at),
                content: codec::encode(&filling).map_err(unencodable)?,
            }),
            entries: vec![Happening::Created(format!("backfill of {}", schedule.id()))],
            run: None,
            at,
        };
        match core.store.change_starter(change).await.map_err(unwritable)? {
            StarterChanged::Stale => same_stretch(core, &id, &stretch).await?,
            _ => self.schedules.stir(),
        }
        Ok(id)
    }

    fn stretch(&self) -> Range<i64> {
        micros(self.range.start)..micros(self.range.end)
    }
}

/// That the backfill which is there already is of the same stretch.
async fn same_stretch(core: &Arc<Core>, id: &str, stretch: &Range<i64>) -> Result<()> {
    let (_, known) = filling(core, id).await?;
    if known.begin == stretch.start && known.end == stretch.end {
        return Ok(());
    }
    let text = format!(
        "backfill `{id}` is there already, from {} to {}; give the one of another stretch another id",
        shown(moment(known.begin)),
        shown(moment(known.end))
    );
    Err(Error::plain(ErrorKind::Input, text))
}

/// The ticks of a schedule in a stretch of time; after its end there are none.
fn ticks(schedule: &Stored, stretch: Range<i64>) -> impl Iterator<Item = i64> + '_ {
    let until = schedule.policy.until.unwrap_or(i64::MAX);
    let ticks = schedule.rule.ticks(stretch.start.saturating_sub(1));
    ticks.take_while(move |tick| *tick < stretch.end && *tick <= until)
}

impl Keeper {
    /// Backfills that an earlier process has begun.
    pub(super) async fn find_backfills(&self) -> Result<()> {
        let mut after = None;
        loop {
            let which = Starters::Listed { prefix: PREFIX.to_owned(), after: after.take() };
            let page = self.starters(which, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            page.iter().for_each(|starter| self.take_turns(&starter.key));
        }
    }

    /// A backfill has something to do: somebody attends to it from now on.
    pub(super) async fn wake_backfill(&self, starter: Starter) -> Result<()> {
        let Ok(filling) = codec::decode::<Filling>(&starter.content) else {
            return self.put_aside(starter, "this version cannot read it").await;
        };
        let change = changed(&starter, &filling, None, Vec::new(), self.core.clock.now())?;
        self.core.store.change_starter(change).await.map_err(unwritable)?;
        self.take_turns(&starter.key);
        Ok(())
    }

    /// Starts runs of a backfill whenever there is room; until all have ended, or it is paused.
    pub(super) async fn fill(&self, key: &str) -> Result<()> {
        loop {
            let id = key.strip_prefix(PREFIX).unwrap_or(key);
            let Ok((starter, mut filling)) = filling(&self.core, id).await else { return Ok(()) };
            let active = self.active(&filling.active).await?;
            let ended = active != filling.active;
            filling.active = active;
            let may_start = !filling.paused && filling.active.len() < filling.at_once;
            if let Some(tick) = filling.next.filter(|_| may_start) {
                self.fill_one(&starter, filling, tick).await?;
                continue;
            }
            if ended {
                let over = filling.next.is_none() && filling.active.is_empty();
                let told = over.then(|| Happening::Finished(format!("{} runs", filling.started)));
                let told: Vec<_> = told.into_iter().collect();
                let change = changed(&starter, &filling, None, told, self.core.clock.now())?;
                let changed = self.core.store.change_starter(change).await.map_err(unwritable)?;
                if let (true, StarterChanged::Applied { .. }) = (over, changed) {
                    self.told.filled_all(&starter, &filling.schedule.name, filling.started);
                    self.core.starters_changed.notify_waiters();
                }
                continue;
            }
            let Some(first) = filling.active.first() else { return Ok(()) };
            if filling.active.len() == 1 {
                self.until_ended(*first).await?;
                continue;
            }
            let ends = filling.active.iter().map(|run| Box::pin(self.until_ended(*run)));
            futures_util::future::select_all(ends).await.0?;
        }
    }

    async fn fill_one(&self, starter: &Starter, filling: Filling, tick: i64) -> Result<()> {
        let (run, at) = (RunId::new(), self.core.clock.now());
        let start = Start { run, tick, waits: false, cancels: Vec::new() };
        let by = StartedBy { starter: starter.key.clone(), tick: Some(moment(tick)), ..StartedBy::default() };
        let new = run_of(starter, &filling.schedule, start, Trigger::Backfill, by, self.core.worker, at);
        let mut after = filling;
        after.next = after.tick_after(tick);
        after.started += 1;
        after.active.push(run);
        let told = Ticks { first: moment(tick), last: moment(tick), count: 1, fate: Fate::CaughtUp(run) };
        let admitted = Admitted::new(&self.core, run)?;
        let change = changed(starter, &after, None, vec![Happening::Ticks(told)], at)?;
        let change = StarterChange { run: Some(new.clone()), ..change };
        let of = starter.clone();
        let filled = self.launcher().carry(|launcher| async move {
            match launcher.core.store.change_starter(change).await.map_err(unwritable)? {
                StarterChanged::Applied { run: Some(fence), .. } => {
                    launcher.told.filled(&of, &after.schedule.name, moment(tick), run);
                    launcher.launch(Claimed::at_once(&new, fence), admitted)
                }
                // It was paused or cancelled just now, or somebody else was quicker.
                _ => Ok(()),
            }
        });
        filled.await
    }
}
