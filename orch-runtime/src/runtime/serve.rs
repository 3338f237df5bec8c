//! A process that starts runs by itself.

use std::{
    collections::HashSet,
    fmt,
    pin::Pin,
    process::{ExitCode, Termination},
    sync::Arc,
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::sync::{mpsc, oneshot};

use super::{Anchor, Core, Runtime};
use crate::{
    definition::startable,
    error::{Error, Result},
    schedule::{Attentive, Keeper, Told, Trigger, store_attributes, triggers_of_attributes},
    store::{BoxFuture, Page},
};

/// How long runs may go on when the process is asked to end.
const GRACE: Duration = Duration::from_secs(30);

/// The exit code of a process that has left runs to the next one.
const LEFT: u8 = 3;

/// Runs that are counted, of those that are left.
const COUNTED: usize = 10_000;

/// Serves the current runtime: starts what its schedules name when it is due, takes up interrupted runs, and goes on until
/// the process is asked to end. See [`Runtime::serve`].
///
/// ```no_run
/// # extern crate orch_runtime as orch;
/// # fn main() -> Result<orch::Served, orch::Error> {
/// #     let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build();
/// #     tokio.expect("a runtime").block_on(served())
/// # }
/// // `main`, with `#[tokio::main]`: its exit code tells whether runs are left.
/// async fn served() -> Result<orch::Served, orch::Error> {
///     orch::serve().await
/// }
/// ```
pub fn serve() -> Serve {
    Serve::new(Runtime::current())
}

impl Runtime {
    /// Serves this runtime, until the process gets SIGTERM or SIGINT (Ctrl-C), or [`until`](Serve::until) says so.
    ///
    /// At first the schedules that attributes name are stored, and what there is to serve is listed. Then runs are started
    /// as [schedules](crate::schedule) say, each tick once, and those that were interrupted are taken up. All of them run
    /// on threads of the runtime's own. When the end is asked for, no further run is started, and those under way have a
    /// [grace](Serve::grace) to end in; what has not ended then is stopped where it is, and the next start takes it up. A
    /// second signal ends the grace.
    ///
    /// What happens is told in one line each, on stderr unless [`lines`](Serve::lines) asks for them.
    ///
    /// ```
    /// # extern crate orch_runtime as orch;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let runtime = orch::testing::runtime();
    /// // For an hour, and in silence.
    /// let hour = runtime.scope(async { orch::sleep(std::time::Duration::from_secs(3600)).await });
    /// # let none = async {};
    /// # let hour = none;
    /// let served = runtime.serve().until(hour).lines(|_| {}).await;
    /// # // This example has no flow, and says so.
    /// # assert!(served.unwrap_err().to_string().contains("nothing to serve"));
    /// # })
    /// ```
    pub fn serve(&self) -> Serve {
        Serve::new(Ok(self.clone()))
    }
}

/// A runtime that is to be served: awaited, it is; see [`Runtime::serve`].
#[must_use = "nothing is served unless this is awaited"]
pub struct Serve {
    runtime: Result<Runtime>,
    grace: Duration,
    until: Option<BoxFuture<'static, ()>>,
    told: Arc<Told>,
    triggers: Vec<Trigger>,
}

/// A runtime was served, and its end was asked for.
///
/// As the result of `main` it is the exit code: 0, or 3 where runs were left for the next start. An error is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    left: usize,
}

impl Served {
    /// How many runs had not ended, and go on when the runtime is served again. No more than 10,000 are counted.
    pub fn left(&self) -> usize {
        self.left
    }
}

impl Termination for Served {
    fn report(self) -> ExitCode {
        if self.left == 0 { ExitCode::SUCCESS } else { ExitCode::from(LEFT) }
    }
}

impl Serve {
    fn new(runtime: Result<Runtime>) -> Self {
        Self {
            runtime,
            grace: GRACE,
            until: None,
            told: Arc::new(Told::new(on_stderr)),
            triggers: Vec::new(),
        }
    }

