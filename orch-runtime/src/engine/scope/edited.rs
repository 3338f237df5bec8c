//! What a scope says about the difference between its records and what its body calls now.

use super::{Scope, State};
use crate::{
    engine::replay::{Asked, BELOW, Divergence, Edited, History, edit_key},
    store::Record,
};

impl Scope {
    /// A call is written, of which the journal may know nothing.
    pub(in crate::engine) fn note_asked(&self, unknown: bool, asked: impl FnOnce() -> Asked) {
        if let Some(history) = self.lock().history.as_deref_mut() {
            history.note_asked(unknown, asked);
        }
    }

    pub(super) fn edited_of(&self, state: &State) -> Edited {
        let marked = state.history.as_deref().is_some_and(History::is_edited);
        match self.run.edited() {
            Edited::No if marked => Edited::Before,
            edited => edited,
        }
    }

    /// Whether the body may differ from its journal.
    pub(in crate::engine) fn is_edited(&self) -> bool {
        self.edited_of(&self.lock()) != Edited::No
    }

    /// What the body calls is not what it was: of what was recorded until now, everything may be missed. Says whether the
    /// body may differ from its journal now.
    pub(in crate::engine) fn found_edited(&self) -> bool {
        let first_since = self.lock().history.as_deref().map_or(0, |history| history.next_number);
        let may_differ = self.run.found_edited();
        if may_differ {
            self.run.mark_edited(self.id, self.instance, edit_key(BELOW), first_since);
        }
        may_differ
    }

    /// The first record that no call of the body has claimed, unless an edit explains it.
    pub(in crate::engine) fn divergence(&self) -> Option<Box<Divergence>> {
        let state = self.lock();
        let edited = self.edited_of(&state);
        state.history.as_deref().and_then(|history| history.divergence(edited)).map(Box::new)
    }

    /// What the body has called: what was recorded, and what was not.
    pub(in crate::engine) fn asked(&self) -> Vec<Asked> {
        self.lock().history.as_deref().map(|history| history.asked().cloned().collect()).unwrap_or_default()
    }

    /// The first records that no call of the body has claimed, and how many there are.
    pub(in crate::engine) fn unused(&self, most: usize) -> (Vec<Record>, usize) {
        let state = self.lock();
        let Some(history) = state.history.as_deref() else { return (Vec::new(), 0) };
        let (records, count) = history.unclaimed();
        (records.take(most).cloned().collect(), count)
    }
}
