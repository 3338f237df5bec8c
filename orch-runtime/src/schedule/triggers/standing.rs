//! Where triggers stand: what each waits for, and what of that it has seen.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{on::What, trigger::Trigger};
use crate::{
    codec::{self, Bytes},
    definition::{find, known, path_named},
    error::Result,
    observe,
    schedule::{
        keeper::{Keeper, unwritable},
        tick::unencodable,
    },
    store::{Happening, NewRun, Starter, StarterChange, StarterChanged, StarterPut, Starters},
};

/// What the keys of triggers begin with.
const PREFIX: &str = "trigger/";

/// What can be stored of what a trigger has seen.
pub(super) trait Seen: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Seen for T {}

/// Where a trigger stands, as it is stored.
#[derive(Clone)]
pub(super) struct Standing(Bytes);

/// What the things are that a trigger has seen: with what another one of its name has seen of others it has nothing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Of {
    Completed(String),
    Ended(String),
    Overruns(String),
    Events(String),
    Absences(String),
    /// They stand in rows of their own.
    Files,
}

impl Of {
    fn new(trigger: &Trigger) -> Result<Self> {
        let flow = |path| trigger.flow(path_named(path)).map(str::to_owned);
        Ok(match &trigger.on.0 {
            What::Ended { path, well: true, .. } => Self::Completed(flow(path)?),
            What::Ended { path, well: false, .. } => Self::Ended(flow(path)?),
            What::Overrun { path, .. } => Self::Overruns(flow(path)?),
            What::Event(event) => Self::Events(event.clone()),
            What::Absence { event, .. } => Self::Absences(event.clone()),
            What::File { .. } => Self::Files,
        })
    }

    /// Whether both are the same, though a flow may have had another name.
    fn is(&self, now: &Self) -> bool {
        match (self, now) {
            (Self::Completed(before), Self::Completed(now))
            | (Self::Ended(before), Self::Ended(now))
            | (Self::Overruns(before), Self::Overruns(now)) => is_of(before, now),
            _ => self == now,
        }
    }
}

/// Whether a run with this name is one of a flow, which may have had another name when the run was started.
pub(super) fn is_of(name: &str, flow: &str) -> bool {
    let definition = || find(name).map(|found| found.definition).or_else(|| known(name));
    name == flow || definition().is_some_and(|definition| definition.display_name() == flow)
}

impl Standing {
    /// That a trigger has seen this.
    pub(super) fn new(trigger: &Trigger, seen: &impl Seen) -> Result<Self> {
        Self::bare(&(Of::new(trigger)?, seen_bytes(seen)?))
    }

    /// The same of what belongs to one trigger by its key.
    pub(super) fn bare(seen: &impl Seen) -> Result<Self> {
        seen_bytes(seen).map(Self)
    }

    /// What is stored of a trigger, where it has seen the things that it waits for now.
    fn seen<T: Seen>(trigger: &Trigger, stored: &Starter) -> Result<Option<T>> {
        let of = Of::new(trigger)?;
        let read = codec::decode::<(Of, Bytes)>(&stored.content).ok().filter(|(before, _)| before.is(&of));
        Ok(read.and_then(|(_, seen)| codec::decode(&seen).ok()))
    }
}

fn seen_bytes(seen: &impl Seen) -> Result<Bytes> {
    codec::encode(seen).map_err(unencodable)
}

/// The key of a trigger.
fn key(trigger: &Trigger) -> String {
    format!("{PREFIX}{}", trigger.name)
}

impl Keeper {
    /// What is stored of a trigger; of one that is new, or waits for something else than it did, what `begin` says.
    pub(super) async fn standing<T: Seen>(
        &self,
        trigger: &Trigger,
        begin: impl Future<Output = Result<T>> + Send,
    ) -> Result<(Starter, T)> {
        let key = key(trigger);
        let (mut begin, mut begun) = (std::pin::pin!(begin), None);
        loop {
            let known = self.starters(Starters::Key(key.clone()), 1).await?.pop();
            if let Some(known) = &known
                && let Some(seen) = Standing::seen(trigger, known)?
            {
                return Ok((known.clone(), seen));
            }
            let begun = match &begun {
                Some(begun) => Standing::clone(begun),
                None => begun.insert(Standing::new(trigger, &begin.as_mut().await?)?).clone(),
            };
            let now = trigger.on.to_string();
            let (starter, told) = match known {
                None => (unknown(key.clone()), Happening::Created(now)),
                Some(other) => {
                    let text = format!(
                        "trigger `{}` waits for something else than it did, and begins anew: {now}",
                        trigger.name
                    );
                    observe::warn_outside(&text);
                    self.told.line(&text);
                    (other, Happening::Changed { from: "another trigger of this name".to_owned(), to: now })
                }
            };
            let change = self.change(&starter, begun, vec![told], None);
            // Where somebody else was quicker, what they have stored holds.
            self.core.store.change_starter(change).await.map_err(unwritable)?;
        }
    }

    /// Stores where a trigger stands, without anything that it starts.
    pub(super) async fn note(&self, starter: Starter, standing: Standing) -> Result<Starter> {
        let change = self.change(&starter, standing, Vec::new(), None);
        let changed = self.core.store.change_starter(change).await.map_err(unwritable)?;
        Ok(match changed {
            StarterChanged::Applied { revision, .. } => Starter { revision, ..starter },
            // Somebody else has done it.
            StarterChanged::Stale | StarterChanged::RunExists(_) => starter,
        })
    }

    pub(super) fn change(
        &self,
        starter: &Starter,
        Standing(content): Standing,
        entries: Vec<Happening>,
        run: Option<NewRun>,
    ) -> StarterChange {
        StarterChange {
            key: starter.key.clone(),
            expect: (starter.revision > 0).then_some(starter.revision),
            put: Some(StarterPut { definition: starter.definition.clone(), wake: None, content }),
            entries,
            run,
            at: self.core.clock.now(),
        }
    }
}

/// A starter that is not there yet.
pub(super) fn unknown(key: String) -> Starter {
    let (definition, content) = (String::new(), Bytes::from(&[][..]));
    Starter { key, revision: 0, definition, wake: None, content, entries: 0 }
}
