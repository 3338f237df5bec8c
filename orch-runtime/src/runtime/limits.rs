//! The pools of a runtime, while it runs.

use super::Runtime;
use crate::{
    error::{Error, Result},
    limits::{Limit, Permits},
};

impl Runtime {
    /// Changes how many permits a pool has, from now on; a pool of a new name is made.
    ///
    /// Who waits for a pool that grows goes at once. One that shrinks takes nothing from anybody: what is in use comes back
    /// when it ends, and until then nothing more is given. A call that waits for more than the pool then has fails.
    ///
    /// # Errors
    /// When it would have no permits, the text is no size, or the name is none.
    pub fn set_limit(&self, pool: &str, permits: impl Permits) -> Result<()> {
        let size = permits.permits().map_err(Error::runtime)?;
        self.core.limits.resize(pool, Some(size), None).map_err(Error::runtime)
    }

    /// The same for how many permits of the pool one key may have.
    ///
    /// # Errors
    /// See [`set_limit`](Self::set_limit).
    pub fn set_limit_per_key(&self, pool: &str, permits: impl Permits) -> Result<()> {
        let size = permits.permits().map_err(Error::runtime)?;
        self.core.limits.resize(pool, None, Some(size)).map_err(Error::runtime)
    }

    /// All pools as they stand: their sizes, who holds permits and since when, who waits, since when and for what. First
    /// `cpu`, which synchronous bodies take from; then those that were named; then those of flows with `max_concurrent`
    /// that have run.
    pub fn limits(&self) -> Vec<Limit> {
        self.core.limits.status()
    }
}
