//! Turns ordinary functions into tracked, retried, cached, resumable work.
//!
//! ```
//! use orch::prelude::*;
//!
//! /// One unit of work: up to four attempts, no longer than 10 seconds each, its result kept for 5 minutes.
//! #[task(retries = 3, backoff = exponential("500ms", max = "30s", jitter), timeout = "10s", cache(ttl = "5m"))]
//! async fn find_price(url: &str) -> anyhow::Result<u32> {
//! #   let fetch = async |_: &str| anyhow::Ok("119");
//!     let page = fetch(url).await?;
//!     Ok(page.parse()?)
//! }
//!
//! #[task]
//! fn within_budget(price: u32, budget: u32) -> bool {
//!     price <= budget
//! }
//!
//! /// `if`, `for`, `?` and `tokio::join!` are the whole language.
//! #[flow]
//! async fn watch_price(url: String, budget: u32) -> Result<bool, Error> {
//!     let price = find_price(&url).await?;
//!     within_budget(price, budget).await
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//! #   orch::testing::runtime().install()?;
//!     let buy = watch_price("https://shop.example/1".into(), 120).await?;
//!     assert!(buy);
//!     Ok(())
//! }
//! ```
//!
//! No server, no configuration, no context parameter: annotate, and call.
//!
//! # What an annotation changes
//!
//! - **Calling the function returns a [`Call<T>`](Call)**, a future that does nothing until it is awaited or
//!   [started](Call::start). That holds for synchronous functions too: `within_budget(…).await`, and their bodies run on
//!   tokio's blocking pool.
//! - **The error is [`orch::Error`](Error)**: it knows what [kind](ErrorKind) of end it was (failed, timed out, panicked,
//!   cancelled, …), in which task, run and attempt. Its text and sources are those of your error *as recorded*, so that
//!   they are the same live and in a resumed run; `#[task(error = E)]` keeps the value, for [`Error::downcast`].
//! - **Arguments and results are data**: serde writes them down. `&str`, `&[T]` and `&T` are stored as what they own.
//!
//! Name, docs, visibility, your other attributes and the places of your compiler errors stay as they were. `anyhow`, `eyre`
//! and `Box<dyn Error>` take an [`Error`] with `?`; an error enum of your own says how:
//!
//! ```
//! # use orch::prelude::*;
//! #[derive(Debug, thiserror::Error)]
//! enum ShopError {
//!     #[error("no product {0}")]
//!     NoSuchProduct(u64),
//!     #[error(transparent)]
//!     Work(#[from] orch::Error), // by hand: impl From<orch::Error> for ShopError { … }
//! }
//!
//! #[task]
//! async fn stock(product: u64) -> Result<u32, ShopError> {
//!     if product == 0 { Err(ShopError::NoSuchProduct(product)) } else { Ok(3) }
//! }
//!
//! #[flow]
//! async fn in_stock(product: u64) -> Result<bool, ShopError> {
//!     Ok(stock(product).await? > 0)
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! # orch::testing::runtime().install().unwrap();
//! let error = in_stock(0).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Failed);
//! assert!(error.to_string().ends_with("no product 0"));
//! # }
//! ```
//!
//! # Concepts
//!
//! A **task** is one unit of work, a **flow** is what calls tasks and other flows; both are functions. Every execution of a
//! flow is a **run** with a history of its own, every call in it a **task run**, every try of that an **attempt**. A
//! **[`Runtime`]** is where runs live. The first call opens one by itself, which keeps runs, journals and cached results in
//! the directory `.orch`, or the one that `ORCH_STORE` names; you [build](Runtime::builder) one to choose another place, to
//! provide values, to read history or to [close](Runtime::close) in order. What was recorded has reached the disk before
//! the flow sees it, unless [less](store::SyncMode) is asked for.
//!
//! **Calls** take options for this one time: [`named`](Call::named), [`tag`](Call::tag), [`retries`](Call::retries),
//! [`timeout`](Call::timeout), [`after`](Call::after), [`refresh`](Call::refresh), [`no_cache`](Call::no_cache).
//! [`start`](Call::start) makes a **[`Handle`]** of a call, which is then under way whether you await it or not, and
//! ends no later than the body that started it; one that fails, and that nobody awaits, fails that body. Calls of all
//! functions with one output share a type, so a `Vec` holds them.
//!
//! **Retries** follow errors, panics and time-outs. `retry_if` looks at the error and says [`Retry::Yes`],
//! [`Retry::After`] a wait that the other side asked for, or [`Retry::Stop`] with a reason, which is recorded.
//!
//! **Caching** (`cache`) gives a task's result to later calls with equal arguments, and lets one of several simultaneous
//! callers compute it for all. The key holds the task's name, its arguments and the text of its body. A helper that it calls
//! is not seen: name it in `cache(depends(…))` or raise `cache(version = …)`. Errors are never cached. What is kept, and why
//! a call would hit or miss, says [`Runtime::cache`]; it forgets, too.
//!
//! **At the same time** work runs through `tokio::join!`, `tokio::select!` and `FuturesUnordered`, which take calls as they
//! are; through [`map`] for many items, bounded and in order, and [`try_map`], which stops at the first error; through
//! [`spawn`] for a block of your own:
//!
//! ```
//! # use orch::prelude::*;
//! #[task]
//! async fn square(n: u64) -> u64 {
//!     n * n
//! }
//!
//! #[flow]
//! async fn squares() -> Result<u64, Error> {
//!     let (a, b) = tokio::try_join!(square(1), square(2))?;
//!     let more = orch::try_map(3..6, |n| square(n)).concurrency(2).await?;
//!     let branch = orch::spawn(async { square(square(2).await?).await });
//!     Ok(a + b + more.iter().sum::<u64>() + branch.await??)
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # orch::testing::runtime().install().unwrap();
//! # assert_eq!(squares().await.unwrap(), 1 + 4 + 9 + 16 + 25 + 16);
//! # }
//! ```
//!
//! **A run whose process died** is taken up by the next process that builds a runtime on the same store and has its flow: by
//! itself, in the background ([`recover`] waits for it), unless the flow says `resume = "manual"`. `flow(…).id("2026-11-23")`
//! makes one run of all calls with that id, over processes. A resumed run executes its flow's body again from the first line,
//! and every call in it gives what it gave before, in the same order, without running again. So two things hold for the body of a *flow* (a task may do
//! what it likes): what differs from one execution to the next is asked of `orch`, which records it ([`now`], [`random`],
//! [`uuid`], [`sleep`]) or done in a task; and what must happen once is a task or a [`step`]. A body whose calls differ
//! from the journal is stopped as [`Diverged`](ErrorKind::Diverged) rather than guessed about; one that was edited
//! meanwhile reuses what still fits. Task bodies run *at least* once: [`idempotency_key`] is the same text for all
//! attempts of a task run, for services that can tell a repetition.
//!
//! **Values from outside** come as signals: a flow waits for one with [`signal`], until a [`timeout`](Wait::timeout) if it
//! likes, and whoever knows the run [sends](Runtime::send) it, before, while or after somebody waits and whether a process
//! runs the flow or not. Waits and sleeps go on where they were when a run is resumed. A task that must not be
//! repeated when its process dies amid it is [`once`](macro@task#once): a person then says what became of it, with
//! [`Runtime::resolve`].
//!
//! ```
//! # use orch::prelude::*;
//! use std::time::Duration;
//! use orch::Resolution;
//!
//! #[task(once)]
//! async fn pay(order: u64) -> anyhow::Result<String> {
//!     Ok(format!("receipt {order}"))
//! }
//!
//! #[flow]
//! async fn buy(order: u64) -> Result<Option<String>, Error> {
//!     match orch::signal::<bool>("approve").timeout(Duration::from_secs(48 * 3600)).await {
//!         Ok(true) => Ok(Some(pay(order).await?)),
//!         Ok(false) => Ok(None),
//!         Err(error) if error.kind() == ErrorKind::TimedOut => Ok(None),
//!         Err(error) => Err(error),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let runtime = Runtime::builder().store(orch::store::MemoryStore::new()).build()?;
//! # runtime.install()?;
//! let buying = buy(7).start();
//! let run = buying.run().expect("a run of its own");
//! orch::send(run, "approve", &true).await?;
//! assert_eq!(buying.await?.as_deref(), Some("receipt 7"));
//!
//! // Of a payment amid which its process died, somebody who looked says: `resolve(run, task, …)`.
//! let paid = Resolution::value(&"receipt 7".to_owned())?;
//! # let _ = paid;
//! # Ok(()) }
//! ```
//!
//! **A run that failed** is executed again by [`retry`]: what succeeded is reused, at every depth, also inside the flows that
//! it called. [`rerun`] executes a run anew, as a run of its own: from a task on, or with other arguments.
//!
//! **Runs that nobody calls** start when they are due, or when something happens, while somebody [`serve`]s: schedules
//! and triggers stand in the attribute, or are made in code ([`Call::schedule`], [`Trigger`](schedule::Trigger)); triggers
//! follow other flows, [events](emit), [files](schedule::TriggerName::on_file) and what does not come in time. Each tick has
//! one fate, which is recorded: it started a run, was caught up, or was skipped for a reason.
//!
//! ```no_run
//! # use orch::prelude::*;
//! #[flow(cron = "0 9 * * MON-FRI", tz = "Europe/Berlin", overlap = skip)]
//! async fn report() -> Result<u32, Error> {
//!     println!("the report of {:?}", orch::ctx().tick());
//!     Ok(12)
//! }
//!
//! #[flow(on = completed(report))]
//! async fn publish(rows: u32) {
//!     println!("{rows} rows");
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<orch::Served, Error> {
//!     orch::serve().await
//! }
//! ```
//!
//! **Provided values** are parameters that are no data: a pool, a client, a fake in a test.
//!
//! **Tests** get a runtime of their own from [`testing::runtime`]: in memory, with the events at hand and a clock that jumps
//! over the waits of `orch` (a bare `tokio::time::sleep` or a socket waits for real). [`Call::untracked`] runs the bare body.
//!
//! ```
//! # use orch::{prelude::*, testing};
//! struct Shop {
//!     closed_for: std::sync::atomic::AtomicU32,
//! }
//!
//! #[task(retries = 5, backoff = fixed("1h"))]
//! async fn order(product: u64, #[provided] shop: &Shop) -> Result<String, String> {
//! #   use std::sync::atomic::Ordering::Relaxed;
//! #   let closed = shop.closed_for.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok();
//!     if closed { Err("closed".into()) } else { Ok(format!("product {product}")) }
//! }
//!
//! #[tokio::test]
//! # async fn unused() {}
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() { an_order_waits_until_the_shop_opens().await.unwrap() }
//! async fn an_order_waits_until_the_shop_opens() -> Result<(), Error> {
//!     let runtime = testing::builder().provide(Shop { closed_for: 2.into() }).build();
//!     let ordered = runtime.scope(order(7)).await?; // two hours, within milliseconds
//!     assert_eq!(ordered, "product 7");
//!     assert!(runtime.event_lines().await?.iter().any(|line| line.contains("AwaitingRetry")));
//!     Ok(())
//! }
//! ```
//!
//! **History** is read from the runtime: [`runs`](Runtime::runs), [`task_runs`](Runtime::task_runs),
//! [`attempts`](Runtime::attempts) and, as they were committed, [`events`](Runtime::events). A flow that is called by
//! another has a run of its own, which its caller's task run names as `child`. What a body is part of says [`ctx`]. Runs,
//! task runs and attempts are `tracing` spans too.
//!
//! ```
//! # use orch::prelude::*;
//! use orch::{RunState, store::{Page, RunFilter}};
//!
//! # async fn shown(runtime: &Runtime) -> Result<(), Error> {
//! let failed = RunFilter { state: Some(RunState::Failed), ..RunFilter::default() };
//! for run in runtime.runs(failed, Page::first(10)).await? {
//!     println!("{} {}: {:?}", run.id, run.name, run.reason);
//!     for task in runtime.task_runs(run.id, Page::all()).await? {
//!         println!("  {} {} in attempt {}", task.name, task.state, task.attempt);
//!     }
//! }
//! # Ok(()) }
//! # let _ = shown;
//! ```
//!
//! All options stand at [`macro@task`] and [`macro@flow`].
//!
//! # Today
//!
//! A directory is one process's at a time; ended runs are kept until somebody removes the directory. Pools and rates (`limit`, `rate`) hold within one process.

#[doc(inline)]
pub use orch_macros::{flow, task};
#[doc(inline)]
pub use orch_runtime::*;

/// What the attributes' expansions name.
#[doc(hidden)]
pub mod __private {
    pub use orch_runtime::private::*;
}

/// Everything that a flow needs.
pub mod prelude {
    pub use crate::{Call, Error, ErrorKind, Flow, Handle, Retry, Runtime, Shared, Task, flow, task};
}

/// The code of the front page is compiled and run like that of this one.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
