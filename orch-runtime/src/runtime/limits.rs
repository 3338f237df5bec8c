//! The pools of a runtime, while it runs.

use super::Runtime;
use crate::{
    error::{Error, Result},
    id::RunId,
    limits::{Asked, Limit, Permits, PoolName, Refusal, Taken, Who},
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

    /// One permit of a pool, for whoever measures what that costs.
    #[doc(hidden)]
    pub async fn __permit(&self, pool: &'static str) -> Result<impl Send + use<>> {
        let who = Who { name: "", run: RunId::from_bytes([0; 16]), task: None, attempt: 1 };
        let pools = vec![(PoolName::Named(pool), 1)];
        let asked = Asked { of: 0, pools, rate: None, key: None, priority: 0, above: &[], who };
        let refused = |refusal: Refusal| Error::runtime(refusal.to_string());
        match self.core.limits.take(asked).map_err(refused)? {
            Taken::Permit(permit) => Ok(permit),
            Taken::Later(waits, _) => waits.await.map_err(refused),
        }
    }

    /// All pools as they stand: their sizes, who holds permits and since when, who waits, since when and for what. First
    /// `cpu`, which synchronous bodies take from; then those that were named; then those of flows with `max_concurrent`
    /// that have run.
    pub fn limits(&self) -> Vec<Limit> {
        self.core.limits.status()
    }
}
