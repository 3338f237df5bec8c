//! Triggers that are served: what has happened since each looked last.

use serde::{Deserialize, Serialize};

use super::{
    emit,
    keeper::{Keeper, unreadable, unwritable},
    tick::unencodable,
    trigger::{Occurrence, On, Trigger},
};
use crate::{
    clock::Timestamp,
    codec::{self, Bytes},
    definition::path_named,
    engine::{self, Admitted, Startable},
    error::{Error, Result},
    id::RunId,
    observe,
    state::EventKind,
    store::{
        Claimed, Happening, NewRun, Page, Run, StartedBy, Starter, StarterChange, StarterChanged,
        StarterEntry, StarterPut, Starters, Trigger as Why,
    },
};

/// What the keys of triggers begin with.
pub(super) const PREFIX: &str = "trigger/";

/// Events that are read at a time.
const PAGE: usize = 1_000;

/// What is stored of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Everything up to and with this place has been looked at.
    place: u64,
    /// For an absence: when the wait began that is under way.
    since: Option<u64>,
}

impl Keeper {
    /// Lets every trigger of this process look at what has happened.
    pub(super) async fn look_around(&self) -> Result<()> {
        for trigger in &self.triggers {
            match &trigger.on {
                On::Ended { path, well } => self.look_at_ends(trigger, path_named(path), *well).await?,
                On::Event(event) => self.look_at_events(trigger, event).await?,
                On::Absence { event, .. } => self.look_for_absence(trigger, event).await?,
            }
        }
        Ok(())
    }

    /// Where a trigger stands. One that is new begins at `now`: what was before is none of its business.
    async fn seen(&self, trigger: &Trigger, now: u64, since: Option<u64>) -> Result<(Starter, Seen)> {
        let key = format!("{PREFIX}{}", trigger.name);
        loop {
            if let Some(known) = self.starters(Starters::Key(key.clone()), 1).await?.pop() {
                let seen = codec::decode(&known.content).map_err(unencodable)?;
                return Ok((known, seen));
            }
            let seen = Seen { place: now, since };
            let wake = self.wake(trigger, seen);
            let put = Some(StarterPut {
                definition: String::new(),
                wake,
                content: codec::encode(&seen).map_err(unencodable)?,
            });
            let entries = vec![Happening::Created(format!("{:?}", trigger.on))];
            let at = self.core.clock.now();
            let change = StarterChange { key: key.clone(), expect: None, put, entries, run: None, at };
            self.core.store.change_starter(change).await.map_err(unwritable)?;
        }
    }

    /// An absence that is due; one that this process does not know waits until somebody does.
    pub(super) async fn look_at_absence(&self, starter: Starter) -> Result<()> {
        let known = self.triggers.iter().find(|trigger| starter.key[PREFIX.len()..] == trigger.name);
        if let Some(trigger) = known
            && let On::Absence { event, .. } = &trigger.on
        {
            return self.look_for_absence(trigger, event).await;
        }
        let Starter { key, revision, definition, content, .. } = starter;
        let put = Some(StarterPut { definition, wake: None, content });
        let at = self.core.clock.now();
        let change = StarterChange { key, expect: Some(revision), put, entries: Vec::new(), run: None, at };
        self.core.store.change_starter(change).await.map_err(unwritable).map(drop)
    }

    /// When somebody has to look at it although nothing has happened.
    fn wake(&self, trigger: &Trigger, seen: Seen) -> Option<Timestamp> {
        match &trigger.on {
            On::Absence { within, .. } => seen.since.map(|since| Timestamp::from_micros(since).plus(*within)),
            On::Ended { .. } | On::Event(_) => None,
        }
    }

