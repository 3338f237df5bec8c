//! What starts runs when something happens: said in code, to whoever serves.

use std::{fmt, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Call, Flow,
    codec::{self, Bytes},
    engine::{self, Startable},
    error::{Error, ErrorKind, Result},
    private::Annotated,
    store::StartedBy,
};

/// Makes the call that something starts; none where its filter does not let it pass.
type Start = Box<dyn Fn(&Occurrence) -> Result<Option<Startable>> + Send + Sync>;

/// Says what a trigger lets pass.
type Filter<V> = Box<dyn Fn(&V) -> bool + Send + Sync>;

/// Something that starts runs when something else happens. It is given to [`Serve::trigger`](crate::Serve::trigger), under
/// the same name in every process: what it has seen is stored under it, so that nothing starts two runs and nothing that
/// happened while nobody served is lost.
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
    start: Start,
}

/// What a trigger waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// Runs of a flow that end, with a value or without one. The flow by its path in the source.
    Ended { path: &'static str, well: bool },
    /// Events of a name.
    Event(String),
    /// That no event of a name comes for so long.
    Absence { event: String, within: Duration },
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Occurrence {
    pub(super) value: Bytes,
    pub(super) by: StartedBy,
    /// For people.
    pub(super) text: String,
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

    /// What is to be started for something that happened.
    pub(super) fn startable(&self, occurrence: &Occurrence) -> Result<Option<Startable>> {
        (self.start)(occurrence)
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

    /// After each run of this flow that completes; what is started gets its result, so the type of the closure's argument
    /// is that of the flow's output.
    pub fn after_completed<V, A, F: Annotated<A>>(self, _flow: F) -> TriggerOn<V> {
        self.on(On::Ended { path: std::any::type_name::<F>(), well: true })
    }

    /// After each run of this flow that ends without a result: that fails, takes too long, is cancelled or crashes. What is
    /// started gets the reason.
    pub fn after_failed<A, F: Annotated<A>>(self, _flow: F) -> TriggerOn<String> {
        self.on(On::Ended { path: std::any::type_name::<F>(), well: false })
    }

    /// On each event of this name; what is started gets its value.
    pub fn on_event<V>(self, event: impl Into<String>) -> TriggerOn<V> {
        self.on(On::Event(event.into()))
    }

    /// When no event of this name has come for so long: once, until the next one comes.
    pub fn on_absence(self, event: impl Into<String>, within: Duration) -> TriggerOn<()> {
        self.on(On::Absence { event: event.into(), within })
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
        let start = move |occurrence: &Occurrence| {
            let value: V = codec::decode(&occurrence.value).map_err(|error| {
                let text =
                    format!("{} does not give a `{}`: {error}", occurrence.text, std::any::type_name::<V>());
                Error::plain(ErrorKind::Input, text)
            })?;
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
