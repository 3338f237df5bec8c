//! Which files a pattern finds.

use std::fs;

use orch::schedule::{FileChange, Trigger};

use super::{Drop, first, imports, next, serve};
use crate::until;

async fn found(drop: &Drop) -> Vec<String> {
    let (runtime, seen) = first();
    drop.serve(&runtime, 0.1).await;
    seen.all()
        .iter()
        .map(|file| file.path.strip_prefix(drop.dir.path()).unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_pattern_finds_what_it_says() {
    let cases: [(&str, &[&str]); 9] = [
        ("*.csv", &["a.csv"]),
        ("*", &["a.csv", "b.tsv"]),
        (".*.csv", &[".h.csv"]),
        ("{a,x/c}.{csv,json}", &["a.csv", "x/c.csv"]),
        ("?.[ct]sv", &["a.csv", "b.tsv"]),
        ("**/*.csv", &["a.csv", "x/c.csv", "x/y/d.csv"]),
        ("x/**", &["x/c.csv", "x/y/d.csv", "x/y/e[1].txt"]),
        ("**/y/**/*.csv", &["x/y/d.csv"]),
        ("*/y/e[[]1].txt", &["x/y/e[1].txt"]),
    ];
    for (pattern, expected) in cases {
        let drop = Drop::new(pattern);
        for name in ["a.csv", "b.tsv", ".h.csv", "x/c.csv", "x/y/d.csv", "x/y/e[1].txt", ".hidden/f.csv"] {
            drop.put(name, 1);
        }
        fs::create_dir_all(drop.path("directory.csv")).unwrap();
        assert_eq!(found(&drop).await, expected, "{pattern}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_to_files_count_and_no_link_is_followed_in_a_circle() {
    use std::os::unix::fs::symlink;

    let drop = Drop::new("in/**/*.csv");
    let outside = drop.put("outside.csv", 3);
    drop.put("in/x/a.csv", 1);
    symlink(&outside, drop.path("in/link.csv")).unwrap();
    symlink(drop.path("in"), drop.path("in/x/around")).unwrap();
    symlink("nothing", drop.path("in/dangling.csv")).unwrap();
    assert_eq!(found(&drop).await, ["in/link.csv", "in/x/a.csv"]);
    let drop = Drop::new("*/a.csv");
    drop.put("x/a.csv", 1);
    symlink(drop.path("x"), drop.path("y")).unwrap();
    assert_eq!(found(&drop).await, ["x/a.csv", "y/a.csv"]);
}

/// One place cannot be looked at, and all others can.
#[cfg(unix)]
#[tokio::test]
async fn what_cannot_be_read_stops_nothing_and_does_not_count_as_gone() {
    use std::os::unix::fs::symlink;

    let drop = Drop::new("*/*.csv");
    drop.put("bad/a.csv", 1);
    drop.put("good/a.csv", 1);
    let (runtime, seen) = first();
    drop.serve(&runtime, 0.1).await;
    assert_eq!(seen.names().len(), 2);
    // What a link leads to that leads to itself cannot be told.
    fs::rename(drop.path("bad"), drop.path(".away")).unwrap();
    symlink("bad", drop.path("bad")).unwrap();
    drop.put("good/b.csv", 1);
    let (runtime, seen) = next(&runtime);
    drop.serve(&runtime, 0.1).await;
    assert_eq!(seen.names(), ["b.csv"]);
    drop.remove("bad");
    fs::rename(drop.path(".away"), drop.path("bad")).unwrap();
    let (runtime, seen) = next(&runtime);
    drop.serve(&runtime, 0.1).await;
    assert!(seen.all().is_empty(), "they had been seen before");
}

#[tokio::test]
async fn a_relative_pattern_starts_at_the_working_directory() {
    let (runtime, seen) = first();
    let trigger = Trigger::new("t").on_file("tests/schedules/m?in.rs").run(|file: FileChange| imports(file));
    serve(&runtime, [trigger], 0.1).await;
    let path = std::env::current_dir().unwrap().join("tests/schedules/main.rs");
    assert_eq!(seen.all().iter().map(|file| &file.path).collect::<Vec<_>>(), [&path]);
}

#[tokio::test]
async fn a_pattern_that_is_none_says_so() {
    for (pattern, why) in [
        ("", "is empty"),
        ("incoming/", "names a directory; what lies in it is `*`"),
        ("incoming/***", "has `***`, which is none"),
        ("incoming/a**", "has `a**`, which is none"),
        ("incoming/[a", "has `[a`, which is none"),
        ("incoming/{a,b", "has a `{` without a `}`"),
        ("incoming/a}", "has a `}` without a `{`"),
        ("*/../a", "has `..` after its first `*`"),
        ("..", "names no file"),
        ("{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}", "stand for more than 256"),
    ] {
        let (runtime, _) = first();
        let trigger = Trigger::new("imports").on_file(pattern).run(|file: FileChange| imports(file));
        let serving = runtime.serve().trigger(trigger).lines(|_| {}).until(until(&runtime, 1.0));
        let error = serving.await.unwrap_err().to_string();
        assert!(error.contains(&format!("trigger `imports`: the pattern `{pattern}`")), "{error}");
        assert!(error.contains(why), "{pattern}: {error}");
    }
}
