//! What a store is asked about cached results, and what it answers. Plain data.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, codec::Bytes, store::BoxFuture};

/// Hash of a task's identity and inputs across runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct CacheKey(pub [u8; 32]);

/// Hash of one value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct KeyDigest(pub [u8; 32]);

/// What a cache key was made of, so that a miss can name the part that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyParts {
    /// Full name of the definition.
    pub name: Cow<'static, str>,
    /// Its type arguments.
    pub type_arguments: Cow<'static, str>,
    /// `version` of the task.
    pub version: Cow<'static, str>,
    /// The body's hash, or `cache(version)`.
    pub body: Cow<'static, str>,
    /// Run or root flow, where results are not shared by all.
    pub scope: Option<String>,
    /// Hash of each argument by its name.
    pub arguments: BTreeMap<Cow<'static, str>, KeyDigest>,
}

/// A question to the cache.
#[derive(Clone, Debug)]
pub struct CacheLookup {
    /// The key.
    pub key: CacheKey,
    /// What it is made of.
    pub parts: Arc<KeyParts>,
    /// Now.
    pub at: Timestamp,
    /// Entries older than this are misses.
    pub ttl: Option<Duration>,
    /// Whether the caller may wait for another leader.
    pub follow: bool,
    /// Whether the caller would compute; without it, the answer is never `Lead` or `Follow`.
    pub lead: bool,
    /// Whether an entry counts at all; without it, the caller leads or computes.
    pub read: bool,
}

/// The cache's answer.
pub enum Lookup {
    /// Here it is, stored at this time.
    Hit(Bytes, Timestamp),
    /// The caller computes it, and others wait.
    Lead(Lead, Miss),
    /// Another caller computes it; wait, then look up again.
    Follow(BoxFuture<'static, ()>),
    /// Another caller computes it, and the asker may not wait.
    Busy(Miss),
}

/// The duty to compute a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lead {
    /// The key.
    pub key: CacheKey,
    /// Which lead.
    pub id: u64,
}

/// Why a lookup missed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Miss {
    /// Nothing is known of this definition.
    NeverStored,
    /// The nearest entry differs in these parts: argument names, `version`, `body`, `type arguments`, `scope`.
    Changed(Vec<String>),
    /// The entry is older than the ttl.
    Expired(Duration),
    /// The entry was evicted to make room.
    Evicted,
    /// The entry was stored as a type of another shape than the one that is asked for now; the text says how that
    /// showed.
    Shape(String),
    /// There is an entry, but it is damaged or cannot be read; the text says what happened and where.
    Unreadable(String),
    /// The caller asked to compute anew.
    Refresh,
}

impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NeverStored => f.write_str("nothing stored yet"),
            Self::Changed(parts) => write!(f, "changed: {}", parts.join(", ")),
            Self::Expired(age) => write!(f, "expired: {age:?} old"),
            Self::Evicted => f.write_str("evicted"),
            Self::Shape(how) => write!(f, "shape: the kept result was passed over: {how}"),
            Self::Unreadable(why) => write!(f, "the kept result is lost: {why}"),
            Self::Refresh => f.write_str("refresh was asked for"),
        }
    }
}

/// A result to keep.
#[derive(Clone, Debug)]
pub struct CacheEntry {
    /// What the key was made of.
    pub parts: Arc<KeyParts>,
    /// The encoded value.
    pub value: Bytes,
    /// When it was computed.
    pub at: Timestamp,
    /// The most bytes that this definition's results may take together.
    pub max_size: Option<u64>,
}

/// Which cached results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheFilter {
    /// Only of this definition.
    pub name: Option<String>,
}

/// A cached result as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedResult {
    /// Its place among all that was stored: the results are numbered from 1, and a result that is computed anew
    /// gets a new number.
    pub number: u64,
    /// Its key.
    pub key: CacheKey,
    /// What the key was made of.
    pub parts: Arc<KeyParts>,
    /// When it was computed.
    pub at: Timestamp,
    /// Bytes that it takes, with what is stored beside the value.
    pub bytes: u64,
}

/// What the cache is to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    /// One result.
    Key(CacheKey),
    /// All results of the definition of this name.
    Definition(String),
    /// Everything.
    All,
}

/// How much the cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheSize {
    /// Results.
    pub entries: u64,
    /// Bytes that they take, with what is stored beside the values.
    pub bytes: u64,
}
