//! Files of a trigger that is served.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt as _, future::select};
use tokio::sync::{Notify, oneshot};

use super::{
    FileChange,
    file_change::Version,
    keys::Keys,
    pattern::Pattern,
    settling::{Asked, Settling},
    walk::{Found, walk},
    watch::Watch,
};
use crate::{
    codec,
    error::{Error, ErrorKind, Result},
    observe,
    schedule::{
        keeper::{Keeper, unwritable},
        tick::unencodable,
        triggers::{
            on::{Occurrence, as_it_is},
            standing::{Standing, unknown},
            trigger::Trigger,
        },
    },
    store::{StartedBy, Starter, StarterChange, Starters, Trigger as Why},
};

/// How long a file has to be as it is, unless people say so.
pub(in crate::schedule::triggers) const SETTLE: Duration = Duration::from_secs(1);

/// How long nobody looks where nothing is told: network file systems do not tell of what other machines do.
const RESCAN: Duration = Duration::from_secs(30);

/// The same where not all directories can be watched.
const RESCAN_UNWATCHED: Duration = Duration::from_secs(3);

/// The most of it where a test moves the time: it may let years pass in which no file comes.
const RESCAN_MOVED: Duration = Duration::from_secs(3_600);

/// What looks may take of the time in which much is told.
const REST: (Duration, u32) = (Duration::from_millis(100), 4);

/// Files that start something, or rows that are read or removed, before others have their turn.
const PAGE: usize = 256;

/// What goes from look to look.
struct Files<'a> {
    trigger: &'a Trigger,
    keys: Keys,
    settling: Settling,
    pattern: Arc<Pattern>,
    /// `None` while it looks, and where there is nothing to be told.
    watch: Option<Watch>,
    /// What people have been told of, until it is over.
    told: HashSet<PathBuf>,
    told_of_watch: bool,
}

impl Keeper {
    /// Looks after the files of a trigger until the store fails.
    pub(in crate::schedule::triggers) async fn look_after_files(
        &self,
        trigger: &Trigger,
        pattern: &str,
        settle: Duration,
    ) -> Result<Infallible> {
        let busy = self.core.clock.busy();
        let read = Pattern::new(pattern).map_err(|error| {
            Error::definition(format!("trigger `{}`: the pattern `{pattern}` {error}", trigger.name))
        });
        let (pattern, time_to_look) = (Arc::new(read?), Arc::new(Notify::new()));
        let keys = Keys::new(&trigger.name);
        let known = self.known_files(&keys).await?;
        // Where tests move the time, nothing is to depend on when the machine tells of something.
        let is_real = self.core.clock.as_virtual().is_none();
        let watch = is_real.then(|| Watch::new(pattern.clone(), time_to_look.clone()));
        let settling = Settling::new(keys.clone(), settle, known);
        let (told, told_of_watch) = (HashSet::new(), false);
        let mut files = Files { trigger, keys, settling, pattern, watch, told, told_of_watch };
        drop(busy);
        let mut quiet: u32 = 0;
        loop {
            let busy = self.core.clock.busy();
            let begun = self.core.clock.now();
            // What is told from here on is looked at next time.
            let _ = time_to_look.notified().now_or_never();
            let (asked, rescan) = self.look_at_files(&mut files).await?;
            let now = self.core.clock.now();
            let rescan = if is_real { rescan } else { (rescan * (1 << quiet)).min(RESCAN_MOVED) };
            quiet = if asked.is_nothing() { (quiet + 1).min(8) } else { 0 };
            let wake = asked.wake.map_or(rescan, |wake| wake.since(now).min(rescan));
            let took = now.since(begun);
            self.start_for_files(&mut files, asked).await?;
            drop(busy);
            let rested = std::pin::pin!(self.core.clock.sleep(wake));
            let told = std::pin::pin!(async {
                time_to_look.notified().await;
                self.core.clock.sleep(REST.0.max(took * REST.1).min(rescan)).await;
            });
            select(rested, told).await;
        }
    }