    /// The last event of the store.
    async fn last_event(&self) -> Result<u64> {
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

    async fn look_at_ends(&self, trigger: &Trigger, flow: Option<&'static str>, well: bool) -> Result<()> {
        let Some(flow) = flow else {
            let text =
                format!("trigger `{}` waits for a function that is no flow of this program", trigger.name);
            return Err(Error::definition(text));
        };
        let key = format!("{PREFIX}{}", trigger.name);
        let known = self.starters(Starters::Key(key), 1).await?.pop();
        let end = if known.is_none() { self.last_event().await? } else { 0 };
        let (mut starter, mut seen) = self.seen(trigger, end, None).await?;
        let mut from = self.looked_at(&trigger.name).max(seen.place);
        loop {
            let events = self.core.store.events(Page::after(from, PAGE)).await.map_err(unreadable)?;
            let Some(last) = events.last() else { break };
            let last = last.sequence;
            for event in events {
                let EventKind::Run { state, .. } = &event.kind else { continue };
                if !state.is_final() || (*state == crate::RunState::Completed) != well {
                    continue;
                }
                let run = self.core.store.run(event.run).await.map_err(unreadable)?;
                let Some(run) = run.filter(|run| run.name == flow && run.state == *state) else { continue };
                seen.place = event.sequence;
                let fired = self.fire(trigger, starter, seen, ended(run, flow)?).await?;
                let Some(fired) = fired else { return Ok(()) };
                starter = fired;
            }
            from = last;
            self.look_on(&trigger.name, from);
        }
        // Now and then, so that the next start does not begin far behind.
        if from > seen.place + PAGE as u64 * 10 {
            seen.place = from;
            self.note(trigger, starter, seen).await?;
        }
        Ok(())
    }

    async fn look_at_events(&self, trigger: &Trigger, event: &str) -> Result<()> {
        let emitted = self.starters(Starters::Key(emit::key(event)), 1).await?.pop();
        let entries = emitted.map_or(0, |emitted| emitted.entries);
        let (mut starter, mut seen) = self.seen(trigger, entries, None).await?;
        let mut from = self.looked_at(&trigger.name).max(seen.place);
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
                seen.place = from;
                let detail = Some(event.to_owned());
                let by = StartedBy { detail, ..StartedBy::default() };
                let text = format!("the event `{event}`");
                let occurrence = Occurrence { value, by, text };
                let fired = self.fire(trigger, starter, seen, (Why::Event, occurrence)).await?;
                let Some(fired) = fired else { return Ok(()) };
                starter = fired;
            }
            self.look_on(&trigger.name, from);
        }
        Ok(())
    }

    async fn look_for_absence(&self, trigger: &Trigger, event: &str) -> Result<()> {
        let now = self.core.clock.now();
        let emitted = self.starters(Starters::Key(emit::key(event)), 1).await?.pop();
        let entries = emitted.map_or(0, |emitted| emitted.entries);
        let (starter, mut seen) = self.seen(trigger, entries, Some(now.as_micros())).await?;
        if entries > seen.place {
            let page = Page { after: (entries - 1).checked_sub(1), limit: 1 };
            let last = self.core.store.starter_entries(emit::key(event), page).await.map_err(unreadable)?;
            let at = last.first().map_or(now, |entry| entry.at);
            seen = Seen { place: entries, since: Some(at.as_micros()) };
            let starter = self.note(trigger, starter, seen).await?;
            return self.miss(trigger, event, starter, seen, now).await;
        }
        if starter.wake != self.wake(trigger, seen) {
            let starter = self.note(trigger, starter, seen).await?;
            return self.miss(trigger, event, starter, seen, now).await;
        }
        self.miss(trigger, event, starter, seen, now).await
    }

    /// Starts what is to be started when the wait has been long enough.
    async fn miss(
        &self,
        trigger: &Trigger,
        event: &str,
        starter: Starter,
        seen: Seen,
        now: Timestamp,
    ) -> Result<()> {
        if self.wake(trigger, seen).is_none_or(|wake| wake > now) {
            return Ok(());
        }
        let by = StartedBy { detail: Some(event.to_owned()), ..StartedBy::default() };
        let value = codec::encode(&()).map_err(unencodable)?;
        let occurrence = Occurrence { value, by, text: format!("the absence of `{event}`") };
        let seen = Seen { since: None, ..seen };
        self.fire(trigger, starter, seen, (Why::Absence, occurrence)).await.map(drop)
    }

    /// Stores where a trigger stands, without anything that it starts.
    async fn note(&self, trigger: &Trigger, starter: Starter, seen: Seen) -> Result<Starter> {
        let change = self.change(trigger, &starter, seen, Vec::new(), None)?;
        self.changed(starter, change).await.map(|(starter, _)| starter)
    }

    fn change(
        &self,
        trigger: &Trigger,
        starter: &Starter,
        seen: Seen,
        entries: Vec<Happening>,
        run: Option<NewRun>,
    ) -> Result<StarterChange> {
        let put = StarterPut {
            definition: starter.definition.clone(),
            wake: self.wake(trigger, seen),
            content: codec::encode(&seen).map_err(unencodable)?,
        };
        let at = self.core.clock.now();
        Ok(StarterChange {
            key: starter.key.clone(),
            expect: Some(starter.revision),
            put: Some(put),
            entries,
            run,
            at,
        })
    }

    /// Makes a change, and says whether it holds; where it does not, somebody else has done it.
    async fn changed(&self, starter: Starter, change: StarterChange) -> Result<(Starter, StarterChanged)> {
        let changed = self.core.store.change_starter(change).await.map_err(unwritable)?;
        let revision = match changed {
            StarterChanged::Applied { revision, .. } => revision,
            StarterChanged::Stale | StarterChanged::RunExists(_) => starter.revision,
        };
        Ok((Starter { revision, ..starter }, changed))
    }

    /// Starts the run for something that happened, and has seen it, in one step. `None` where somebody else was quicker.
    async fn fire(
        &self,
        trigger: &Trigger,
        starter: Starter,
        seen: Seen,
        (why, occurrence): (Why, Occurrence),
    ) -> Result<Option<Starter>> {
        let by = StartedBy { starter: starter.key.clone(), ..occurrence.by.clone() };
        let id = RunId::new();
        let (new, fault) = match trigger.startable(&occurrence) {
            Ok(None) => return Ok(Some(starter)),
            Ok(Some(startable)) => (self.new_run(id, startable, why, by), None),
            Err(fault) => (self.failing_run(id, trigger, why, by, &occurrence), Some(fault)),
        };
        let admitted = Admitted::new(&self.core, id)?;
        let entries = vec![Happening::Started { run: id, by: occurrence.text.clone() }];
        let change = self.change(trigger, &starter, seen, entries, Some(new.clone()))?;
        let (starter, changed) = self.changed(starter, change).await?;
        if changed == StarterChanged::Stale {
            // Somebody else has looked on; what they have seen is stored.
            self.look_again(&trigger.name);
            return Ok(None);
        }
        if let StarterChanged::Applied { run: Some(fence), .. } = changed {
            let line = format!("trigger `{}`: {} started run {id}", trigger.name, occurrence.text);
            self.told.line(&line);
            let claimed = Claimed::at_once(&new, fence);
            match fault {
                None => self.launch(claimed, admitted)?,
                Some(fault) => {
                    observe::warn_outside(&format!("trigger `{}`: {fault}", trigger.name));
                    engine::fail(&self.core, &claimed, fault).await;
                }
            }
        }
        Ok(Some(starter))
    }

    fn new_run(&self, id: RunId, startable: Startable, why: Why, by: StartedBy) -> NewRun {
        let Startable { core: _, definition, input, label, tags } = startable;
        let found = crate::definition::find(definition).map(|found| found.definition);
        let all = found.map_or(&[][..], |definition| definition.tags).iter().map(|tag| (*tag).into());
        NewRun {
            id,
            given_id: None,
            name: definition.into(),
            kind: crate::DefinitionKind::Flow,
            body_hash: found.map_or(0, |definition| definition.body_hash),
            input,
            label,
            tags: all.chain(tags.into_iter().map(Into::into)).collect(),
            trigger: why,
            parent: None,
            reruns: None,
            started_by: Some(Box::new(by)),
            waits: false,
            worker: Some(self.core.worker),
            at: self.core.clock.now(),
        }
    }

    /// The run that tells why there is none: nobody else would see it.
    fn failing_run(
        &self,
        id: RunId,
        trigger: &Trigger,
        why: Why,
        by: StartedBy,
        occurrence: &Occurrence,
    ) -> NewRun {
        NewRun {
            id,
            given_id: None,
            name: format!("trigger {}", trigger.name).into(),
            kind: crate::DefinitionKind::Flow,
            body_hash: 0,
            input: occurrence.value.clone(),
            label: None,
            tags: Vec::new(),
            trigger: why,
            parent: None,
            reruns: None,
            started_by: Some(Box::new(by)),
            waits: false,
            worker: Some(self.core.worker),
            at: self.core.clock.now(),
        }
    }
}

/// What the end of a run gives to what comes after it.
fn ended(run: Run, flow: &str) -> Result<(Why, Occurrence)> {
    let text = format!("the end of run {} of `{flow}` ({})", run.id, run.state);
    let by = StartedBy { run: Some(run.id), ..StartedBy::default() };
    let value: Bytes = match (run.value, run.error, run.reason) {
        (Some(value), ..) => value,
        (None, Some(error), _) => codec::encode(&error.to_string()).map_err(unencodable)?,
        (None, None, reason) => codec::encode(&reason.unwrap_or_default()).map_err(unencodable)?,
    };
    Ok((Why::After, Occurrence { value, by, text }))
}
