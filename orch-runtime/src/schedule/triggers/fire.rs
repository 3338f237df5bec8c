//! Triggers that are served: what has happened since each looked last.

use futures_util::TryFutureExt as _;

use super::{
    given::Given,
    on::{Occurrence, What},
    standing::Standing,
    trigger::Trigger,
};
use crate::{
    definition::path_named,
    engine::{self, Admitted, Startable},
    error::Result,
    id::RunId,
    observe,
    schedule::keeper::{Keeper, unwritable},
    store::{BoxFuture, Claimed, Happening, NewRun, StartedBy, Starter, StarterChanged, Trigger as Why},
};

impl Keeper {
    /// Lets every trigger of this process look at what has happened.
    pub(in crate::schedule) async fn look_around(&self) -> Result<()> {
        for trigger in &self.triggers {
            match &trigger.on.0 {
                What::Ended { path, well, named } => {
                    self.look_at_ends(trigger, path_named(path), *well, *named).await?;
                }
                What::Event(event) => self.look_at_events(trigger, event).await?,
                What::Overrun { path, times } => {
                    self.look_for_overruns(trigger, path_named(path), *times).await?;
                }
                What::Absence { event, within } => self.look_for_absence(trigger, event, *within).await?,
                // Somebody looks after these all the time.
                What::File { .. } => {}
            }
        }
        Ok(())
    }

    /// Those who look after something beside this, because it takes long.
    pub(in crate::schedule) fn lookouts(&self) -> impl Iterator<Item = BoxFuture<'_, Result<()>>> {
        self.triggers.iter().filter_map(|trigger| match &trigger.on.0 {
            What::File { pattern, settle } => {
                let looking = self.look_after_files(trigger, pattern, *settle);
                let looking: BoxFuture<'_, _> = Box::pin(looking.map_ok(|never| match never {}));
                Some(looking)
            }
            What::Ended { .. } | What::Overrun { .. } | What::Event(_) | What::Absence { .. } => None,
        })
    }

    /// Starts the run for something that happened, and has seen it, in one step. `None` where somebody else was quicker.
    pub(super) async fn fire(
        &self,
        trigger: &Trigger,
        starter: Starter,
        standing: Standing,
        what: (Why, Occurrence),
    ) -> Result<Option<Starter>> {
        let of = format!("{}: the filter or the call of the trigger", what.1.text);
        let made = engine::caught(&of, || trigger.startable(&Given(&what.1)));
        self.fire_made(trigger, starter, standing, what, made).await
    }

    /// The same, and has seen it also where the filter does not let it pass.
    pub(super) async fn fire_or_note(
        &self,
        trigger: &Trigger,
        starter: Starter,
        standing: Standing,
        what: (Why, Occurrence),
    ) -> Result<Option<Starter>> {
        let before = starter.revision;
        match self.fire(trigger, starter, standing.clone(), what).await? {
            Some(starter) if starter.revision == before => self.note(starter, standing).await.map(Some),
            fired => Ok(fired),
        }
    }

    /// The same with what is to be started, or why it cannot be.
    pub(super) async fn fire_made(
        &self,
        trigger: &Trigger,
        starter: Starter,
        standing: Standing,
        (why, occurrence): (Why, Occurrence),
        made: Result<Option<Startable>>,
    ) -> Result<Option<Starter>> {
        let by = StartedBy { starter: starter.key.clone(), ..occurrence.by.clone() };
        let id = RunId::new();
        let (new, fault) = match made {
            Ok(None) => return Ok(Some(starter)),
            Ok(Some(startable)) => (self.new_run(id, startable, why, by), None),
            Err(fault) => (self.failing_run(id, trigger, why, by, &occurrence), Some(fault)),
        };
        let admitted = Admitted::new(&self.core, id)?;
        let entries = vec![Happening::Started { run: id, by: occurrence.text.clone() }];
        let change = self.change(&starter, standing, entries, Some(new.clone()));
        let (name, text) = (trigger.name.clone(), occurrence.text);
        let changed = self.launcher().carry(|launcher| async move {
            let changed = launcher.core.store.change_starter(change).await.map_err(unwritable)?;
            let StarterChanged::Applied { run: Some(fence), .. } = changed else { return Ok(changed) };
            launcher.told.line(&format!("trigger `{name}`: {text} started run {id}"));
            let claimed = Claimed::at_once(&new, fence);
            match fault {
                None => launcher.launch(claimed, admitted)?,
                Some(fault) => {
                    observe::warn_outside(&format!("trigger `{name}`: {fault}"));
                    engine::fail(&launcher.core, &claimed, fault).await;
                }
            }
            Ok(changed)
        });
        match changed.await? {
            StarterChanged::Applied { revision, .. } => Ok(Some(Starter { revision, ..starter })),
            StarterChanged::RunExists(_) => Ok(Some(starter)),
            StarterChanged::Stale => {
                // Somebody else has looked on; what they have seen is stored.
                self.look_again(&trigger.name);
                Ok(None)
            }
        }
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
