//! The example as a whole: its lines and its exit codes.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use orch::testing;

use super::*;

/// What was printed.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn lines(&self) -> Vec<String> {
        let printed = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the example with these arguments, on a clock that does not make anybody wait.
async fn example(line: &str) -> (Exit, Vec<String>, anyhow::Result<Decision>) {
    let Ok(Command::Watch(args)) = args::from(line) else { panic!("{line}") };
    let paper = Paper::default();
    let screen = Screen::new(paper.clone());
    let runtime = testing::builder().provide(screen.clone()).provide(page::agent(false)).build();
    let result = watch(&runtime, &screen, args).await;
    (Exit::from(&result), paper.lines(), result)
}

/// Starts the example without arguments on a store in `dir`, and ends it in order. Its clock is the machine's.
async fn start(dir: &Path) -> Vec<String> {
    let Ok(Command::Watch(args)) = args::from("--every 0ms") else { panic!() };
    let paper = Paper::default();
    let decision = run(args, &Screen::new(paper.clone()), Runtime::builder().path(dir)).await.unwrap();
    assert_eq!(decision, Decision::Buy { price: Cents(11_900) });
    paper.lines()
}

#[tokio::test]
async fn the_shoe_is_bought_when_its_price_has_fallen() {
    let (exit, lines, _) = example("").await;
    assert_eq!(exit, Exit::Bought);
    assert_eq!(
        lines[..11],
        [
            "poll 1 price 1149.00 budget 120.00 1 attempt parsed",
            "poll 2 price 149.90 budget 120.00 1 attempt parsed",
            "poll 3 price 149.90 budget 120.00 1 attempt cached",
            "poll 4 price 149.90 budget 120.00 2 attempts cached",
            "poll 5 price 139.00 budget 120.00 1 attempt parsed",
            "poll 6 price 139.00 budget 120.00 2 attempts cached",
            "poll 7 price 149.90 budget 120.00 1 attempt cached",
            "poll 8 price 129.50 budget 120.00 3 attempts parsed",
            "poll 9 price 129.50 budget 120.00 1 attempt cached",
            "poll 10 price 119.00 budget 120.00 1 attempt parsed",
            "buy: 119.00 is within the budget of 120.00",
        ]
    );
    assert!(
        lines[11].starts_with("run ") && lines[11].ends_with("Completed: 35 Completed 5 Cached"),
        "{}",
        lines[11]
    );
    assert!(lines[12].starts_with("its history lies in: memory"), "{}", lines[12]);
    assert_eq!(lines.len(), 13);
}

#[tokio::test]
async fn a_second_start_names_the_first_and_finds_what_it_has_read() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path()).await;
    let watch = first[11].strip_suffix(": 35 Completed 5 Cached").unwrap();
    assert!(first[0].ends_with("parsed") && watch.ends_with(" Completed"), "{first:?}");
    assert!(first[12].contains(&*dir.path().to_string_lossy()), "{first:?}");

    let second = start(dir.path()).await;
    assert!(second[0].starts_with(&format!("earlier {watch}, ")), "{second:?}");
    assert!(second[0].ends_with("ago: 35 Completed 5 Cached"), "{second:?}");
    let cached: Vec<_> = first[..10].iter().map(|line| line.replace("parsed", "cached")).collect();
    assert_eq!(second[1..11], cached);
    assert_ne!(second[12], first[11], "it is another run");
    assert!(second[12].ends_with(" Completed: 30 Completed 10 Cached"), "{second:?}");
    assert_eq!(second.len(), 14);
}

#[tokio::test]
async fn after_50_polls_it_gives_up() {
    let (exit, lines, _) = example("--budget 118,99 --every 1h").await;
    assert_eq!(exit, Exit::GaveUp);
    assert_eq!(lines.len(), 53);
    assert_eq!(lines[49], "poll 50 price 119.00 budget 118.99 1 attempt cached");
    assert_eq!(lines[50], "don't buy: after 50 polls the price is 119.00 and the budget 118.99");
}

#[tokio::test]
async fn a_page_that_is_not_there_is_an_error_at_once() {
    let shop = Shop::open().unwrap();
    let (exit, lines, result) = example(&format!("--url {}0 --budget 120", shop.url())).await;
    assert_eq!((exit, lines.len()), (Exit::Error, 0));
    let error = result.unwrap_err().to_string();
    assert!(error.contains("the shop answered 404 Not Found"), "{error}");
    assert!(error.contains("fetch_page` failed: "), "{error}");
}

#[tokio::test]
async fn a_page_without_the_element_is_an_error() {
    let (exit, _, result) = example("--selector .cost").await;
    assert_eq!(exit, Exit::Error);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("nothing on the page matches the selector `.cost`"), "{error}");
}

#[tokio::test]
async fn a_shop_that_is_closed_is_tried_six_times() {
    let url = Shop::open().unwrap().url();
    let (exit, _, result) = example(&format!("--url {url} --budget 120")).await;
    assert_eq!(exit, Exit::Error);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("fetch_page` failed in attempt 6: "), "{error}");
}
