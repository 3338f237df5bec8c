//! Identities: runs, scopes, calls.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identity of one execution of a flow: a UUIDv7, so ids sort by the time of their creation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(Uuid);

impl RunId {
    /// A new id, later than every id made before it in this process.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as a UUID.
    pub fn as_uuid(&self) -> Uuid {
        self.0
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl Default for RunId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({})", self.0)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Number of a task run inside its run, counted from 0 in the order in which they were first recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskNumber(pub u32);

impl fmt::Display for TaskNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Identity of a body inside its run: the same in every attempt, in life and in replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScopeId(pub u128);

impl ScopeId {
    /// The scope of a run's own body.
    pub const ROOT: Self = Self(0);

    /// The scope of what `key` calls: a task's body, an item of a map, a spawned branch.
    pub fn inside(key: &CallKey) -> Self {
        Self(key.digest())
    }

    /// The scope of item `index` of the map that stands at `self`.
    pub fn item(self, index: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("orch map item");
        hasher.update(&self.0.to_le_bytes());
        hasher.update(&index.to_le_bytes());
        Self(first_half(hasher.finalize()))
    }
}

/// Identity of a task run inside its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallKey {
    /// The body that wrote the call.
    pub scope: ScopeId,
    /// Definition, type arguments, version and canonical input.
    pub call: u128,
    /// How many equal calls the same body wrote before.
    pub occurrence: u32,
}

impl CallKey {
    /// One number for the whole key.
    pub fn digest(&self) -> u128 {
        let mut bytes = [0; 36];
        bytes[..16].copy_from_slice(&self.scope.0.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.call.to_le_bytes());
        bytes[32..].copy_from_slice(&self.occurrence.to_le_bytes());
        first_half(blake3::hash(&bytes))
    }
}

/// The first 128 bits of a hash, which leave 2^64 calls of one run before a collision is to be expected.
pub(crate) fn first_half(hash: blake3::Hash) -> u128 {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(half)
}
