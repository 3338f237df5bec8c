//! The parts that need no store: what a look asks for, and what is heard.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use notify::{
    Event, EventKind,
    event::{
        AccessKind, AccessMode, CreateKind, DataChange, Flag, MetadataKind, ModifyKind, RemoveKind,
        RenameMode,
    },
};
use tokio::sync::Notify;

use super::{
    braces,
    file_change::Version,
    keys::Keys,
    pattern::Pattern,
    settling::{Asked, Settling},
    walk::Found,
    watch::Watch,
};
use crate::{clock::Timestamp, store::Starter};

const SETTLE: Duration = Duration::from_secs(2);

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn version(modified: i64) -> Version {
    Version { modified: Some(modified), size: 1 }
}

fn found(files: &[(&str, i64)]) -> Found {
    let files = files.iter().map(|(path, modified)| (PathBuf::from(path), version(*modified)));
    Found { files: files.collect(), ..Found::default() }
}

/// One that knows these.
fn settling(known: &[(&str, i64)]) -> Settling {
    let keys = Keys::new("t");
    let known = known.iter().map(|(path, modified)| (keys.of(Path::new(path)), version(*modified)));
    Settling::new(keys.clone(), SETTLE, known.collect::<HashMap<_, _>>())
}

fn wakes(seconds: u64) -> Asked {
    Asked { wake: Some(at(seconds)), ..Asked::default() }
}

fn starts(files: &[(&str, i64)]) -> Asked {
    let start = files.iter().map(|(path, modified)| (version(*modified), PathBuf::from(path)));
    Asked { start: start.collect(), ..Asked::default() }
}

fn forgets(path: &str) -> Asked {
    Asked { forget: vec![Keys::new("t").of(Path::new(path))], ..Asked::default() }
}

#[test]
fn a_file_starts_something_when_two_looks_apart_see_the_same() {
    let mut settling = settling(&[]);
    assert_eq!(settling.look(&found(&[("/a", 1)]), at(10)), wakes(12));
    assert_eq!(settling.look(&found(&[("/a", 1)]), at(11)), wakes(12));
    assert_eq!(settling.look(&found(&[("/a", 2)]), at(12)), wakes(14));
    assert_eq!(settling.look(&found(&[("/a", 2)]), at(14)), starts(&[("/a", 2)]));
    // As long as nobody has stored it, it is asked for again.
    assert_eq!(settling.look(&found(&[("/a", 2)]), at(15)), starts(&[("/a", 2)]));
    settling.stored(Path::new("/a"), version(2));
    assert_eq!(settling.look(&found(&[("/a", 2)]), at(16)), Asked::default());
    // And back to what it was while it moves: nothing has happened.
    assert_eq!(settling.look(&found(&[("/a", 3)]), at(17)), wakes(19));
    assert_eq!(settling.look(&found(&[("/a", 2)]), at(18)), Asked::default());
    assert_eq!(settling.look(&found(&[("/a", 3)]), at(19)), wakes(21));
}

#[test]
fn those_that_have_lain_for_longest_come_first() {
    let mut settling = settling(&[]);
    let files = [("/a", 3), ("/b", 1), ("/c", 2)];
    settling.look(&found(&files), at(10));
    assert_eq!(settling.look(&found(&files), at(12)), starts(&[("/b", 1), ("/c", 2), ("/a", 3)]));
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut settling = settling(&[]);
    assert_eq!(settling.look(&found(&[("/a", 1)]), at(1_000_000)), wakes(1_000_002));
    assert_eq!(settling.look(&found(&[("/a", 1)]), at(10)), wakes(12));
    assert_eq!(settling.look(&found(&[("/a", 1)]), at(12)), starts(&[("/a", 1)]));
}

#[test]
fn what_is_gone_for_long_enough_is_forgotten_where_that_is_sure() {
    let mut settling = settling(&[("/in/a", 1), ("/in/b", 1)]);
    assert_eq!(settling.look(&found(&[("/in/b", 1)]), at(10)), wakes(12));
    let unsure = |place: &str| Found { unsure: [place.into()].into(), ..found(&[("/in/b", 1)]) };
    assert_eq!(settling.look(&unsure("/in"), at(12)), Asked::default());
    // From here on it is gone anew.
    assert_eq!(settling.look(&unsure("/inside"), at(13)), wakes(15));
    assert_eq!(settling.look(&found(&[("/in/b", 1)]), at(15)), forgets("/in/a"));
    settling.forgotten(&Keys::new("t").of(Path::new("/in/a")));
    assert_eq!(settling.look(&found(&[("/in/b", 1)]), at(16)), Asked::default());
}