    /// What is stored of the files of a trigger.
    async fn known_files(&self, keys: &Keys) -> Result<HashMap<String, Version>> {
        let (mut known, mut after) = (HashMap::new(), None);
        loop {
            let which = Starters::Listed { prefix: keys.prefix().to_owned(), after };
            let page = self.starters(which, PAGE).await?;
            let Some(last) = page.last() else { return Ok(known) };
            after = Some(last.key.clone());
            for Starter { key, content, .. } in page {
                known.insert(key, codec::decode(&content).map_err(unencodable)?);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Looks at the files, on a thread that may wait for a disk; says when to look again although nothing is told.
    async fn look_at_files(&self, files: &mut Files<'_>) -> Result<(Asked, Duration)> {
        let (pattern, mut watch) = (files.pattern.clone(), files.watch.take());
        let (sender, looked) = oneshot::channel();
        self.blocking(move || {
            let found = walk(&pattern, &mut |directory| {
                watch.iter_mut().for_each(|watch| watch.visit(directory));
            });
            let unwatched = watch.as_mut().and_then(Watch::visited_all);
            // Nobody listens where serving has ended meanwhile.
            let _ = sender.send((found, watch, unwatched));
        })?;
        let Ok((found, watch, unwatched)) = looked.await else {
            return Err(Error::runtime(format!(
                "trigger `{}` could not look at its files",
                files.trigger.name
            )));
        };
        files.watch = watch;
        let rescan = if unwatched.is_some() { RESCAN_UNWATCHED } else { RESCAN };
        files.tell(&found, unwatched.as_deref());
        Ok((files.settling.look(&found, self.core.clock.now()), rescan))
    }

    /// Does what a look has asked for.
    async fn start_for_files(&self, files: &mut Files<'_>, asked: Asked) -> Result<()> {
        for (done, (version, path)) in asked.start.into_iter().enumerate() {
            if self.start_for_file(files, version, &path).await? {
                files.settling.stored(&path, version);
            }
            if done % PAGE == PAGE - 1 {
                tokio::task::yield_now().await;
            }
        }
        for (done, key) in asked.forget.into_iter().enumerate() {
            if let Some(starter) = self.starters(Starters::Key(key.clone()), 1).await?.pop() {
                let (expect, at) = (Some(starter.revision), self.core.clock.now());
                let change =
                    StarterChange { key: key.clone(), expect, put: None, entries: Vec::new(), run: None, at };
                // Should somebody else have been quicker, it is gone, or it has come back and they have seen it.
                self.core.store.change_starter(change).await.map_err(unwritable)?;
            }
            files.settling.forgotten(&key);
            if done % PAGE == PAGE - 1 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Starts the run for a file, and has seen it, in one step. Not where somebody else was quicker: then the next look tells.
    async fn start_for_file(&self, files: &Files<'_>, version: Version, path: &Path) -> Result<bool> {
        let key = files.keys.of(path);
        // What this process knows of it may be old.
        let known = self.starters(Starters::Key(key.clone()), 1).await?.pop();
        let new = known.is_none();
        let starter = known.unwrap_or_else(|| unknown(key));
        if !new && codec::decode::<Version>(&starter.content).map_err(unencodable)? == version {
            return Ok(true);
        }
        let standing = Standing::bare(&version)?;
        let (shown, what) = (path.display().to_string(), if new { "new" } else { "changed" });
        let text = format!("the {what} file `{shown}`");
        let by = StartedBy { detail: Some(shown), ..StartedBy::default() };
        let change: FileChange = version.change(path.to_owned(), new);
        let revision = starter.revision;
        let fired = match codec::encode_named(&change) {
            Ok(value) => {
                let occurrence = Occurrence { value, named: as_it_is, by, text };
                self.fire(files.trigger, starter, standing.clone(), (Why::File, occurrence)).await?
            }
            Err(error) => {
                // Its path is no text. Nobody could be given it, so people are told by a run that fails.
                let fault = Error::plain(ErrorKind::Input, format!("{text} cannot be handed on: {error}"));
                let value = codec::encode_named(&()).map_err(unencodable)?;
                let occurrence = Occurrence { value, named: as_it_is, by, text };
                let why = (Why::File, occurrence);
                self.fire_made(files.trigger, starter, standing.clone(), why, Err(fault)).await?
            }
        };
        match fired {
            // A filter has not let it pass: it has been seen all the same.
            Some(starter) if starter.revision == revision => self.note(starter, standing).await.map(|_| true),
            Some(_) => Ok(true),
            None => Ok(false),
        }
    }
}

impl Files<'_> {
    /// Says what cannot be read or watched: once, until it can.
    fn tell(&mut self, found: &Found, unwatched: Option<&str>) {
        let name = &self.trigger.name;
        for (place, error) in &found.faults {
            if !self.told.contains(place) {
                observe::warn_outside(&format!(
                    "trigger `{name}`: files in `{}` are not seen, because it cannot be read: {error}",
                    place.display()
                ));
            }
        }
        self.told = found.faults.iter().map(|(place, _)| place.clone()).collect();
        if let Some(why) = unwatched
            && !std::mem::replace(&mut self.told_of_watch, true)
        {
            observe::warn_outside(&format!(
                "trigger `{name}`: not all of its directories can be watched, and they are looked at every \
                 {RESCAN_UNWATCHED:?} instead: {why}"
            ));
        }
    }
}
