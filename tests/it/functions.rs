//! Kinds of functions that can be annotated.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use orch::{prelude::*, store::Page};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::support::{Bodies, assert_lines, lines};

// Synchronous and asynchronous, of any visibility.

mod visible {
    use super::*;

    #[task]
    pub fn to_all() -> u8 {
        1
    }

    #[task]
    pub(crate) async fn to_the_crate() -> u8 {
        2
    }

    #[task]
    pub(in crate::functions) fn to_a_path() -> u8 {
        3
    }

    #[task]
    pub(super) async fn to_the_parent() -> u8 {
        hidden().await.unwrap() + 3
    }

    #[task]
    fn hidden() -> u8 {
        1
    }
}

#[tokio::test]
async fn visibilities_stay() {
    orch::testing::runtime()
        .scope(async {
            assert_eq!(visible::to_all().await.unwrap(), 1);
            assert_eq!(visible::to_the_crate().await.unwrap(), 2);
            assert_eq!(visible::to_a_path().await.unwrap(), 3);
            assert_eq!(visible::to_the_parent().await.unwrap(), 4);
        })
        .await;
}

// A module and a function of one name are everyday Rust.
mod extract {
    use super::*;

    #[task]
    pub fn extract(text: &str) -> usize {
        text.len()
    }
}
use extract::extract;

#[tokio::test]
async fn a_function_may_have_its_modules_name() {
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { extract("abc").await }).await.unwrap(), 3);
}

#[task]
async fn r#match(r#type: u8, r#fn: &str) -> String {
    format!("{}{}", r#type, r#fn)
}

#[tokio::test]
async fn raw_identifiers_are_recorded_without_their_mark() {
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { r#match(1, "x").await }).await.unwrap(), "1x");
    let runs = runtime.runs(Default::default(), Page::first(1)).await.unwrap();
    assert_eq!(runs[0].name, "it::functions::match");
}

// Parameters.

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

#[task]
async fn borrows(text: &str, numbers: &[u8], path: &Path, point: &Point) -> String {
    format!("{text} {numbers:?} {} {point:?}", path.display())
}

#[task]
fn borrows_in_a_thread(text: &str, numbers: &[u8], path: &Path, point: &Point) -> String {
    format!("{text} {numbers:?} {} {point:?}", path.display())
}

#[task]
async fn patterns(
    (a, b): (i32, i32),
    Point { x, y }: Point,
    [first, .., last]: [i32; 4],
    mut sum: i32,
    _: u8,
) -> i32 {
    sum += a + b + x + y + first + last;
    sum
}

#[task]
#[allow(clippy::too_many_arguments, reason = "it is about many arguments")]
fn many(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8) -> u32 {
    [a, b, c, d, e, f, g, h, i, j].into_iter().map(u32::from).sum()
}

#[tokio::test]
async fn parameters_are_owned_borrowed_mutable_or_patterns() {
    orch::testing::runtime()
        .scope(async {
            let point = Point { x: 1, y: 2 };
            let expected = "a [1, 2] /b Point { x: 1, y: 2 }";
            let call = {
                // A call owns its input: what it was borrowed from may go.
                let (text, path) = ("a".to_owned(), PathBuf::from("/b"));
                borrows(&text, &[1, 2], &path, &point)
            };
            assert_eq!(call.await.unwrap(), expected);
            assert_eq!(borrows_in_a_thread("a", &[1, 2], Path::new("/b"), &point).await.unwrap(), expected);
            assert_eq!(patterns((1, 2), point, [5, 6, 7, 8], 100, 0).await.unwrap(), 119);
            assert_eq!(many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).await.unwrap(), 55);
        })
        .await;
}

// Results.

#[task]
async fn nothing() {}

#[task]
fn nothing_in_a_thread() {}

#[task]
async fn data() -> Vec<Option<Point>> {
    vec![None, Some(Point { x: 1, y: 2 })]
}

/// Data, although its name ends like a result's.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct SearchResult(Vec<u8>);

#[task]
async fn search() -> SearchResult {
    SearchResult(vec![1])
}

#[task]
async fn with_anyhow(good: bool) -> anyhow::Result<u8> {
    use anyhow::Context;
    let parsed: Result<u8, _> = if good { "7" } else { "seven" }.parse();
    parsed.context("reading the price")
}

