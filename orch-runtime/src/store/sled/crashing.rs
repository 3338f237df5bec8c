//! The log between its crash points.

use super::{actor::Backend, db::Fault, log::Log, shared::Item};
use crate::crash::{CrashPoint, change_of, reached};

/// Writes the log, and passes the points before and after.
pub(super) struct Crashing {
    log: Log,
    /// What was written since the last sync.
    unsynced: Vec<String>,
}

impl Crashing {
    pub(super) fn new(log: Log) -> Self {
        Self { log, unsynced: Vec::new() }
    }

    fn synced(&mut self) {
        reached(CrashPoint::Synced, &std::mem::take(&mut self.unsynced));
    }
}

impl Backend for Crashing {
    type Item = Item;
    type Fault = Fault;

    fn write(&mut self, items: Vec<Item>) -> Result<(), Fault> {
        let change = |item: &Item| match &item.run {
            Some(run) => change_of(run.active.id, run.standing.fence, run.standing.applied),
            None => "what starts runs is changed".to_owned(),
        };
        let changes: Vec<_> = items.iter().map(change).collect();
        reached(CrashPoint::Writing, &changes);
        self.log.write(items)?;
        reached(CrashPoint::Written, &changes);
        self.unsynced.extend(changes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        self.log.sync()?;
        self.synced();
        Ok(())
    }

    fn rest(&mut self) -> Result<(), Fault> {
        self.log.rest()
    }

    fn close(&mut self) -> Result<(), Fault> {
        let closing = ["the store is closed".to_owned()];
        reached(CrashPoint::Writing, &closing);
        self.log.close()?;
        self.unsynced.extend(closing);
        self.synced();
        Ok(())
    }

    fn poisoned(&mut self, fault: &Fault) {
        self.log.poisoned(fault);
    }
}