    /// How long runs that are under way may go on when the end is asked for. Default: 30 seconds.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Asks for the end when this future is ready, beside the signals.
    pub fn until(mut self, end: impl Future<Output = ()> + Send + 'static) -> Self {
        self.until = Some(Box::pin(end));
        self
    }

    /// Who is told what happens, a line at a time, instead of stderr. It is called on the way, so it must not take long.
    pub fn lines(mut self, reader: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.told = Arc::new(Told::new(reader));
        self
    }

    /// Starts runs also when something happens. See [`Trigger`].
    pub fn trigger(mut self, trigger: Trigger) -> Self {
        self.triggers.push(trigger);
        self
    }

    async fn run(self) -> Result<Served> {
        let Self { runtime, grace, until, told, triggers } = self;
        let runtime = runtime?;
        let core = runtime.core();
        let anchor = runtime.anchor.clone().ok_or_else(|| Error::runtime("the runtime has been dropped"))?;
        let serving = Box::pin(async move { serve_on(&core, &anchor, grace, until, &told, triggers).await });
        Attentive::new(&runtime.core, serving).await
    }
}

async fn serve_on(
    core: &Arc<Core>,
    anchor: &Arc<Anchor>,
    grace: Duration,
    until: Option<BoxFuture<'static, ()>>,
    told: &Arc<Told>,
    mut triggers: Vec<Trigger>,
) -> Result<Served> {
    // A virtual clock stands still until everything waits that is to wait.
    let mut setting_up = core.clock.busy();
    let mut signals = Signals::new(anchor).await?;
    triggers.extend(triggers_of_attributes()?);
    unique(&triggers)?;
    list(core, told, triggers.len()).await?;
    tell_interrupted(core, told).await?;
    anchor.recover()?;
    let end = {
        let until = until.unwrap_or_else(|| Box::pin(std::future::pending()));
        let asked = std::pin::pin!(signals.next());
        let end = select(until, asked);
        let keeper = Keeper::new(core.clone(), anchor, told.clone(), triggers);
        let mut serving = select(keeper.keep(), end);
        let served = std::future::poll_fn(|cx| {
            let polled = Pin::new(&mut serving).poll(cx);
            drop(setting_up.take());
            polled
        });
        match served.await {
            Either::Left((fault, _)) => return Err(fault),
            Either::Right((Either::Left(_), _)) => "as was agreed".to_owned(),
            Either::Right((Either::Right((signal, _)), _)) => format!("because of {signal}"),
        }
    };
    drain(core, told, &mut signals, &end, grace).await
}

/// Two triggers of one name would take for seen what the other one saw.
fn unique(triggers: &[Trigger]) -> Result<()> {
    let mut names = HashSet::new();
    match triggers.iter().find(|trigger| !names.insert(trigger.name())) {
        None => Ok(()),
        Some(twice) => Err(Error::definition(format!(
            "two triggers have the name `{}`; give one of them another one",
            twice.name()
        ))),
    }
}

/// Stores the schedules of the attributes, and says what there is.
async fn list(core: &Arc<Core>, told: &Told, triggers: usize) -> Result<()> {
    let flows = startable().iter().filter(|registered| registered.definition.is_flow()).count();
    if flows == 0 {
        return Err(Error::runtime(
            "there is nothing to serve: this program has no flow that can be started by its name. Flows of a library are \
             in a program only where it names something of that library, such as `use my_flows as _;`",
        ));
    }
    let place = core.store.location();
    let schedules = store_attributes(core, told).await?;
    let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    told.line(&format!(
        "serving {} with {} of their attributes and {}, in `{place}`",
        count(flows, "flow"),
        count(schedules, "schedule"),
        count(triggers, "trigger")
    ));
    Ok(())
}

