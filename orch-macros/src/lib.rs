//! The attributes of [`orch-flow`](https://docs.rs/orch-flow): [`macro@task`] and [`macro@flow`].
//!
//! This crate is used through `orch`, which re-exports both. Its version is locked to the runtime's, since what it
//! writes calls functions of the runtime that are no public interface.
//!
//! An annotated function is called as before, and returns a `Call` that is awaited, also where it was synchronous.
//! Nothing else appears beside it: no type, no module, no name that could collide.

#![warn(rustdoc::broken_intra_doc_links)]

mod annotate;
mod diagnostics;
mod expand;
mod fallback;
mod hash;
mod item;
mod model;
mod options;
mod paths;
#[cfg(test)]
mod snapshots;
mod types;
mod units;
mod validate;

use proc_macro::TokenStream;

/// Makes a function a **task**: one unit of work that is recorded, retried, cached and resumed.
///
/// ```
/// use orch::prelude::*;
///
/// # async fn fetch(_: &str) -> anyhow::Result<String> { Ok("119".to_owned()) }
/// # fn parse(page: &str) -> anyhow::Result<u32> { Ok(page.parse()?) }
/// /// Reads the price from a product page.
/// #[task(retries = 3, backoff = exponential("500ms", max = "30s", jitter), timeout = "10s", cache(ttl = "5m"))]
/// async fn find_price(url: &str) -> anyhow::Result<u32> {
///     let page = fetch(url).await?;
///     parse(&page)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orch::Error> {
/// # orch::testing::runtime().install().unwrap();
/// let price: u32 = find_price("https://shop.example/1").await?;
/// # assert_eq!(price, 119);
/// # Ok(()) }
/// ```
///
/// # What changes
///
/// - Calling the function returns `orch::Call<T>`, which does nothing until it is awaited or started. `T` is the
///   return type, or its success type if it is a `Result`. Awaiting gives `Result<T, orch::Error>`.
/// - A synchronous function is awaited too; its body runs on the blocking pool (see [`inline`](#inline)).
/// - Inside the body the function's own name means the tracked function, so recursion is tracked, and an async
///   function needs no boxing to call itself.
/// - Docs, visibility, lint levels, `#[cfg]` and `#[deprecated]` stay on the function that callers see. All other
///   attributes (`#[inline]`, `#[tracing::instrument]`, …) go to the body.
///
/// # Functions
///
/// Synchronous or `async`, of any visibility, at module level, inside functions or made by `macro_rules`. Generic
/// functions with type and const parameters work; they cannot be started by name, because one definition then stands
/// for many functions. Type parameters need the bounds of arguments and results, below.
///
/// **Parameters** are taken by value or as `&T` with `T: ToOwned`, at most 16 of them. The call owns its arguments,
/// so `T` (or `T::Owned`) is `Serialize + DeserializeOwned + Clone + Send + Sync + 'static`. A pattern such as
/// `(a, b): (u8, u8)` is called `arg0`, `arg1`, … after its position. A parameter with `#[provided]` is no argument:
/// callers do not pass it, and the body gets the value of that type which the runtime was built with.
///
/// ```
/// # use orch::prelude::*;
/// # struct Pool;
/// # impl Pool {
/// #     fn open() -> Self { Self }
/// #     async fn name(&self, id: u64) -> anyhow::Result<String> { Ok(format!("row {id}")) }
/// # }
/// #[task]
/// async fn load(id: u64, #[provided] db: &Pool) -> anyhow::Result<String> {
///     db.name(id).await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orch::Error> {
/// # orch::testing::runtime().install().unwrap();
/// # let builder = || Runtime::builder().store(orch::store::MemoryStore::new());
/// let runtime = builder().provide(Pool::open()).build()?; // `builder` stands for `Runtime::builder`
/// let name = runtime.scope(async { load(7).await }).await?;
/// # assert_eq!(name, "row 7");
/// # Ok(()) }
/// ```
///
/// Its type may be a trait object, so that the body knows the trait alone and a test provides a fake:
///
/// ```
/// # use orch::prelude::*;
/// trait Db: Send + Sync {
///     fn name(&self, id: u64) -> String;
/// }
///
/// #[task]
/// fn load(id: u64, #[provided] db: &dyn Db) -> String {
///     db.name(id)
/// }
///
/// # struct Fake;
/// # impl Db for Fake {
/// #     fn name(&self, id: u64) -> String { format!("fake {id}") }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orch::Error> {
/// # orch::testing::runtime().install().unwrap();
/// # use std::sync::Arc;
/// let runtime = orch::testing::builder().provide_arc::<dyn Db>(Arc::new(Fake)).build();
/// assert_eq!(runtime.scope(async { load(7).await }).await?, "fake 7");
/// # Ok(()) }
/// ```
///
/// **Results** are `T`, nothing, or `Result<T, E>` with `E: Into<Box<dyn Error + Send + Sync>>`; `T` is
/// `Serialize + DeserializeOwned + Send + 'static`. A return type counts as a `Result` if its last path segment is
/// exactly `Result`, as in `anyhow::Result<T>` or `io::Result<T>`; `SearchResult<T>` is data, and an alias with
/// another name is announced with [`fallible`](#fallible).
///
/// **Refused**, each with its reason and what to write instead: `self`; a borrowed result; lifetimes other than one
/// plain outer `&` (`&'static str`, `&mut T`, `&&T`, `&[&str]`, `Cow<'_, str>`); `HashSet` arguments, whose order is
/// random; `impl Trait`; `Self` in the signature; `#[cfg]` on a parameter; `unsafe`, `extern`, `const` and variadic
/// functions; a result of type `!`; `main`; a second `#[task]` or `#[flow]`.
///
/// All mistakes of a function are reported at once, and the function stays there for its callers.
///
/// # Options
///
/// A duration is a text of whole numbers with units, the largest first: `"500ms"`, `"10s"`, `"5m"`, `"1h30m"`,
/// `"2d"`. Both durations and sizes are checked while compiling. Each option is given once.
///
/// ### `name`
///
/// `name = "shop::price"`: the name under which calls are recorded. Default: module path and function name, and for
/// a function inside a function the path of that too. Two definitions of one name are an error at their first use.
///
/// ### `formerly`
///
/// `formerly = "old::name"` or `formerly = ["old::name", "older::name"]`: earlier names, whose records and cache
/// entries stay valid after the function was moved or renamed. Default: none. Excludes its own `name`.
///
/// ### `version`
///
/// `version = "2"`: part of the identity of every call; with another version nothing recorded or cached before is
/// reused. Default: none.
///
/// ### `retries`
///
/// `retries = 3`: how many further attempts may follow a failed one, so up to four in all. Errors, panics and
/// time-outs count as failures. Default: 0.
///
/// ### `backoff`
///
/// The wait before each further attempt. Default: no wait. Needs [`retries`](#retries).
///
/// - `backoff = fixed("1s")`: the same each time.
/// - `backoff = linear("1s", max = "10s")`: 1 s, 2 s, 3 s, … up to `max`.
/// - `backoff = exponential("500ms", max = "30s")`: doubled each time, up to `max`.
/// - `backoff = ["1s", "5s"]`: one by one, and the last one again; not longer than `retries`.
///
/// What grows needs a `max`, which is not shorter than the first delay. With `jitter` as the last argument
/// (`fixed("1s", jitter)`, `["1s", "5s", jitter]`) each wait is drawn evenly from nothing to the full delay, so that
/// callers which failed together do not come back together.
///
/// ### `retry_if`
///
/// `retry_if = is_temporary`: the path of a function `fn(&E) -> orch::Retry`, or `-> bool`, that is asked after each
/// error whether another attempt makes sense. Its answer is recorded. Panics and time-outs are retried without
/// asking. Default: always. Needs [`retries`](#retries) and a function that returns a `Result`.
///
/// ```
/// # use orch::prelude::*;
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("{self:?}")]
/// # enum ShopError { Busy { wait: std::time::Duration }, Offline, NoSuchProduct }
/// fn is_temporary(error: &ShopError) -> orch::Retry {
///     match error {
///         ShopError::Busy { wait } => orch::Retry::After(*wait),
///         ShopError::Offline => orch::Retry::Yes,
///         ShopError::NoSuchProduct => orch::Retry::Stop("the product is gone".into()),
///     }
/// }
///
/// #[task(retries = 5, retry_if = is_temporary)]
/// async fn order(product: u64) -> Result<String, ShopError> {
/// #   if product == 0 { return Err(ShopError::NoSuchProduct) }
/// #   let _ = (ShopError::Busy { wait: Default::default() }, ShopError::Offline);
/// #   let receipt = "receipt".to_owned();
///     // …
///     Ok(receipt)
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # orch::testing::runtime().install().unwrap();
/// # assert!(order(0).await.unwrap_err().to_string().contains("NoSuchProduct"));
/// # assert_eq!(order(1).await.unwrap(), "receipt");
/// # }
/// ```
///
/// ### `retry_budget`
///
/// `retry_budget = "10m"`: no attempt starts later than this after the first one started. Default: no limit. Needs
/// [`retries`](#retries).
///
/// ### `timeout`
///
/// `timeout = "10s"`: the limit of each attempt. The thread of a synchronous body cannot be stopped; it is reported
/// as abandoned and its result is dropped. Default: none. Excludes [`inline`](#inline).
///
/// ### `cache`
///
/// `cache` keeps results for later calls with equal arguments, also in other runs; errors are not kept. One of
/// several simultaneous callers computes, the others wait for it. Default: nothing is kept. Excludes a
/// [`skip`](#skip) of all parameters, after which all calls would be equal.
///
/// A result is valid for one text of the function: white space, comments and docs do not count, all else does. A
/// changed *helper* is not seen; that is what `depends` and `version` are for.
///
/// - `cache(ttl = "5m")`: how long a result is valid. Default: for ever.
/// - `cache(version = "2")`: results stay valid until this text changes, whatever the function's own text does.
///   Default: none. Excludes `depends`.
/// - `cache(key = |url| url.to_lowercase())`: what decides which calls are equal, computed from references to
///   arguments of the same names. It is a function of its parameters alone, and its result is `Serialize`. Default:
///   all arguments. Excludes arguments named in `skip`, and `#[provided]` ones.
/// - `cache(scope = run)`: who shares results: one `run`, all runs of the same root `flow`, or all (`global`).
///   Default: `global`.
/// - `cache(depends(parse, clean))`: annotated functions whose text counts as part of this one's. Default: none.
/// - `cache(max_size = "100MB")`: how much the results of this task may take together; the oldest leave first, and
///   a result that takes more by itself is not kept, with a warning. Sizes have the units `B`, `KB`, `MB`, `GB`, `TB`
///   and `KiB`, `MiB`, `GiB`, `TiB`. Default: no limit of its own.
///
/// ### `skip`
///
/// `skip(progress)`: parameters that callers pass, but that are neither hashed nor stored. Of
/// their types only `Clone + Send + Sync + 'static` is asked. A task that has one cannot be started by name; when a
/// flow is resumed, it gets the value from the flow that calls it. Default: none. Excludes `#[provided]` parameters,
/// which are not passed anyway.
///
/// ### `inline`
///
/// `inline`: a cheap synchronous body runs in place instead of on the blocking pool. It must not block. Default: off.
/// Excludes `async` functions and [`timeout`](#timeout).
///
/// ### `once`
///
/// `once`: a body that was left amid its work does not run again by itself. For what must not happen twice and cannot be
/// asked about, such as a payment without an idempotency key. Its beginning is on disk before the body starts, which
/// costs a sync. When its process ends meanwhile, or the call is dropped or cancelled, nobody knows whether it did its
/// work: the task run becomes *Unknown*. Whoever makes the call again, a resumed run, a further attempt of the flow or
/// `orch::retry`, waits until a person says with `orch::resolve` what became of it: its value, an error, or that the
/// body may run again. A time-out or a panic is the end of its task run, as with other tasks; a further attempt that
/// makes the call again has a new task run, which is Unknown and waits for a person. An error that the body returned is
/// an end like any other: a further attempt makes the call anew. Default: an interrupted body runs again. Excludes
/// [`retries`](#retries) and [`cache`](#cache).
///
/// ```
/// # use orch::prelude::*;
/// use orch::{Resolution, RunId, TaskState, store::Page};
///
/// #[task(once)]
/// async fn pay(invoice: u64) -> anyhow::Result<String> {
/// #   let receipt = format!("paid {invoice}");
///     // …
///     Ok(receipt)
/// }
///
/// /// For the person who has looked at the account: nothing was paid.
/// async fn let_it_pay_again(runtime: &Runtime, run: RunId) -> Result<(), Error> {
///     for task in runtime.task_runs(run, Page::all()).await? {
///         if task.state == TaskState::Unknown {
///             runtime.resolve(run, task.task, Resolution::again()).await?;
///         }
///     }
///     Ok(())
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # orch::testing::runtime().install().unwrap();
/// # assert_eq!(pay(17).await.unwrap(), "paid 17");
/// # let _ = let_it_pay_again;
/// # }
/// ```
///
/// ### `limit`
///
/// `limit = "api"`: each attempt takes one permit of the pool `api`, and gives it back when it ends, however it ends.
/// How many there are says the runtime: `Runtime::builder().limit("api", 4)`, `ORCH_LIMIT_API=4` in the environment, or
/// `runtime.set_limit("api", 8)` at any time. Until all that it needs is free at once, the task run is
/// *AwaitingPermit*, which says what for; `Runtime::limits` tells who has it. Default: none. Excludes
/// [`limits`](#limits).
///
/// A call from a body that holds a permit shares it with that body, if it needs one of the same pool. One of another
/// pool it waits for; where that could never come, because its holder waits for this body, the call fails with an error
/// that names who waits for whom. So does a call of a pool that the runtime does not have, or that takes more than
/// there is. A back-off holds nothing. The thread of a synchronous body that is left to itself gives its permits back
/// too, except for that of `cpu`.
///
/// ```
/// # use orch::prelude::*;
/// #[task(limit = "api", retries = 3)]
/// async fn ask_server(question: u64) -> anyhow::Result<u64> {
/// #   let answer = question + 1;
///     // …
///     Ok(answer)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orch::Error> {
/// # let builder = || Runtime::builder().store(orch::store::MemoryStore::new());
/// let runtime = builder().limit("api", 4).build()?; // `builder` stands for `Runtime::builder`
/// let answer = runtime.scope(async { ask_server(41).await }).await?;
/// # assert_eq!(answer, 42);
/// # Ok(()) }
/// ```
///
/// ### `limits`
///
/// `limits(api = 1, memory = "2GiB")`: how much each attempt takes of several pools, all at once or nothing. A text is a
/// size in bytes, with the units of [`cache(max_size)`](#cache). A closure says it for each attempt, counted from 1, as
/// a `u64` or a size: `limits(memory = |attempt| if attempt > 1 { "8GiB" } else { "2GiB" })`. A name with a `-` stands in
/// quotes. Synchronous bodies take one of `cpu` beside, and `limits(cpu = 2)` two. Default: none. Excludes
/// [`limit`](#limit).
///
/// Who came first goes first, and what is free is kept for it, also when somebody else needs less. Who needs several
/// pools may be overtaken by those who need one of them, but not for ever.
///
/// ### `rate`
///
/// `rate = "100/min"`: how many attempts of this task may start within any such time, in this process: `s`, `min`, `h`,
/// `d`, or a duration as in `"5/10s"`. Not a bucket that is full in the beginning: there is no minute with 101 starts.
/// Default: no limit.
///
/// ### `per`
///
/// `per = |user| user.id`: whose call it is, computed from references to arguments like the
/// [key of a cache](#cache). Keys take turns at every pool, so that one with a thousand calls does not make others wait
/// for all of them; each has a [`rate`](#rate) of its own; and of a pool each has at most as many permits as
/// `Runtime::builder().limit_per_key("api", 1)` says (`ORCH_LIMIT_API_PER_KEY=1`), beside the size of the pool for all
/// together, or without one. Keys that are idle take no memory. Default: all calls are one. Needs [`limit`](#limit),
/// [`limits`](#limits) or [`rate`](#rate), or a synchronous function, which takes a permit of `cpu`.
///
/// ```
/// # use orch::prelude::*;
/// #[task(limit = "api", rate = "10/s", per = |user| *user)]
/// async fn translate(user: u64, text: &str) -> String {
/// #   let _ = user;
///     text.to_uppercase()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orch::Error> {
/// # let builder = || Runtime::builder().store(orch::store::MemoryStore::new());
/// let runtime = builder().limit("api", 20).limit_per_key("api", 2).build()?;
/// # assert_eq!(runtime.scope(async { translate(7, "x").await }).await?, "X");
/// # Ok(()) }
/// ```
///
/// ### `priority`
///
/// `priority = 5`: among those who wait for a pool, a higher number goes first, from -100 to 100. One step goes before
/// what came up to 1,000 calls earlier, so nothing waits for ever. Default: 0. Needs what [`per`](#per) needs.
///
/// ### `fallible`
///
/// `fallible`: the return type is a `Result` under a name that does not say so. Default: decided by the last path
/// segment. Excludes functions that return nothing.
///
/// ```
/// # use orch::prelude::*;
/// type Answer = Result<u32, std::num::ParseIntError>;
///
/// #[task(fallible)]
/// fn ask(text: &str) -> Answer {
///     text.parse()
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # orch::testing::runtime().install().unwrap();
/// # assert_eq!(ask("3").await.unwrap(), 3);
/// # assert_eq!(ask("x").await.unwrap_err().kind(), ErrorKind::Failed);
/// # }
/// ```
///
/// ### `error`
///
/// `error = ShopError`: keeps the error as a value for `err.downcast::<ShopError>()`, also when it is read back from
/// the journal. It is the error type of the function, and `Serialize + DeserializeOwned`. Default: type name and
/// messages are kept. Needs a function that returns a `Result`.
///
/// ### `tags`
///
/// `tags("shop", "nightly")`: words to find task runs by. Default: none.
///
/// ### `crate`
///
/// `crate = ::my_crate::orch`: where the library is found, for crates that re-export it. Default: `::orch`.
#[proc_macro_attribute]
pub fn task(attribute: TokenStream, item: TokenStream) -> TokenStream {
    annotate::annotate(model::Kind::Task, attribute.into(), item.into()).into()
}

