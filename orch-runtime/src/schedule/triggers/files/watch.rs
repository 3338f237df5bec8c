//! Who is told by the system that it is time to look. What is told is never taken for the truth.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use notify::{
    ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::sync::Notify;

use super::pattern::Pattern;

/// Watches the directories that were visited last.
pub(super) struct Watch {
    /// `None` where the system has none to give.
    watcher: Option<RecommendedWatcher>,
    ears: Arc<Ears>,
    visited: HashSet<PathBuf>,
    /// Why some directory is not watched.
    fault: Option<String>,
}

/// What the watcher's thread and the looks share. Its lock is never held while the watcher is asked for something: that
/// waits for the thread, which may wait for the lock.
struct Ears {
    pattern: Arc<Pattern>,
    time_to_look: Arc<Notify>,
    /// A directory that was removed or moved is watched no more, whatever has its name then.
    watched: Mutex<HashSet<PathBuf>>,
}

impl Watch {
    /// Tells from now on when it is time to look.
    pub(super) fn new(pattern: Arc<Pattern>, time_to_look: Arc<Notify>) -> Self {
        let ears = Arc::new(Ears { pattern, time_to_look, watched: Mutex::default() });
        let heard = ears.clone();
        let watcher = notify::recommended_watcher(move |event| heard.hear(event));
        let (watcher, fault) = match watcher {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { watcher, ears, visited: HashSet::new(), fault }
    }

    /// Watches a directory, which is about to be read.
    pub(super) fn visit(&mut self, directory: &Path) {
        let Some(watcher) = &mut self.watcher else { return };
        self.visited.insert(directory.to_owned());
        // Before it is watched, because it may be removed at once.
        if !self.ears.watched().insert(directory.to_owned()) {
            return;
        }
        if let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) {
            self.ears.watched().remove(directory);
            let gone = match &error.kind {
                ErrorKind::PathNotFound => true,
                ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
                _ => false,
            };
            if !gone {
                self.fault = Some(error.to_string());
            }
        }
    }

    /// All directories have been visited. Says why some are not watched.
    pub(super) fn visited_all(&mut self) -> Option<String> {
        let visited = std::mem::take(&mut self.visited);
        let Some(watcher) = &mut self.watcher else { return self.fault.clone() };
        let left: Vec<_> = self.ears.watched().difference(&visited).cloned().collect();
        for directory in left {
            self.ears.watched().remove(&directory);
            // It may be watched no more by itself.
            let _ = watcher.unwatch(&directory);
        }
        self.fault.take()
    }

    #[cfg(test)]
    pub(super) fn hear(&self, event: notify::Result<Event>) {
        self.ears.hear(event);
    }

    #[cfg(test)]
    pub(super) fn watches(&self, directory: &Path) -> bool {
        self.ears.watched().contains(directory)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let watcher = self.watcher.take();
        // It panics where its thread has ended before.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(watcher)));
    }
}

impl Ears {
    fn watched(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: notify::Result<Event>) {
        let Ok(event) = event else { return self.time_to_look.notify_one() };
        let tells = match event.kind {
            // Reading is none of anybody's business, and looking is reading.
            EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write) => false,
            // Other files in the same directory may be written all the time.
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Data(_)) => {
                event.paths.iter().filter_map(|path| path.file_name()).any(|name| self.pattern.may_be(name))
            }
            _ => true,
        };
        if event.need_rescan() {
            self.watched().clear();
        } else if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
            let mut watched = self.watched();
            event.paths.iter().for_each(|path| drop(watched.take(path)));
        }
        if tells {
            self.time_to_look.notify_one();
        }
    }
}
