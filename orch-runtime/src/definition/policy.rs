//! How results of a task are kept for other runs.

use std::time::Duration;

/// Who shares a cached result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum CacheScope {
    /// Every run of every flow; the default.
    #[default]
    Global,
    /// The runs of one root flow.
    Flow,
    /// One run.
    Run,
}

/// What `#[task(cache(…))]` says. Build it with [`CachePolicy::new`]; every option has a default.
#[derive(Clone, Copy, Debug)]
pub struct CachePolicy {
    pub(crate) ttl: Option<Duration>,
    pub(crate) version: Option<&'static str>,
    pub(crate) scope: CacheScope,
    pub(crate) max_size: Option<u64>,
    pub(crate) keyed: bool,
    pub(crate) depends: Option<fn() -> Vec<&'static str>>,
}

impl CachePolicy {
    /// Kept until it makes room for others, shared by all runs, invalidated by a change of the body.
    pub const fn new() -> Self {
        Self {
            ttl: None,
            version: None,
            scope: CacheScope::Global,
            max_size: None,
            keyed: false,
            depends: None,
        }
    }

    /// Entries older than `ttl` are misses. Default: no limit.
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Replaces the hash of the body in the key: results stay valid until this text changes.
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// Who shares the results. Default: [`CacheScope::Global`].
    pub const fn scope(mut self, scope: CacheScope) -> Self {
        self.scope = scope;
        self
    }

    /// The most bytes that the results of this definition may take together; the oldest leave first. A result that
    /// takes more by itself is not kept, with a warning.
    pub const fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// The key is computed by `cache(key = …)` and replaces the hash of the inputs.
    pub const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    /// The bodies of these annotated functions are part of the key too.
    pub const fn depends(mut self, depends: fn() -> Vec<&'static str>) -> Self {
        self.depends = Some(depends);
        self
    }
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self::new()
    }
}
