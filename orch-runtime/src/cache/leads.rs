//! Who computes which key: one caller at a time, while the others wait or compute for themselves.

use rustc_hash::FxHashMap;
use tokio::sync::watch;

use crate::store::{BoxFuture, CacheKey, Lead};

/// The leads of one process. They live in memory with every store: a lead ends with its process.
#[derive(Default)]
pub(crate) struct Leads {
    leads: FxHashMap<CacheKey, (u64, watch::Sender<()>)>,
    next: u64,
}

/// What a caller who would compute a key is told.
pub(crate) enum Turn {
    /// It leads.
    Lead(Lead),
    /// Another one leads; this ends with its lead.
    Follow(BoxFuture<'static, ()>),
    /// Another one leads, and the caller may not wait.
    Busy,
}

impl Leads {
    /// Gives the lead of `key` to the caller, unless somebody has it.
    pub(crate) fn turn(&mut self, key: CacheKey, may_follow: bool) -> Turn {
        if let Some((_, ended)) = self.leads.get(&key) {
            if !may_follow {
                return Turn::Busy;
            }
            let mut ended = ended.subscribe();
            // The sender goes when the lead ends, which is all that a follower wants to know.
            return Turn::Follow(Box::pin(async move { while ended.changed().await.is_ok() {} }));
        }
        self.next += 1;
        let lead = Lead { key, id: self.next };
        self.leads.insert(key, (lead.id, watch::Sender::new(())));
        Turn::Lead(lead)
    }

    /// Ends a lead; one that has ended already, or that nobody was given, ends nothing.
    pub(crate) fn release(&mut self, lead: Lead) {
        if self.leads.get(&lead.key).is_some_and(|(id, _)| *id == lead.id) {
            self.leads.remove(&lead.key);
        }
    }
}
