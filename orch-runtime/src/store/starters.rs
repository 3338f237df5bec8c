//! What all stores of this crate check of a change of a starter.

use super::{Starter, StarterChange, StoreError};

/// Whether a change can be stored at all.
pub(super) fn checked(change: &StarterChange) -> Result<(), StoreError> {
    let length = change.key.len();
    if (1..=Starter::MAX_KEY).contains(&length) {
        return Ok(());
    }
    Err(StoreError::new(format!(
        "what starts runs by itself needs a name of 1 to {} bytes, and this one has {length}; give it another one",
        Starter::MAX_KEY
    )))
}
