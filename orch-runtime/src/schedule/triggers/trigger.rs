//! What starts runs when something happens, as people say it in code.

use std::{fmt, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    files::FileChange,
    given::Given,
    on::{On, What},
    overruns::Overrun,
};
use crate::{
    Call, Flow,
    engine::{self, Startable},
    error::{Error, Result},
    private::Followed,
};

/// Makes the call that something starts; none where its filter does not let it pass.
pub(super) type Start = Box<dyn Fn(&Given<'_>) -> Result<Option<Startable>> + Send + Sync>;

/// Says what a trigger lets pass.
type Filter<V> = Box<dyn Fn(&V) -> bool + Send + Sync>;

/// Something that starts runs when something else happens. It is given to [`Serve::trigger`](crate::Serve::trigger), under
/// the same name in every process: what it has seen is stored under it, so that nothing starts two runs and nothing that
/// happened while nobody served is lost. A flow whose attribute says `on = …` needs none.
///
/// ```
/// # extern crate orch_runtime as orch;
/// # use orch::{Call, Flow};
/// use orch::schedule::Trigger;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Order {
///     id: u64,
///     total: u32,
/// }
///
/// # async fn example(runtime: orch::Runtime, ship: fn(u64) -> Call<(), Flow>) -> Result<(), orch::Error> {
/// let shipping = Trigger::new("shipping")
///     .on_event("order paid")
///     .filter(|order: &Order| order.total > 0)
///     .run(move |order: Order| ship(order.id));
/// # let none = async {};
/// runtime.serve().trigger(shipping).until(none).await?;
///
/// // Wherever an order is paid:
/// orch::emit("order paid", &Order { id: 7, total: 120 }).await?;
/// # Ok(()) }
/// ```
pub struct Trigger {
    pub(super) name: String,
    pub(super) on: On,
    pub(super) start: Start,
}

impl Trigger {
    /// Begins to say what starts what. The name has to be another one than those of all other triggers.
    #[expect(clippy::new_ret_no_self, reason = "it is a trigger when it says what starts what")]
    pub fn new(name: impl Into<String>) -> TriggerName {
        TriggerName(name.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the flow that it follows.
    pub(super) fn flow(&self, known: Option<&'static str>) -> Result<&'static str> {
        known.ok_or_else(|| {
            Error::definition(format!(
                "trigger `{}` waits for a function that is no flow of this program ({})",
                self.name, self.on
            ))
        })
    }

    /// What is to be started for something that happened.
    pub(super) fn startable(&self, given: &Given<'_>) -> Result<Option<Startable>> {
        (self.start)(given)
    }
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trigger").field("name", &self.name).field("on", &self.on).finish_non_exhaustive()
    }
}

/// A trigger that does not say yet what it waits for.
#[derive(Debug)]
#[must_use = "a trigger is made by `run`"]
pub struct TriggerName(String);

/// A trigger that does not say yet what it starts.
#[must_use = "a trigger is made by `run`"]
pub struct TriggerOn<V> {
    name: String,
    on: On,
    filter: Option<Filter<V>>,
}

impl TriggerName {
    fn on<V>(self, on: On) -> TriggerOn<V> {
        TriggerOn { name: self.0, on, filter: None }
    }

    /// After each run of this flow that completes; what is started gets its result.
    pub fn after_completed<A, F: Followed<A>>(self, flow: F) -> TriggerOn<F::Output>
    where
        F::Output: Serialize + DeserializeOwned + 'static,
    {
        self.on(On::completed(flow))
    }

    /// After each run of this flow that ends without a result: that fails, takes too long, is cancelled or crashes. What is
    /// started gets the reason.
    pub fn after_failed<A, F: Followed<A>>(self, flow: F) -> TriggerOn<String> {
        self.on(On::failed(flow))
    }

    /// On each event of this name; what is started gets its value. It is read by the names of its fields, so its type may
    /// be another one than that which was emitted, and have fewer of them.
    pub fn on_event<V>(self, event: impl Into<String>) -> TriggerOn<V> {
        self.on(On::event(event))
    }

    /// When a run of this flow takes so many times longer than it usually does: once for each run, while it goes on. What
    /// is usual is the median of the last 20 runs that completed; with fewer than three nothing is.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # use orch::{Call, Flow};
    /// use orch::schedule::{Overrun, Trigger};
    ///
    /// # fn example(etl: fn() -> Call<(), Flow>, alert: fn(String) -> Call<(), Flow>) -> Trigger {
    /// Trigger::new("slow etl").on_overrun(etl, 3.0).run(move |slow: Overrun| {
    ///     alert(format!("run {} takes {:?}, usual is {:?}", slow.run, slow.running, slow.usual))
    /// })
    /// # }
    /// ```
    pub fn on_overrun<A, F: Followed<A>>(self, flow: F, times: f64) -> TriggerOn<Overrun> {
        self.on(On::overrun(flow, times))
    }

    /// When no event of this name has come for so long: once, until the next one comes.
    pub fn on_absence(self, event: impl Into<String>, within: Duration) -> TriggerOn<()> {
        self.on(On::absent(event, within))
    }

    /// On each file that comes or changes where this pattern says; what is started gets the [`FileChange`].
    ///
    /// A file is looked at by its size and by when it was written. What is known of it is stored in one step with the run
    /// that it starts, so each version of a file that comes to rest starts one run: also what was put there while nobody
    /// served, and **also what lies there when the trigger is served for the first time**, because nobody has seen to it
    /// yet. A file that is written again with the same content has changed. One that is removed is forgotten, and new when
    /// it comes back. It starts something when it has been as it is [for one second](TriggerOn::settle), so that a file
    /// that is being written does not; those that have lain for longest come first.
    ///
    /// In a pattern, `*` and `?` stand for what has no separator in it, `[abc]`, `[a-z]` and `[!a]` for one character,
    /// `{csv,json}` for either, and `**` for any directories, links to directories excepted. Names that begin with a dot
    /// are matched only by a pattern that has the dot, and every other name that matches counts: where temporary files are
    /// written beside the finished ones, say `*.csv` and not `*`. A relative pattern starts at the working directory that
    /// the process has when it begins to serve. The directory may come later; while it is not there, or cannot be read,
    /// what lay in it does not count as gone.
    ///
    /// The system tells when it is time to look, and as not every file system tells of everything, somebody looks every
    /// 30 seconds anyway; under the clock of [`testing`](crate::testing) that alone holds, and the 30 seconds become up
    /// to an hour while no file comes.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # use orch::{Call, Flow};
    /// use orch::schedule::{FileChange, Trigger};
    /// # use std::{path::PathBuf, time::Duration};
    ///
    /// # fn example(import: fn(PathBuf) -> Call<(), Flow>) -> Trigger {
    /// Trigger::new("imports")
    ///     .on_file("incoming/*.{csv,tsv}")
    ///     .settle(Duration::from_secs(2))
    ///     .filter(|file: &FileChange| file.size > 0)
    ///     .run(move |file: FileChange| import(file.path))
    /// # }
    /// ```
    pub fn on_file(self, pattern: impl Into<String>) -> TriggerOn<FileChange> {
        self.on(On::file(pattern, None))
    }
}

impl TriggerOn<FileChange> {
    /// For how long a file has to be as it is before it starts something. Default: one second.
    pub fn settle(mut self, time: Duration) -> Self {
        if let What::File { settle, .. } = &mut self.on.0 {
            *settle = time;
        }
        self
    }
}

impl<V: Serialize + DeserializeOwned + 'static> TriggerOn<V> {
    /// Starts something only where this says so.
    pub fn filter(mut self, filter: impl Fn(&V) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// What is started: the call that this makes. It is called on the way, maybe more than once for one run, so it should
    /// do nothing else.
    pub fn run<T>(self, call: impl Fn(V) -> Call<T, Flow> + Send + Sync + 'static) -> Trigger {
        let Self { name, on, filter } = self;
        let start = move |given: &Given<'_>| {
            let value: V = given.whole()?;
            if filter.as_ref().is_some_and(|filter| !filter(&value)) {
                return Ok(None);
            }
            engine::startable(call(value)).map(Some)
        };
        Trigger { name, on, start: Box::new(start) }
    }
}

impl<V> fmt::Debug for TriggerOn<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TriggerOn").field("name", &self.name).field("on", &self.on).finish_non_exhaustive()
    }
}
