//! Where the pages are, and which days have been seen to.

use std::{collections::BTreeSet, fs, io, io::Write, path::PathBuf};

use jiff::civil::Date;
use tokio::sync::watch;

/// The directory of the pages. A task gets it as a `#[provided]` value.
#[derive(Clone)]
pub(crate) struct Pages {
    dir: PathBuf,
    /// The days that this process has seen to, one for each run of the schedule.
    seen_to: watch::Sender<BTreeSet<Date>>,
}

impl Pages {
    pub(crate) fn new(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, seen_to: watch::Sender::default() })
    }

    pub(crate) fn path(&self, day: &str) -> PathBuf {
        self.dir.join(format!("{day}.html"))
    }

    /// Puts a page in its place, whole: whoever looks at it meanwhile sees the one before or this one.
    pub(crate) fn put(&self, day: &str, html: &str) -> io::Result<PathBuf> {
        let (path, mut new) = (self.path(day), tempfile::NamedTempFile::new_in(&self.dir)?);
        new.write_all(html.as_bytes())?;
        new.persist(&path)?;
        Ok(path)
    }

    /// The report of a day has come to its end, well or not.
    pub(crate) fn seen_to(&self, day: Date) {
        self.seen_to.send_modify(|days| {
            days.insert(day);
        });
    }

    /// Waits until all these days have been seen to.
    pub(crate) async fn until(self, days: impl IntoIterator<Item = Date>) {
        let days: BTreeSet<Date> = days.into_iter().collect();
        // The sender is `self`, so it is not gone.
        let _ = self.seen_to.subscribe().wait_for(|seen_to| days.is_subset(seen_to)).await;
    }
}