/// A report in the manner of eyre: not an error itself, but it becomes one when boxed.
struct Report(anyhow::Error);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Report {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<Report> for Box<dyn std::error::Error + Send + Sync> {
    fn from(report: Report) -> Self {
        report.0.into()
    }
}

#[task]
fn with_report(good: bool) -> Result<u8, Report> {
    Ok(if good { "7" } else { "seven" }.parse()?)
}

/// An error as `thiserror` writes it.
#[derive(Debug)]
enum ShopError {
    Parse(std::num::ParseIntError),
}

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shop's answer makes no sense")
    }
}

impl std::error::Error for ShopError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let Self::Parse(error) = self;
        Some(error)
    }
}

impl From<std::num::ParseIntError> for ShopError {
    fn from(error: std::num::ParseIntError) -> Self {
        Self::Parse(error)
    }
}

#[task]
async fn with_enum(good: bool) -> Result<u8, ShopError> {
    Ok(if good { "7" } else { "seven" }.parse()?)
}

#[task]
async fn with_string(good: bool) -> Result<u8, String> {
    if good { Ok(7) } else { Err("no price".to_owned()) }
}

#[task]
fn with_io(good: bool) -> std::io::Result<u8> {
    if good { Ok(7) } else { Err(std::io::ErrorKind::NotFound.into()) }
}

#[task]
fn with_fmt(good: bool) -> fmt::Result {
    if good { Ok(()) } else { Err(fmt::Error) }
}

/// The messages of an error and of its sources, without what the library puts before the first one.
fn chain(error: &Error) -> Vec<String> {
    let mut chain = vec![error.recorded().expect("the body's error is recorded").text().to_owned()];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    chain
}

#[tokio::test]
async fn results_are_values_and_errors_keep_their_messages() {
    let digit = "invalid digit found in string";
    orch::testing::runtime()
        .scope(async {
            let () = nothing().await.unwrap();
            let () = nothing_in_a_thread().await.unwrap();
            assert_eq!(data().await.unwrap().len(), 2);
            assert_eq!(search().await.unwrap(), SearchResult(vec![1]));

            assert_eq!(with_anyhow(true).await.unwrap(), 7);
            assert_eq!(chain(&with_anyhow(false).await.unwrap_err()), ["reading the price", digit]);
            assert_eq!(with_report(true).await.unwrap(), 7);
            assert_eq!(chain(&with_report(false).await.unwrap_err()), [digit]);
            assert_eq!(with_enum(true).await.unwrap(), 7);
            assert_eq!(
                chain(&with_enum(false).await.unwrap_err()),
                ["the shop's answer makes no sense", digit]
            );
            assert_eq!(with_string(true).await.unwrap(), 7);
            assert_eq!(chain(&with_string(false).await.unwrap_err()), ["no price"]);
            assert_eq!(with_io(true).await.unwrap(), 7);
            assert_eq!(chain(&with_io(false).await.unwrap_err()), ["entity not found"]);
            let () = with_fmt(true).await.unwrap();
            let error = with_fmt(false).await.unwrap_err();
            assert_eq!(error.recorded().unwrap().type_name(), std::any::type_name::<fmt::Error>());
        })
        .await;
}

#[tokio::test]
async fn an_error_names_the_task_the_run_and_the_attempt() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { with_string(false).await }).await.unwrap_err();
    let run = runtime.last_run().await.unwrap().unwrap();
    assert_eq!(error.name(), Some("it::functions::with_string"));
    assert_eq!((error.run(), error.attempt()), (Some(run), Some(1)));
    assert_eq!(
        error.to_string(),
        format!("`it::functions::with_string` failed in attempt 1 of run {run}: no price")
    );
}

#[tokio::test]
async fn a_panic_names_its_place() {
    #[task]
    async fn falls() {
        panic!("it fell");
    }

    let line = line!() - 3;
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { falls().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panicked);
    let place = error.recorded().unwrap().place().unwrap();
    assert!(place.starts_with(&format!("tests/it/functions.rs:{line}:")), "{place}");
}

/// The user's own error, as the first page shows it.
#[derive(Debug)]
enum OwnError {
    Orch(Error),
}

impl From<Error> for OwnError {
    fn from(error: Error) -> Self {
        Self::Orch(error)
    }
}

impl fmt::Display for OwnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Orch(error) = self;
        write!(f, "the shop is shut: {error}")
    }
}

impl std::error::Error for OwnError {}

#[flow]
async fn with_own_error() -> Result<u8, OwnError> {
    Ok(with_string(false).await?)
}

