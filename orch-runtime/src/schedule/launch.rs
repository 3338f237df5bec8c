//! Runs between the change of the store that starts them and the threads that execute them.

use std::{
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use super::{
    attentive::{Attentive, until_polled},
    told::Told,
};
use crate::{
    engine::{self, Admitted},
    error::{Error, Result},
    observe,
    runtime::{Anchor, Core},
    store::{BoxFuture, Claimed},
};

/// Who lets runs be executed on the threads of the runtime.
#[derive(Clone)]
pub(super) struct Launcher {
    pub(super) core: Arc<Core>,
    anchor: Weak<Anchor>,
    pub(super) told: Arc<Told>,
}

impl Launcher {
    pub(super) fn new(core: Arc<Core>, anchor: Weak<Anchor>, told: Arc<Told>) -> Self {
        Self { core, anchor, told }
    }

    /// Executes a run on the threads of the runtime.
    pub(super) fn launch(&self, claimed: Claimed, admitted: Admitted) -> Result<()> {
        let anchor = self.anchor.upgrade().ok_or_else(|| Error::runtime("the runtime has been dropped"))?;
        let (core, told, busy) = (self.core.clone(), self.told.clone(), self.core.clock.busy());
        let (id, name, begun) = (claimed.run.id, claimed.run.name.to_string(), self.core.clock.now());
        // Whoever waits for the runs to end is told of all of them.
        let staying = self.core.enter().ok();
        let launched = Attentive::new(&self.core, Box::pin(engine::launch(core.clone(), claimed, admitted)));
        anchor.spawn(async move {
            let finished = until_polled(launched, busy).await;
            told.ended(&name, id, finished.as_ref().err(), core.clock.now().since(begun));
            drop(staying);
        })
    }

    /// Work that changes the store and lets a run be executed: the one is not left without the other. It is done where it is
    /// awaited, and on the threads of the runtime where whoever awaits it goes away amid it.
    pub(super) fn carry<T, F>(self, work: impl FnOnce(Self) -> F) -> Carried<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work: BoxFuture<'static, Result<T>> = Box::pin(work(self.clone()));
        Carried { work: Some(work), launcher: self }
    }
}

/// See [`Launcher::carry`].
pub(super) struct Carried<T: Send + 'static> {
    /// Until it is done.
    work: Option<BoxFuture<'static, Result<T>>>,
    launcher: Launcher,
}

impl<T: Send + 'static> Future for Carried<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let polled = work.as_mut().poll(cx);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Carried<T> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        // Without the runtime's threads nobody executes anything, and the next process takes up what is stored.
        let Some(anchor) = self.launcher.anchor.upgrade() else { return };
        let busy = self.launcher.core.clock.busy();
        let carried = anchor.spawn(async move {
            if let Err(fault) = work.await {
                observe::warn_outside(&fault.to_string());
            }
            drop(busy);
        });
        if let Err(fault) = carried {
            observe::warn_outside(&fault.to_string());
        }
    }
}
