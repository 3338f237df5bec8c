//! Cached results on disk. They may be lost: whatever is wrong with them costs a computation and a warning, never a
//! run and never a wrong value.

mod book;
mod database;
mod edit;
mod forgetting;
mod hot;
mod keeping;
mod opening;
mod reading;
mod rows;
mod sled_cache;
#[cfg(test)]
mod tests;

pub(crate) use sled_cache::{CacheSettings, SledCache};
