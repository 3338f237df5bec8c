//! The store on disk: what happened in a log, where runs stand in rows beside it, both in one sled database.

mod ack;
mod active;
mod actor;
mod blobs;
mod builder;
mod by_scope;
mod cache;
#[cfg(feature = "crash-points")]
mod crashing;
mod db;
mod decode;
mod encode;
mod facts;
mod history;
mod index;
mod journal;
mod keys;
mod layout;
mod log;
mod names;
mod pack;
mod queue;
mod recover;
mod row;
mod runs;
mod sealed;
mod section;
mod shared;
mod standing;
mod starters;
mod store;
mod sync;
mod tail;
#[cfg(test)]
mod tests;
mod trail;
mod wire;
mod write;

pub use builder::{SledStoreBuilder, SyncMode};
pub use store::SledStore;
