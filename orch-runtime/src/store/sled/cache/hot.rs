//! What lies in memory because it was used lately.

use quick_cache::{Weighter, sync::Cache};
use rustc_hash::FxBuildHasher;

use crate::{clock::Timestamp, codec::Bytes, store::CacheKey};

/// Values by their keys. Which of them leaves when they are too many bytes is the crate's to decide.
pub(super) type Front = Cache<CacheKey, Hot, ByBytes, FxBuildHasher>;

/// A value in memory.
#[derive(Clone)]
pub(super) struct Hot {
    pub(super) value: Bytes,
    pub(super) at: Timestamp,
}

/// Weighs values, and what a place in memory costs beside.
#[derive(Clone)]
pub(super) struct ByBytes;

impl Weighter<CacheKey, Hot> for ByBytes {
    fn weight(&self, _: &CacheKey, hot: &Hot) -> u64 {
        hot.value.len() as u64 + 128
    }
}

/// A front for about this many bytes.
pub(super) fn front(bytes: u64) -> Front {
    let items = (bytes / 512).max(16) as usize;
    Cache::with(items, bytes, ByBytes, FxBuildHasher, Default::default())
}
