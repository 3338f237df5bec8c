//! Runs that follow where an event does not come.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    on::{Occurrence, as_it_is},
    standing::Standing,
    trigger::Trigger,
};
use crate::{
    clock::Timestamp,
    codec,
    error::Result,
    schedule::{
        emit,
        keeper::{Keeper, unreadable},
        tick::unencodable,
    },
    store::{Page, StartedBy, Starters, Trigger as Why},
};

/// What is stored of an absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// So many events have been looked at.
    events: u64,
    /// When the wait began that is under way.
    since: Option<Timestamp>,
}

impl Keeper {
    pub(super) async fn look_for_absence(
        &self,
        trigger: &Trigger,
        event: &str,
        within: Duration,
    ) -> Result<()> {
        let now = self.core.clock.now();
        let emitted = self.starters(Starters::Key(emit::key(event)), 1).await?.pop();
        let events = emitted.map_or(0, |emitted| emitted.entries);
        let begin = Seen { events, since: Some(now) };
        let (mut starter, mut seen) = self.standing(trigger, async { Ok(begin) }).await?;
        if events > seen.events {
            let page = Page { after: (events - 1).checked_sub(1), limit: 1 };
            let last = self.core.store.starter_entries(emit::key(event), page).await.map_err(unreadable)?;
            seen = Seen { events, since: Some(last.first().map_or(now, |entry| entry.at)) };
            starter = self.note(starter, Standing::new(trigger, &seen)?).await?;
        }
        let due = seen.since.map(|since| since.plus(within));
        self.set_alarm(trigger.name(), due.filter(|due| *due > now));
        if due.is_none_or(|due| due > now) {
            return Ok(());
        }
        let by = StartedBy { detail: Some(event.to_owned()), ..StartedBy::default() };
        let value = codec::encode_named(&()).map_err(unencodable)?;
        let text = format!("the absence of `{event}`");
        let occurrence = Occurrence { value, named: as_it_is, by, text };
        let standing = Standing::new(trigger, &Seen { since: None, ..seen })?;
        self.fire_or_note(trigger, starter, standing, (Why::Absence, occurrence)).await.map(drop)
    }
}