#[test]
fn keys_are_short_and_of_one_trigger() {
    let long = "x".repeat(400);
    for name in ["t", "t/a", "", &long] {
        let keys = Keys::new(name);
        for path in ["/a", "/a/b", &format!("/{long}/{long}")] {
            let key = keys.of(Path::new(path));
            assert!(key.len() <= Starter::MAX_KEY && key.starts_with(keys.prefix()), "{key}");
            assert_eq!(keys.path(&key), (path.len() < 500 - keys.prefix().len()).then(|| Path::new(path)));
        }
    }
    assert!(!Keys::new("t/a").of(Path::new("/b")).starts_with(Keys::new("t").prefix()));
}

#[test]
fn braces_stand_for_patterns() {
    for (pattern, expected) in [
        ("a", &["a"][..]),
        ("{a,b}c", &["ac", "bc"]),
        ("a{b{c,d},}e", &["abce", "abde", "ae"]),
        ("{a}", &["a"]),
        ("[{]a,b[}]", &["[{]a,b[}]"]),
        ("[]}]{x,[!],]}", &["[]}]x", "[]}][!],]"]),
        ("ä{ö,ü}", &["äö", "äü"]),
        ("[", &["["]),
    ] {
        assert_eq!(braces::expand(pattern).unwrap(), expected, "{pattern}");
    }
}

fn watch() -> (Watch, Arc<Notify>) {
    let (pattern, told) = (Arc::new(Pattern::new("/in/*.csv").unwrap()), Arc::new(Notify::new()));
    (Watch::new(pattern, told.clone()), told)
}

fn event(kind: EventKind, path: &Path) -> Event {
    Event::new(kind).add_path(path.to_owned())
}

#[test]
fn reading_and_the_writing_of_other_files_is_no_reason_to_look() {
    let (watch, told) = watch();
    let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
    let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    for (kind, name, tells) in [
        (EventKind::Access(AccessKind::Open(AccessMode::Any)), "a.csv", false),
        (EventKind::Access(AccessKind::Close(AccessMode::Read)), "a.csv", false),
        (written, "a.csv", true),
        (written, "a.log", false),
        (data, "a.csv", true),
        (data, "a.log", false),
        (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), "x", true),
        (EventKind::Create(CreateKind::Any), "x", true),
        (EventKind::Any, "x", true),
    ] {
        watch.hear(Ok(event(kind, &Path::new("/in").join(name))));
        assert_eq!(told.notified().now_or_never().is_some(), tells, "{kind:?} {name}");
    }
    watch.hear(Err(notify::Error::generic("it is ill")));
    assert!(told.notified().now_or_never().is_some());
}

#[test]
fn what_takes_the_place_of_a_directory_is_watched_anew() {
    let dir = tempfile::tempdir().unwrap();
    let removed = EventKind::Remove(RemoveKind::Folder);
    let moved = EventKind::Modify(ModifyKind::Name(RenameMode::From));
    let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
    for gone in [event(removed, dir.path()), event(moved, dir.path()), lost] {
        let (mut watch, told) = watch();
        watch.visit(dir.path());
        assert_eq!((watch.visited_all(), watch.watches(dir.path())), (None, true));
        watch.hear(Ok(gone));
        assert!(told.notified().now_or_never().is_some() && !watch.watches(dir.path()));
        watch.visit(dir.path());
        assert_eq!((watch.visited_all(), watch.watches(dir.path())), (None, true));
        // One that is not visited any more is left alone.
        assert_eq!((watch.visited_all(), watch.watches(dir.path())), (None, false));
    }
}

#[test]
fn a_directory_that_cannot_be_watched_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let (mut watch, _) = watch();
    watch.visit(&dir.path().join("gone"));
    assert_eq!(watch.visited_all(), None, "it is not there any more, which is no fault");
    for _ in 0..2 {
        watch.visit(&dir.path().join("x".repeat(300)));
        assert!(watch.visited_all().is_some());
    }
    watch.visit(dir.path());
    assert_eq!(watch.visited_all(), None);
}

#[test]
fn a_file_that_is_written_is_heard_of() {
    let dir = tempfile::tempdir().unwrap();
    let (mut watch, told) = watch();
    watch.visit(dir.path());
    std::fs::write(dir.path().join("a.csv"), "1").unwrap();
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tokio.block_on(told.notified());
    assert_eq!(watch.visited_all(), None);
}
