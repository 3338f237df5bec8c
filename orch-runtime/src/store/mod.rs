//! Where runs, journals and results live: one contract, several stores.

mod check;
pub mod conformance;
mod contract;
mod mail;
mod memory;
mod records;
mod sled;
mod starters;

pub use self::sled::{SledStore, SledStoreBuilder, SyncMode};
pub use crate::cache::InputText;
pub use contract::{BoxFuture, Commit, Committed, Durability, Store, StoreError};
pub(crate) use memory::Operation;
pub use memory::{MemoryStore, MemoryStoreBuilder};
pub use records::{
    Address, Attempt, Begun, CacheEntry, CacheFilter, CacheKey, CacheLookup, CacheSize, CachedResult, Change,
    Child, Claim, Claimed, Counts, Fate, Fence, Forget, Happening, InFlight, Journal, KeyDigest, KeyParts,
    Labels, Lead, Lookup, Mark, Miss, NewRun, NewSignal, Outcome, Page, Posted, Record, Reruns, Run,
    RunFilter, Signal, Skip, Stamped, StartedBy, Starter, StarterChange, StarterChanged, StarterEntry,
    StarterPut, Starters, Step, Submitted, TaskClaim, TaskDetail, TaskRun, Ticks, Trigger, WorkerId,
};