/// Makes a function a **flow**: work with a journal of its own, which survives the process and is resumed where it
/// stopped.
///
/// ```
/// use orch::prelude::*;
///
/// # #[task]
/// # async fn find_price(_url: &str) -> u32 { 119 }
/// # #[task]
/// # fn within_budget(price: u32, budget: u32) -> bool { price <= budget }
/// #[flow(timeout = "1h", tags("shop"))]
/// async fn watch_price(url: String, budget: u32) -> anyhow::Result<bool> {
///     let price = find_price(&url).await?;
///     Ok(within_budget(price, budget).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orch::Error> {
/// # orch::testing::runtime().install().unwrap();
/// let buy: bool = watch_price("https://shop.example/1".into(), 120).await?;
/// # assert!(buy);
/// # Ok(()) }
/// ```
///
/// Calling it returns `orch::Call<T, orch::Flow>`, which is awaited like the call of a task; each one is a *run*. A
/// resumed run executes the body again from its first line, and the calls in it return what they returned before; so
/// a flow reads clocks and random numbers through `orch`, or in a task.
///
/// **Warned about** is what the body does past the journal, where it is written out in full: waiting
/// (`tokio::time::sleep`, `timeout`, `interval`, `std::thread::sleep`), reading a clock (`SystemTime::now`,
/// `Instant::now`, `Utc::now`, `Local::now`), drawing (`rand::random`, `Uuid::new_v4`, `Uuid::now_v7`) and spawning
/// (`tokio::spawn(async …)`). Each warning says what to write instead; `#[allow(deprecated)]` on the flow silences them.
///
/// What functions, parameters and results it takes, and what is refused, is said at [`macro@task`]. A private flow is
/// never reported as dead code, since it can be started by name.
///
/// # Options
///
/// ### `name`
///
/// `name = "shop::watch"`: the name under which runs are recorded and started. Default: module path and function
/// name, and for a function inside a function the path of that too. Two definitions of one name are an error at their
/// first use.
///
/// ### `formerly`
///
/// `formerly = "old::name"` or `formerly = ["old::name", "older::name"]`: earlier names, whose records stay valid
/// after the function was moved or renamed. Default: none. Excludes its own `name`.
///
/// ### `version`
///
/// `version = "2"`: part of the identity of every run. Default: none.
///
/// ### `retries`
///
/// `retries = 1`: how many further attempts may follow a failed one. A further attempt runs the body again, reuses
/// the tasks that succeeded and repeats those that failed. Default: 0.
///
/// ### `backoff`
///
/// The wait before each further attempt: `fixed("1m")`, `linear("1m", max = "10m")`, `exponential("1s", max = "5m")`
/// or `["1m", "5m"]`, each with an optional `jitter` as the last argument. Default: no wait. Needs
/// [`retries`](#retries).
///
/// ### `timeout`
///
/// `timeout = "1h30m"`: the limit of the whole run with all its attempts, in one process: a run that is taken up after the
/// end of its process has the whole time once more, so that what lay down for long does not end at once. Default: none.
///
/// ### `strict`
///
/// `strict`: a resumed run stops as soon as the body does anything else than the journal says, even after an edit.
/// Default: off; work that is recorded and still asked for is reused, the rest runs, and the difference is an event.
///
/// ### `resume`
///
/// `resume = "manual"`: a run that was interrupted stays as it is until somebody calls `Runtime::resume` or asks for
/// its `.id(…)`. Default: `"auto"`; the next program that opens the store and has the flow takes the run up in the
/// background where its journal ends.
///
/// ### `max_concurrent`
///
/// `max_concurrent = 3`: how many runs of this flow execute at once in this process, called ones included; a run that it
/// calls itself, directly or not, is one with it. A run that waits is *Suspended* and says why, and its
/// [`timeout`](#timeout) has not begun. Default: no limit.
///
/// ```
/// # use orch::prelude::*;
/// #[flow(max_concurrent = 1)]
/// async fn rebuild_index(shard: u64) -> anyhow::Result<u64> {
///     // …
///     Ok(shard)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orch::Error> {
/// # orch::testing::runtime().install().unwrap();
/// let (a, b) = tokio::try_join!(rebuild_index(1), rebuild_index(2))?; // one after the other
/// # assert_eq!(a + b, 3);
/// # Ok(()) }
/// ```
///
/// ### `skip`
///
/// `skip(progress)`: parameters that callers pass, but that are neither hashed nor stored. Of
/// their types only `Clone + Send + Sync + 'static` is asked. A flow that has one cannot be started by name or
/// resumed by another process. Default: none. Excludes `#[provided]` parameters.
///
/// ### `fallible`
///
/// `fallible`: the return type is a `Result` under a name that does not say so. Default: decided by the last path
/// segment. Excludes functions that return nothing.
///
/// ### `error`
///
/// `error = ShopError`: keeps the error as a value for `err.downcast::<ShopError>()`. It is the error type of the
/// function, and `Serialize + DeserializeOwned`. Default: type name and messages are kept. Needs a function that
/// returns a `Result`.
///
/// ### `tags`
///
/// `tags("shop", "nightly")`: words to find runs by. Default: none.
///
#[doc = include_str!("../docs/starts.md")]
///
/// ### `crate`
///
/// `crate = ::my_crate::orch`: where the library is found, for crates that re-export it. Default: `::orch`.
#[proc_macro_attribute]
pub fn flow(attribute: TokenStream, item: TokenStream) -> TokenStream {
    annotate::annotate(model::Kind::Flow, attribute.into(), item.into()).into()
}
