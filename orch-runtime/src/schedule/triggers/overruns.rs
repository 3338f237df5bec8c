//! Runs that follow where another one takes longer than it usually does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    fire::Standing,
    on::{Occurrence, as_it_is},
    trigger::Trigger,
};
use crate::{
    RunState,
    clock::Timestamp,
    codec,
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

/// Runs of one flow that are watched at once; those that began first.
const WATCHED: usize = 1_000;

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

impl Keeper {
    pub(super) async fn look_for_overruns(
        &self,
        trigger: &Trigger,
        flow: Option<&'static str>,
        times: f64,
    ) -> Result<()> {
        let flow = trigger.flow(flow)?;
        let mut starter = self.standing(trigger, Standing::new(&Vec::<RunId>::new(), None)?).await?;
        let mut told: Vec<RunId> = codec::decode(&starter.content).map_err(unencodable)?;
        let running = self.running(flow).await?;
        told.retain(|run| running.iter().any(|running| running.id == *run));
        let new: Vec<_> = running.iter().filter(|run| !told.contains(&run.id)).collect();
        let usual = if new.is_empty() { None } else { self.usual(flow).await? };
        let Some(usual) = usual else {
            self.set_alarm(trigger.name(), None);
            return Ok(());
        };
        let limit = Duration::try_from_secs_f64(usual.as_secs_f64() * times).unwrap_or(Duration::MAX);
        let mut next: Option<Timestamp> = None;
        for run in new {
            let (began, now) = (began(run), self.core.clock.now());
            let due = began.plus(limit);
            if due > now {
                next = Some(next.map_or(due, |next| next.min(due)));
                continue;
            }
            told.push(run.id);
            let overrun = Overrun { run: run.id, flow: flow.to_owned(), running: now.since(began), usual };
            let fired =
                self.fire(trigger, starter, Standing::new(&told, None)?, occurrence(&overrun)?).await?;
            let Some(fired) = fired else { return Ok(()) };
            starter = fired;
        }
        self.set_alarm(trigger.name(), next);
        Ok(())
    }

    /// Runs of a flow that have begun and not ended.
    async fn running(&self, flow: &str) -> Result<Vec<Run>> {
        let mut running = Vec::new();
        for state in [RunState::Pending, RunState::Running] {
            let filter =
                RunFilter { name: Some(flow.to_owned()), state: Some(state), ..RunFilter::default() };
            let runs = self.core.store.runs(filter, Page::first(WATCHED)).await;
            running.extend(runs.map_err(unreadable)?);
        }
        Ok(running)
    }

    /// How long runs of a flow usually take.
    async fn usual(&self, flow: &str) -> Result<Option<Duration>> {
        let completed = Some(RunState::Completed);
        let filter = RunFilter { name: Some(flow.to_owned()), state: completed, ..RunFilter::default() };
        let runs = self.core.store.runs(filter, Page::first(USUAL)).await.map_err(unreadable)?;
        let mut took: Vec<_> = runs.iter().filter_map(|run| Some(run.ended?.since(began(run)))).collect();
        took.sort_unstable();
        Ok((took.len() >= FEWEST).then(|| took[took.len() / 2]))
    }
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