#[tokio::test]
async fn a_flow_may_turn_errors_into_its_own() {
    let runtime = orch::testing::runtime();
    let error = runtime.scope(async { with_own_error().await }).await.unwrap_err();
    assert!(
        error.recorded().unwrap().text().starts_with("the shop is shut: `it::functions::with_string` failed")
    );
}

// Recursion.

#[task]
async fn factorial(n: u64) -> Result<u64, Error> {
    if n == 0 { Ok(1) } else { Ok(n * factorial(n - 1).await?) }
}

#[flow]
async fn countdown(n: u64) -> Result<u64, Error> {
    if n == 0 { Ok(0) } else { countdown(n - 1).await.map(|below| below + 1) }
}

#[tokio::test]
async fn recursion_is_tracked() {
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { factorial(3).await }).await.unwrap(), 6);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "factorial Pending",
            "factorial Running (1)",
            "factorial Pending",
            "factorial Running (1)",
            "factorial Pending",
            "factorial Running (1)",
            "factorial Pending",
            "factorial Running (1)",
            "factorial Completed (1)",
            "factorial Completed (1)",
            "factorial Completed (1)",
            "factorial Completed (1)",
            "run Completed",
        ],
    );
    assert_eq!(runtime.scope(async { countdown(3).await }).await.unwrap(), 3);
    assert_eq!(runtime.runs(Default::default(), Page::first(99)).await.unwrap().len(), 5);
}

// Made by `macro_rules`.

