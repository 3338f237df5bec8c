//! The names of definitions, each stored once and a small number everywhere else.

use std::{
    borrow::Cow,
    sync::{PoisonError, RwLock},
};

use rustc_hash::FxHashMap;

use super::{
    db::{Db, Fault},
    keys::{self, NameId},
    sealed,
    wire::Damaged,
};

type Name = Cow<'static, str>;

/// All names of a store. A program has as many as it has definitions.
#[derive(Default)]
pub(super) struct Names(RwLock<Inner>);

#[derive(Default)]
struct Inner {
    ids: FxHashMap<Name, NameId>,
    texts: Vec<Name>,
    /// How many of them are stored, or in a batch that will be.
    stored: usize,
}

impl Names {
    pub(super) fn load(db: &Db) -> Result<Self, Fault> {
        let mut inner = Inner::default();
        for entry in db.prefix(&[keys::NAME]) {
            let (key, stored) = entry?;
            let damaged = |what| Fault::damaged(&key, Damaged(what));
            let id = inner.texts.len() as NameId;
            if *key != *keys::name(id) {
                return Err(damaged("one before it is missing"));
            }
            let text = String::from_utf8(sealed::content(db, &key, &stored)?.into_owned());
            let text = Name::Owned(text.map_err(|_| damaged("it is not UTF-8"))?);
            inner.ids.insert(text.clone(), id);
            inner.texts.push(text);
        }
        inner.stored = inner.texts.len();
        Ok(Self(RwLock::new(inner)))
    }

    /// The number of a name, a new one where the name has none.
    pub(super) fn intern(&self, name: &Name) -> NameId {
        if let Some(id) = self.known(name) {
            return id;
        }
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = inner.ids.get(name) {
            return *id;
        }
        let id = inner.texts.len() as NameId;
        inner.texts.push(name.clone());
        inner.ids.insert(name.clone(), id);
        id
    }

    /// The number of a name that some run or task run has had.
    pub(super) fn known(&self, name: &str) -> Option<NameId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ids.get(name).copied()
    }

    /// The name of a number; empty for one that was never given.
    pub(super) fn text(&self, id: NameId) -> Name {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.texts.get(id as usize).cloned().unwrap_or_default()
    }

    /// Adds what is new to a batch. Whoever writes a record takes the names after it has the record: a name got
    /// its number before any record that uses it was in line.
    pub(super) fn store_new(&self, batch: &mut sled::Batch) {
        let stored = {
            let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
            for (id, text) in (0..).zip(&inner.texts).skip(inner.stored) {
                sealed::insert(batch, keys::name(id), text.as_bytes());
            }
            if inner.stored == inner.texts.len() {
                return;
            }
            inner.texts.len()
        };
        self.0.write().unwrap_or_else(PoisonError::into_inner).stored = stored;
    }
}
