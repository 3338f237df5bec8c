//! Runs that follow where another one takes longer than it usually does.

use std::{collections::HashSet, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    on::{Occurrence, as_it_is},
    standing::{Standing, is_of},
    trigger::Trigger,
};
use crate::{
    RunState,
    clock::Timestamp,
    codec,
    definition::known,
    error::Result,
    id::RunId,
    schedule::{
        keeper::{Keeper, unreadable},
        tick::unencodable,
    },
    store::{Page, Run, RunFilter, StartedBy, Trigger as Why},
};

/// The last runs that say what is usual.
const USUAL: usize = 20;

/// With fewer runs nothing is usual.
const FEWEST: usize = 3;

/// The shortest time that is too long.
const LEAST: Duration = Duration::from_micros(1);

/// Runs that are read at a time.
const PAGE: usize = 1_000;

/// A run that takes longer than the runs before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrun {
    /// The run, which goes on.
    pub run: RunId,
    /// Full name of its flow.
    pub flow: String,
    /// How long it had taken when this was noticed.
    pub running: Duration,
    /// How long it usually takes: the median of up to 20 runs that completed last.
    pub usual: Duration,
}

/// A run that is under way.
struct Running {
    run: RunId,
    began: Timestamp,
}

impl Keeper {
    pub(super) async fn look_for_overruns(
        &self,
        trigger: &Trigger,
        flow: Option<&'static str>,
        times: f64,
    ) -> Result<()> {
        let flow = trigger.flow(flow)?;
        let (mut starter, mut told) = self.standing(trigger, async { Ok(Vec::<RunId>::new()) }).await?;
        let seen: HashSet<_> = told.iter().copied().collect();
        let mut new = self.running(flow).await?;
        new.retain(|running| !seen.contains(&running.run));
        let usual = if new.is_empty() { None } else { self.usual(flow).await? };
        let Some(usual) = usual else {
            self.set_alarm(trigger.name(), None);
            return Ok(());
        };
        // A run that takes no time takes no longer than those before it.
        let limit =
            Duration::try_from_secs_f64(usual.as_secs_f64() * times).unwrap_or(Duration::MAX).max(LEAST);
        let (mut next, mut is_pruned): (Option<Timestamp>, _) = (None, false);
        for Running { run, began } in new {
            let now = self.core.clock.now();
            let due = began.plus(limit);
            if due > now {
                next = Some(next.map_or(due, |next| next.min(due)));
                continue;
            }
            if !std::mem::replace(&mut is_pruned, true) {
                // Those that wait or are being cancelled have not ended, and may be running again.
                told = self.active(&told).await?;
            }
            told.push(run);
            let overrun = Overrun { run, flow: flow.to_owned(), running: now.since(began), usual };
            let (standing, occurrence) = (Standing::new(trigger, &told)?, occurrence(&overrun)?);
            let fired = self.fire_or_note(trigger, starter, standing, occurrence).await?;
            let Some(fired) = fired else { return Ok(()) };
            starter = fired;
        }
        self.set_alarm(trigger.name(), next);
        Ok(())
    }

    /// Runs of a flow that have begun and not ended. Those that wait are not among them.
    async fn running(&self, flow: &str) -> Result<Vec<Running>> {
        let mut running = Vec::new();
        for name in names(flow) {
            for state in [RunState::Pending, RunState::Running] {
                let mut page = Page::first(PAGE);
                loop {
                    let runs = self.runs(name, state, page).await?;
                    let Some(last) = runs.last() else { break };
                    page = Page::after(last.id, PAGE);
                    running.extend(runs.iter().map(|run| Running { run: run.id, began: began(run) }));
                }
            }
        }
        Ok(running)
    }

    /// How long runs of a flow usually take.
    async fn usual(&self, flow: &str) -> Result<Option<Duration>> {
        let mut runs = Vec::new();
        for name in names(flow) {
            runs.extend(self.runs(name, RunState::Completed, Page::first(USUAL)).await?);
        }
        runs.sort_unstable_by_key(|run| std::cmp::Reverse(run.id));
        runs.truncate(USUAL);
        let mut took: Vec<_> = runs.iter().filter_map(|run| Some(run.ended?.since(began(run)))).collect();
        took.sort_unstable();
        Ok((took.len() >= FEWEST).then(|| took[took.len() / 2]))
    }

    async fn runs(&self, name: &str, state: RunState, page: Page<RunId>) -> Result<Vec<Run>> {
        let filter = RunFilter { name: Some(name.to_owned()), state: Some(state), ..RunFilter::default() };
        self.core.store.runs(filter, page).await.map_err(unreadable)
    }
}

/// The names under which runs of a flow are stored: its own, and those that it had.
fn names(flow: &str) -> impl Iterator<Item = &str> {
    let formerly = known(flow).map_or(&[][..], |definition| definition.formerly);
    std::iter::once(flow).chain(formerly.iter().copied().filter(move |name| is_of(name, flow)))
}

fn began(run: &Run) -> Timestamp {
    run.started.unwrap_or(run.created)
}

fn occurrence(overrun: &Overrun) -> Result<(Why, Occurrence)> {
    let Overrun { run, flow, running, usual } = overrun;
    let text = format!("run {run} of `{flow}`, which has taken {running:.1?} and usually takes {usual:.1?},");
    let by = StartedBy { run: Some(*run), ..StartedBy::default() };
    let value = codec::encode_named(overrun).map_err(unencodable)?;
    Ok((Why::Overrun, Occurrence { value, named: as_it_is, by, text }))
}