macro_rules! make {
    ($($(#[$attribute:meta])* $vis:vis $name:ident($argument:ident: $type:ty) -> $result:ty $body:block)*) => {
        $($(#[$attribute])* #[task] $vis fn $name($argument: $type) -> $result $body)*
    };
}

make! {
    /// Doubles.
    doubles(n: u32) -> u32 { n * 2 }
    pub measures(text: &str) -> usize { text.len() }
    parses(text: &str) -> Result<u8, std::num::ParseIntError> { text.parse() }
}

#[tokio::test]
async fn macros_may_make_them() {
    orch::testing::runtime()
        .scope(async {
            assert_eq!(doubles(4).await.unwrap(), 8);
            assert_eq!(measures("abc").await.unwrap(), 3);
            assert_eq!(parses("7").await.unwrap(), 7);
            assert!(parses("seven").await.is_err());
        })
        .await;
}

// Inside function bodies.

#[tokio::test]
async fn inside_functions_they_have_names_of_their_own() {
    fn here() -> Call<u8> {
        #[task]
        fn step() -> u8 {
            1
        }
        step()
    }

    fn there() -> Call<u8> {
        #[task]
        fn step() -> u8 {
            2
        }
        step()
    }

    let runtime = orch::testing::runtime();
    let both = runtime.scope(async { (here().await.unwrap(), there().await.unwrap()) }).await;
    assert_eq!(both, (1, 2));
    let runs = runtime.runs(Default::default(), Page::first(9)).await.unwrap();
    let names: Vec<&str> = runs.iter().rev().map(|run| &*run.name).collect();
    let path = "it::functions::inside_functions_they_have_names_of_their_own";
    assert_eq!(names, [format!("{path}::here::step"), format!("{path}::there::step")]);
}

// Generic ones.

trait Shape: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    fn area(&self) -> u32;
}

#[derive(Clone, Serialize, Deserialize)]
struct Square(u32);

#[derive(Clone, Serialize, Deserialize)]
struct Oblong(u32, u32);

impl Shape for Square {
    fn area(&self) -> u32 {
        self.0 * self.0
    }
}

impl Shape for Oblong {
    fn area(&self) -> u32 {
        self.0 * self.1
    }
}

#[task]
async fn area<S: Shape>(shape: S) -> u32 {
    shape.area()
}

#[task]
fn largest<S, const N: usize>(shapes: &[S]) -> u32
where
    S: Shape,
{
    shapes.iter().take(N).map(Shape::area).max().unwrap_or_default()
}

#[flow]
async fn areas<S: Shape>(shapes: Vec<S>) -> Result<u32, Error> {
    let mut sum = largest::<S, 1>(&shapes).await?;
    for shape in shapes {
        sum += area(shape).await?;
    }
    Ok(sum)
}

#[tokio::test]
async fn generic_functions_work() {
    orch::testing::runtime()
        .scope(async {
            assert_eq!(area(Square(2)).await.unwrap(), 4);
            assert_eq!(area(Oblong(2, 3)).await.unwrap(), 6);
            assert_eq!(largest::<Square, 1>(&[Square(1), Square(2)]).await.unwrap(), 1);
            assert_eq!(largest::<Square, 2>(&[Square(1), Square(2)]).await.unwrap(), 4);
            assert_eq!(areas(vec![Oblong(2, 3), Oblong(1, 1)]).await.unwrap(), 13);
        })
        .await;
}

// Provided parameters.

struct Pool(u32);

#[task]
async fn provided_by_reference(n: u32, #[provided] pool: &Pool) -> u32 {
    n + pool.0
}

#[task]
fn provided_by_value(#[provided] bodies: Bodies, n: u32) -> u32 {
    bodies.enter();
    n
}

#[flow]
async fn provided_to_a_flow(#[provided] pool: &Pool, n: u32) -> Result<u32, Error> {
    Ok(provided_by_reference(n).await? + provided_by_value(n).await? + pool.0)
}

#[tokio::test]
async fn provided_parameters_are_not_passed() {
    let bodies = Bodies::default();
    let runtime = orch::testing::builder().provide(Pool(10)).provide(bodies.clone()).build();
    assert_eq!(runtime.scope(async { provided_to_a_flow(1).await }).await.unwrap(), 22);
    assert_eq!(bodies.count(), 1);
}

trait Db: Send + Sync {
    fn rows(&self) -> u32;
}

impl Db for Pool {
    fn rows(&self) -> u32 {
        self.0
    }
}

#[task]
async fn behind_a_trait(#[provided] db: &dyn Db) -> u32 {
    db.rows()
}

#[tokio::test]
async fn a_trait_object_is_provided_by_its_arc() {
    let runtime = orch::testing::builder().provide(Pool(1)).provide_arc::<dyn Db>(Arc::new(Pool(10))).build();
    assert_eq!(runtime.scope(async { behind_a_trait().await }).await.unwrap(), 10);
    assert_eq!(runtime.provided::<Pool>().unwrap().0, 1);

    let without = orch::testing::builder().provide(Pool(1)).build();
    let error = without.scope(async { behind_a_trait().await }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(error.to_string().contains("`.provide_arc::<dyn it::functions::Db>(…)`"), "{error}");
}

#[test]
fn one_type_has_one_value_however_it_was_provided() {
    let builder = orch::Runtime::builder().provide(Pool(1)).provide_arc(Arc::new(Pool(2)));
    let error = builder.build().map(drop).unwrap_err();
    assert!(error.to_string().contains("two values of type `it::functions::Pool`"), "{error}");
}

// Synchronous flows.

#[flow]
fn plain_flow(n: u32) -> u32 {
    n + 1
}

#[flow]
fn fallible_flow(n: u32) -> Result<u32, String> {
    Err(format!("no {n}"))
}

#[tokio::test]
async fn flows_may_be_synchronous() {
    let runtime = orch::testing::runtime();
    let (good, bad) = runtime.scope(async { (plain_flow(1).await, fallible_flow(1).await) }).await;
    assert_eq!(good.unwrap(), 2);
    assert!(bad.unwrap_err().to_string().ends_with("no 1"));
}

#[flow]
fn flow_that_calls(n: u32) -> Result<u32, Error> {
    let tokio = tokio::runtime::Handle::current();
    let area = tokio.block_on(area(Square(n)))?;
    tokio.block_on(doubles(area))
}

#[tokio::test]
async fn synchronous_flows_may_call_by_blocking() {
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { flow_that_calls(3).await }).await.unwrap(), 18);
    assert_lines(
        &lines(&runtime).await,
        &[
            "run Pending",
            "run Running",
            "area Pending",
            "area Running (1)",
            "area Completed (1)",
            "doubles Pending",
            "doubles Running (1)",
            "doubles Completed (1)",
            "run Completed",
        ],
    );
}

// Other attributes stay where they belong.

#[task]
#[must_use = "of the call, beside its own"]
#[expect(unused_variables, reason = "the lint level reaches the body")]
#[inline]
fn with_attributes(unused: u8) -> u8 {
    7
}

#[tokio::test]
async fn other_attributes_are_kept() {
    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { with_attributes(1).await }).await.unwrap(), 7);
}

#[tokio::test]
async fn calls_of_different_functions_share_a_vec() {
    #[flow]
    async fn all() -> Result<Vec<u8>, Error> {
        let calls = vec![visible::to_all(), visible::to_the_crate(), visible::to_a_path()];
        futures_util::future::try_join_all(calls).await
    }

    let runtime = orch::testing::runtime();
    assert_eq!(runtime.scope(async { all().await }).await.unwrap(), [1, 2, 3]);
}
