//! Forgetting results and what is remembered of their keys.

use super::{SledCache, edit::Edit, keeping::STEP, rows::DefinitionId, sled_cache::locked};
use crate::store::{CacheKey, Forget, StoreError};

impl SledCache {
    /// See [`Store::cache_forget`](crate::store::Store::cache_forget). Gives way to others after every step.
    pub(crate) async fn forget(&self, which: Forget) -> Result<u64, StoreError> {
        let ids = match which {
            Forget::Key(key) => return self.forget_key(&key),
            Forget::Definition(name) => locked(&self.book).id_of(&name).into_iter().collect(),
            Forget::All => locked(&self.book).ids(),
        };
        let mut forgotten = 0;
        for id in ids {
            while let Some(step) = self.forget_step(id)? {
                forgotten += step;
                tokio::task::yield_now().await;
            }
        }
        Ok(forgotten)
    }

    fn forget_key(&self, key: &CacheKey) -> Result<u64, StoreError> {
        let mut book = locked(&self.book);
        let mut edit = Edit::new(&self.database, &mut book)?;
        let was_there = edit.remove(key)?;
        edit.unlearn(key)?;
        let gone = edit.apply()?;
        self.front.remove(key);
        drop(book);
        self.remove_blobs(gone)?;
        Ok(u64::from(was_there))
    }

    /// `None` when nothing was left.
    fn forget_step(&self, id: DefinitionId) -> Result<Option<u64>, StoreError> {
        let mut book = locked(&self.book);
        let mut edit = Edit::new(&self.database, &mut book)?;
        let mut places = 0;
        while places < STEP && edit.remove_oldest(id)? {
            places += 1;
        }
        if places < STEP {
            edit.unlearn_all(id);
        }
        let gone = edit.apply()?;
        gone.keys.iter().for_each(|key| drop(self.front.remove(key)));
        drop(book);
        let entries = gone.keys.len() as u64;
        self.remove_blobs(gone)?;
        Ok((places > 0).then_some(entries))
    }
}
