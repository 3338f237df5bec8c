//! Runs that follow events.

use super::{
    on::{Occurrence, as_it_is},
    standing::Standing,
    trigger::Trigger,
};
use crate::{
    error::Result,
    observe,
    schedule::{
        emit,
        keeper::{Keeper, unreadable},
    },
    store::{Happening, Page, StartedBy, StarterEntry, Starters, Trigger as Why},
};

/// Events that are read at a time.
const PAGE: usize = 1_000;

impl Keeper {
    pub(super) async fn look_at_events(&self, trigger: &Trigger, event: &str) -> Result<()> {
        let emitted = self.starters(Starters::Key(emit::key(event)), 1).await?.pop();
        let entries = emitted.map_or(0, |emitted| emitted.entries);
        // For one that is new, what was before is none of its business.
        let (mut starter, mut seen) = self.standing(trigger, async { Ok(entries) }).await?;
        let mut from = self.looked_at(&trigger.name).max(seen);
        while from < entries {
            let page = Page { after: from.checked_sub(1), limit: PAGE };
            let emitted =
                self.core.store.starter_entries(emit::key(event), page).await.map_err(unreadable)?;
            let Some(first) = emitted.first().map(|entry| entry.number) else { break };
            if first > from {
                let text = format!(
                    "trigger `{}`: {} events `{event}` came and were forgotten before anybody served",
                    trigger.name,
                    first - from
                );
                observe::warn_outside(&text);
                self.told.line(&text);
            }
            for StarterEntry { number, what, .. } in emitted {
                from = number + 1;
                let Happening::Emitted { value, .. } = what else { continue };
                let detail = Some(event.to_owned());
                let by = StartedBy { detail, ..StartedBy::default() };
                let text = format!("the event `{event}`");
                let occurrence = Occurrence { value, named: as_it_is, by, text };
                let (standing, before) = (Standing::new(trigger, &from)?, starter.revision);
                let fired = self.fire(trigger, starter, standing, (Why::Event, occurrence)).await?;
                let Some(fired) = fired else { return Ok(()) };
                starter = fired;
                if starter.revision != before {
                    seen = from;
                }
            }
            self.look_on(&trigger.name, from);
        }
        // Also what the filter has not let pass, or it would be told as forgotten one day.
        if from > seen {
            self.note(starter, Standing::new(trigger, &from)?).await?;
        }
        Ok(())
    }
}
