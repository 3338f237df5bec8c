//! What happens to files while somebody serves.

use std::{fs, io::Write as _};

use super::{Drop, all_completed, earlier, rows, serve_while, set_modified, step};

#[tokio::test]
async fn a_file_that_is_written_in_ten_steps_starts_one_run() {
    let drop = Drop::new("*.csv");
    // Somebody looks after 30 seconds, in the middle of it.
    let steps = (0..10).map(|number| {
        step(if number == 0 { 25.5 } else { 1.0 }, |dir| {
            let file = fs::File::options().create(true).append(true).open(dir.join("a.csv"));
            file.unwrap().write_all(b"row\n").unwrap();
        })
    });
    let (runtime, seen) = serve_while(&drop, steps.collect()).await;
    assert_eq!(seen.short(), [("a.csv".into(), true, 40)]);
    all_completed(&runtime, 1).await;
    // It had come to rest 34.5 seconds after the start, and not two looks before.
    let created = crate::runs_of(&runtime, "::imports").await[0].created;
    assert!(crate::hours(created) * 3_600.0 >= 36.0, "{created:?}");
}

#[tokio::test]
async fn a_file_that_is_touched_has_changed() {
    let drop = Drop::new("*.csv");
    let steps = vec![
        step(0.0, |dir| {
            fs::write(dir.join("a.csv"), "same").unwrap();
            set_modified(&dir.join("a.csv"), earlier(60));
        }),
        step(60.0, |dir| set_modified(&dir.join("a.csv"), earlier(0))),
        // Older than it was is another one too.
        step(60.0, |dir| set_modified(&dir.join("a.csv"), earlier(120))),
    ];
    let (_, seen) = serve_while(&drop, steps).await;
    let new: Vec<_> = seen.all().iter().map(|file| (file.new, file.size)).collect();
    assert_eq!(new, [(false, 4), (true, 4), (false, 4)]);
}

#[tokio::test]
async fn a_file_that_takes_the_place_of_another_one_has_changed() {
    let drop = Drop::new("*.csv");
    let steps = vec![
        step(0.0, |dir| fs::write(dir.join("a.csv"), "first").unwrap()),
        step(60.0, |dir| {
            fs::write(dir.join("a.csv.tmp"), "second").unwrap();
            fs::rename(dir.join("a.csv.tmp"), dir.join("a.csv")).unwrap();
        }),
        // Some editors remove it before they write it: between two looks it was not there.
        step(29.5, |dir| fs::remove_file(dir.join("a.csv")).unwrap()),
        step(1.0, |dir| fs::write(dir.join("a.csv"), "the third").unwrap()),
    ];
    let (runtime, seen) = serve_while(&drop, steps).await;
    let expected = [(true, 5), (false, 6), (false, 9)];
    let mut short: Vec<_> = seen.short().into_iter().map(|(_, new, size)| (new, size)).collect();
    short.sort_by_key(|(_, size)| *size);
    assert_eq!(short, expected);
    assert_eq!(rows(&runtime).await, 1);
}

#[tokio::test]
async fn a_file_that_is_gone_before_it_rests_starts_nothing() {
    let drop = Drop::new("*.csv");
    let steps = vec![
        step(29.5, |dir| fs::write(dir.join("a.csv"), "").unwrap()),
        step(1.5, |dir| fs::remove_file(dir.join("a.csv")).unwrap()),
    ];
    let (runtime, seen) = serve_while(&drop, steps).await;
    assert!(seen.all().is_empty());
    assert_eq!(rows(&runtime).await, 0);
}

#[tokio::test]
async fn a_directory_may_come_and_go() {
    let drop = Drop::new("in/*/now/*.csv");
    let file = |dir: &std::path::Path, name: &str| {
        fs::create_dir_all(dir.join("in/x/now")).unwrap();
        fs::write(dir.join("in/x/now").join(name), name).unwrap();
    };
    let steps = vec![
        step(60.0, move |dir| file(dir, "a.csv")),
        // While the directory is not there, nothing counts as gone.
        step(60.0, |dir| fs::rename(dir.join("in"), dir.join("elsewhere")).unwrap()),
        step(60.0, |dir| fs::rename(dir.join("elsewhere"), dir.join("in")).unwrap()),
        // Below it, it does.
        step(60.0, |dir| fs::remove_dir_all(dir.join("in/x")).unwrap()),
        step(60.0, move |dir| file(dir, "b.csv")),
        step(60.0, move |dir| file(dir, "a.csv")),
    ];
    let (runtime, seen) = serve_while(&drop, steps).await;
    let expected = [("a.csv".to_owned(), true, 5), ("a.csv".into(), true, 5), ("b.csv".into(), true, 5)];
    assert_eq!(seen.short(), expected);
    assert_eq!(rows(&runtime).await, 2);
}
