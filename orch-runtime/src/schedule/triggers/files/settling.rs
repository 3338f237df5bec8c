//! When a file has come to rest: pure, without a clock, files or a store.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{file_change::Version, keys::Keys, walk::Found};
use crate::clock::Timestamp;

/// What is known of the files of a trigger.
pub(super) struct Settling {
    keys: Keys,
    settle: Duration,
    /// What is stored, as far as this process knows.
    known: HashMap<String, Version>,
    /// What was not what is stored when it was last looked at, since when it has been as it is.
    moving: HashMap<String, Moving>,
}

#[derive(Clone, Copy)]
struct Moving {
    /// `None`: it is gone.
    version: Option<Version>,
    since: Timestamp,
}

/// What a look asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Files at rest that are to start something, those first that have been so for longest.
    pub(super) start: Vec<(Version, PathBuf)>,
    /// Keys of files that are gone.
    pub(super) forget: Vec<String>,
    /// When to look again although nobody tells of anything.
    pub(super) wake: Option<Timestamp>,
}

impl Asked {
    /// Whether no file has come, changed or gone.
    pub(super) fn is_nothing(&self) -> bool {
        self.start.is_empty() && self.forget.is_empty() && self.wake.is_none()
    }
}

impl Settling {
    pub(super) fn new(keys: Keys, settle: Duration, known: HashMap<String, Version>) -> Self {
        Self { keys, settle, known, moving: HashMap::new() }
    }

    /// What becomes of what was found.
    pub(super) fn look(&mut self, found: &Found, now: Timestamp) -> Asked {
        let mut asked = Asked::default();
        let mut seen = HashSet::with_capacity(found.files.len());
        for (path, version) in &found.files {
            let key = self.keys.of(path);
            if self.rests(&key, Some(*version), now, &mut asked.wake) {
                asked.start.push((*version, path.clone()));
            }
            seen.insert(key);
        }
        let missing: Vec<_> = self.known.keys().filter(|key| !seen.contains(*key)).cloned().collect();
        for key in missing {
            if !found.is_gone(self.keys.path(&key)) {
                self.moving.remove(&key);
            } else if self.rests(&key, None, now, &mut asked.wake) {
                asked.forget.push(key);
            }
        }
        // What was gone before it had come to rest.
        self.moving.retain(|key, _| seen.contains(key) || self.known.contains_key(key));
        asked.start.sort_unstable();
        asked
    }

    /// Whether something is another one than is stored, and has been for long enough.
    fn rests(
        &mut self,
        key: &str,
        version: Option<Version>,
        now: Timestamp,
        wake: &mut Option<Timestamp>,
    ) -> bool {
        if self.known.get(key).copied() == version {
            self.moving.remove(key);
            return false;
        }
        let new = Moving { version, since: now };
        let moving = match self.moving.get_mut(key) {
            Some(moving) => moving,
            None => self.moving.entry(key.to_owned()).or_insert(new),
        };
        // A clock that was set back says nothing about how long it has been so.
        if moving.version != version || moving.since > now {
            *moving = new;
        }
        let until = moving.since.plus(self.settle);
        if until <= now {
            return true;
        }
        *wake = Some(wake.map_or(until, |earlier| earlier.min(until)));
        false
    }

    /// It is stored, or was found to be.
    pub(super) fn stored(&mut self, path: &Path, version: Version) {
        let key = self.keys.of(path);
        self.moving.remove(&key);
        self.known.insert(key, version);
    }

    /// Nothing is stored of it any more.
    pub(super) fn forgotten(&mut self, key: &str) {
        self.moving.remove(key);
        self.known.remove(key);
    }
}
