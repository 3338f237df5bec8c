//! Runs that follow the end of other runs.

use super::{
    on::{Named, Occurrence},
    standing::{Standing, is_of},
    trigger::Trigger,
};
use crate::{
    RunState,
    codec::{self, Bytes},
    error::Result,
    schedule::{
        keeper::{Keeper, unreadable},
        tick::unencodable,
    },
    state::EventKind,
    store::{Page, Run, StartedBy, Trigger as Why},
};

/// Events that are read at a time.
const PAGE: usize = 1_000;

impl Keeper {
    /// The last event of the store.
    pub(super) async fn last_event(&self) -> Result<u64> {
        // Their numbers have no gaps but at the beginning, so the last one is found by halving.
        let (mut none_before, mut some_after) = (0, u64::MAX);
        while none_before + 1 < some_after {
            let middle = none_before + (some_after - none_before) / 2;
            let after = self.core.store.events(Page::after(middle, 1)).await.map_err(unreadable)?;
            match after.first() {
                Some(event) => none_before = event.sequence,
                None => some_after = middle,
            }
        }
        let first = self.core.store.events(Page::after(none_before, 1)).await.map_err(unreadable)?;
        Ok(first.first().map_or(none_before, |event| event.sequence))
    }

    pub(super) async fn look_at_ends(
        &self,
        trigger: &Trigger,
        flow: Option<&'static str>,
        well: bool,
        named: Named,
    ) -> Result<()> {
        let flow = trigger.flow(flow)?;
        // For one that is new, what was before is none of its business.
        let (mut starter, seen) = self.standing(trigger, self.last_event()).await?;
        let mut from = self.looked_at(&trigger.name).max(seen);
        loop {
            let events = self.core.store.events(Page::after(from, PAGE)).await.map_err(unreadable)?;
            let Some(last) = events.last() else { break };
            let last = last.sequence;
            for event in events {
                let EventKind::Run { state, .. } = &event.kind else { continue };
                if !state.is_final() || (*state == RunState::Completed) != well {
                    continue;
                }
                let run = self.core.store.run(event.run).await.map_err(unreadable)?;
                let Some(run) = run.filter(|run| is_of(&run.name, flow) && run.state == *state) else {
                    continue;
                };
                let (standing, ended) = (Standing::new(trigger, &event.sequence)?, ended(run, flow, named)?);
                let fired = self.fire(trigger, starter, standing, ended).await?;
                let Some(fired) = fired else { return Ok(()) };
                starter = fired;
            }
            from = last;
            self.look_on(&trigger.name, from);
        }
        // Now and then, so that the next start does not begin far behind.
        if from > seen + PAGE as u64 * 10 {
            self.note(starter, Standing::new(trigger, &from)?).await?;
        }
        Ok(())
    }
}

/// What the end of a run gives to what comes after it.
fn ended(run: Run, flow: &str, named: Named) -> Result<(Why, Occurrence)> {
    let text = format!("the end of run {} of `{flow}` ({})", run.id, run.state);
    let by = StartedBy { run: Some(run.id), ..StartedBy::default() };
    let value: Bytes = match (run.value, run.error, run.reason) {
        (Some(value), ..) => value,
        (None, Some(error), _) => codec::encode_named(&error.to_string()).map_err(unencodable)?,
        (None, None, reason) => codec::encode_named(&reason.unwrap_or_default()).map_err(unencodable)?,
    };
    Ok((Why::After, Occurrence { value, named, by, text }))
}
