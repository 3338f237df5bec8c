//! Identity of inputs and results: canonical hashing and keys; and what all caches share, wherever their entries
//! lie: who computes a key, and why one is missing.

mod canonical;
mod explain;
mod key;
mod leads;
mod shared;

pub use canonical::InputText;
pub(crate) use canonical::{hash_arguments, hash_value};
pub(crate) use explain::{REMEMBERED, explain};
pub(crate) use key::{CallHash, Hashed, Keys, call_hash, prefix_digest};
pub(crate) use leads::{Leads, Turn};
pub use shared::Shared;
