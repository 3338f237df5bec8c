//! A schedule that is due.

use super::{
    backfill,
    change::{change, step, turn},
    keeper::{Keeper, unreadable, unwritable},
    plan::plan,
    stored::{Stored, micros},
};
use crate::{
    clock::Timestamp,
    codec::CodecError,
    engine::{self, Admitted},
    error::{Error, ErrorKind, Result},
    id::RunId,
    observe,
    runtime::cancel,
    state::RunState,
    store::{Claimed, Happening, Starter, StarterChange, StarterChanged, StarterPut, Starters},
};
use orch_schedule::Overlap;
use std::time::Duration;

/// How long to wait before asking again for a run that somebody else has, at first and at most.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(30));

impl Keeper {
    /// Gives the ticks that are due their fate.
    pub(super) async fn tick(&self, mut starter: Starter, now: Timestamp) -> Result<()> {
        let stored = match Stored::of(&starter) {
            Ok(stored) => stored,
            Err(error) => return self.put_aside(starter, &error.to_string()).await,
        };
        let active = self.active(&stored.active).await?;
        for planned in plan(&stored, &starter.key, micros(now), active) {
            let (start, told) = (planned.start.clone(), planned.told.clone());
            let admitted = match &start {
                Some(start) if !start.waits => Some(Admitted::new(&self.core, start.run)?),
                _ => None,
            };
            let change = step(&starter, planned, self.core.worker, now).map_err(unencodable)?;
            let run = change.run.clone();
            let (of, name) = (starter.clone(), stored.name.clone());
            let changed = self.launcher().carry(|launcher| async move {
                let changed = launcher.core.store.change_starter(change).await.map_err(unwritable)?;
                let StarterChanged::Applied { run: fence, .. } = changed else { return Ok(changed) };
                told.iter().for_each(|what| launcher.told.happened(&of, &name, what));
                if let (Some(run), Some(fence), Some(admitted)) = (run, fence, admitted) {
                    launcher.launch(Claimed::at_once(&run, fence), admitted)?;
                }
                Ok(changed)
            });
            match changed.await? {
                StarterChanged::Applied { revision, .. } => starter.revision = revision,
                // Somebody else was quicker, and has given them their fate.
                StarterChanged::Stale | StarterChanged::RunExists(_) => return Ok(()),
            }
            let Some(start) = start else { continue };
            if start.waits {
                self.told.line(&format!("run {} waits for the one before it to end", start.run));
                self.take_turns(&starter.key);
            }
            for run in start.cancels {
                self.cancel(run, &stored.name).await?;
            }
        }
        Ok(())
    }

    /// Cancels a run for a later one, unless it is just about to begin: then the later one cancels it when it waits for its
    /// turn.
    async fn cancel(&self, run: RunId, schedule: &str) -> Result<()> {
        let reason = taken_place_of(schedule);
        if self.core.stop(run, &reason) {
            return self.stand_still_until_left(run);
        }
        engine::cancel_unattended(&self.core, run, &reason).await.map(drop)
    }

    /// What cannot be read is looked at no more, and says so.
    pub(super) async fn put_aside(&self, starter: Starter, why: &str) -> Result<()> {
        let Starter { key, revision, definition, content, .. } = starter;
        let text = format!("`{key}` cannot be used and starts nothing any more: {why}");
        observe::warn_outside(&text);
        let change = StarterChange {
            key,
            expect: Some(revision),
            put: Some(StarterPut { definition, wake: None, content }),
            entries: vec![Happening::NotStarted(text)],
            run: None,
            at: self.core.clock.now(),
        };
        self.core.store.change_starter(change).await.map_err(unwritable).map(drop)
    }

    /// Sees to it that the runs of a schedule take turns, or to a backfill, as long as there is something to see to.
    pub(super) async fn attend(&self, key: String) -> Result<()> {
        loop {
            if key.starts_with(backfill::PREFIX) {
                self.fill(&key).await?;
            } else {
                self.let_take_turns(&key).await?;
            }
            if self.is_over(&key) {
                return Ok(());
            }
        }
    }

    /// Waits until the first of a schedule's runs has ended, and lets the next one begin; until none waits.
    async fn let_take_turns(&self, key: &str) -> Result<()> {
        loop {
            let Some(starter) = self.starters(Starters::Key(key.to_owned()), 1).await?.pop() else {
                return Ok(());
            };
            let Ok(stored) = Stored::of(&starter) else { return Ok(()) };
            let active = self.active(&stored.active).await?;
            if let Some(after) = turn(&stored, &active) {
                let change = change(&starter, &after, Vec::new(), self.core.clock.now());
                let change = change.map_err(unencodable)?;
                self.core.store.change_starter(change).await.map_err(unwritable)?;
                continue;
            }
            let Some(first) = active.first() else { return Ok(()) };
            let run = {
                let _busy = self.core.clock.busy();
                self.core.store.run(*first).await.map_err(unreadable)?
            };
            if run.is_some_and(|run| run.state == RunState::Scheduled) {
                self.begin(*first).await?;
                continue;
            }
            if active.len() == 1 {
                return Ok(());
            }
            if stored.policy.overlap == Overlap::Cancel {
                // Also where it is only about to begin.
                cancel(&self.core, *first, &taken_place_of(&stored.name)).await?;
                self.stand_still_until_left(*first)?;
            }
            self.until_ended(*first).await?;
        }
    }

    async fn begin(&self, run: RunId) -> Result<()> {
        // Somebody may be about to cancel it.
        let Ok(admitted) = Admitted::new(&self.core, run) else {
            drop(self.core.enter()?);
            self.core.until_left(run).await;
            return Ok(());
        };
        let taken = self.launcher().carry(|launcher| async move {
            match engine::take_turn(&launcher.core, run).await? {
                Some(claimed) => launcher.launch(claimed, admitted),
                None => Ok(()),
            }
        });
        taken.await
    }

    pub(super) async fn until_ended(&self, run: RunId) -> Result<()> {
        let mut pause = ASK_AGAIN.0;
        loop {
            self.core.until_left(run).await;
            if self.active(&[run]).await?.is_empty() {
                return Ok(());
            }
            self.core.clock.sleep(pause).await;
            pause = (pause * 2).min(ASK_AGAIN.1);
        }
    }
}

fn taken_place_of(schedule: &str) -> String {
    format!("a later tick of `{schedule}` took its place")
}

pub(super) fn unencodable(error: CodecError) -> Error {
    Error::plain(ErrorKind::Store, format!("a schedule cannot be written: {error}"))
}
