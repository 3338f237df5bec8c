//! Identity of inputs and results: canonical hashing and keys.

mod canonical;
mod key;
mod shared;

pub(crate) use canonical::{hash_arguments, hash_value};
pub(crate) use key::{CallHash, cache_key, call_hash, prefix_digest};
pub use shared::Shared;