/// Says what an earlier process has left, before it is taken up.
async fn tell_interrupted(core: &Arc<Core>, told: &Told) -> Result<()> {
    let left = core.store.orphans(Page::first(COUNTED)).await;
    let left = left.map_err(|error| Error::plain(crate::ErrorKind::Store, error.to_string()))?;
    let roots = left.iter().filter(|run| run.parent.is_none() && run.state != crate::RunState::Scheduled);
    match roots.count() {
        0 => {}
        1 => told.line("1 run was interrupted, and is seen to"),
        runs => told.line(&format!("{runs} runs were interrupted, and are seen to")),
    }
    Ok(())
}

/// Lets what is under way come to its end, within the grace.
async fn drain(
    core: &Arc<Core>,
    told: &Told,
    signals: &mut Signals,
    end: &str,
    grace: Duration,
) -> Result<Served> {
    told.line(&format!("ending {end}: no further run is started, and those under way have {grace:?}"));
    {
        let closing = std::pin::pin!(core.close(Some(grace)));
        let again = std::pin::pin!(signals.next());
        match select(closing, again).await {
            Either::Left((closed, _)) => closed?,
            Either::Right((signal, _)) => {
                told.line(&format!("{signal} again: runs are stopped where they are"));
                core.close(Some(Duration::ZERO)).await?;
            }
        }
    }
    let left = core.store.orphans(Page::first(COUNTED)).await;
    let left = left.map_err(|error| Error::plain(crate::ErrorKind::Store, error.to_string()))?.len();
    told.line(&match left {
        0 => "ended: every run has come to its end".to_owned(),
        1 => "ended: 1 run is left, and goes on at the next start".to_owned(),
        left => format!("ended: {left} runs are left, and go on at the next start"),
    });
    Ok(Served { left })
}

impl IntoFuture for Serve {
    type Output = Result<Served>;
    type IntoFuture = BoxFuture<'static, Result<Served>>;

    /// # Errors
    /// When there is no flow to serve, a schedule cannot be what its attribute says, the runtime is closed, or the store
    /// fails.
    ///
    /// # Cancel safety
    /// Dropping the future starts nothing more. Runs under way go on until the runtime is dropped.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("grace", &self.grace).finish_non_exhaustive()
    }
}

#[expect(clippy::print_stderr, reason = "whoever serves is told what happens")]
fn on_stderr(line: &str) {
    eprintln!("orch: {line}");
}

/// The signals that ask a process to end, as they come.
struct Signals(mpsc::Receiver<&'static str>);

impl Signals {
    /// Listens to them from now on: on a thread of the runtime's own, because the caller's tokio may have no driver for it.
    async fn new(anchor: &Anchor) -> Result<Self> {
        let (sender, signals) = mpsc::channel(4);
        let (listening, listens) = oneshot::channel();
        anchor.spawn(async move {
            let mut source = match Source::new() {
                Ok(source) => source,
                Err(error) => return drop(listening.send(Err(error))),
            };
            let _ = listening.send(Ok(()));
            loop {
                let (next, gone) = (std::pin::pin!(source.next()), std::pin::pin!(sender.closed()));
                match select(next, gone).await {
                    // Who has two of them unread has been told enough.
                    Either::Left((signal, _)) => drop(sender.try_send(signal)),
                    Either::Right(_) => return,
                }
            }
        })?;
        match listens.await {
            Ok(Ok(())) => Ok(Self(signals)),
            Ok(Err(error)) => Err(Error::runtime(format!("signals cannot be listened to: {error}"))),
            Err(_) => Err(Error::runtime("the runtime has been dropped")),
        }
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        match self.0.recv().await {
            Some(signal) => signal,
            // The runtime's threads are gone, and the end comes otherwise.
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
struct Source {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        std::future::poll_fn(|cx| {
            if self.terminate.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready("SIGTERM");
            }
            self.interrupt.poll_recv(cx).map(|_| "SIGINT")
        })
        .await
    }
}

#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can ask for the end in this way.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
