//! Futures that a virtual clock waits for.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use crate::{clock::Busy, engine::Pulse, runtime::Core};

/// Keeps a virtual clock from moving while a future has something to do.
pub(crate) struct Attentive<F> {
    pulse: Arc<Pulse>,
    future: F,
}

impl<F> Attentive<F> {
    pub(crate) fn new(core: &Core, future: F) -> Self {
        Self { pulse: Pulse::new(&core.clock), future }
    }
}

/// Keeps a virtual clock from moving until a future has been polled for the first time.
pub(crate) async fn until_polled<F: Future + Unpin>(mut future: F, busy: Option<Busy>) -> F::Output {
    let mut busy = busy;
    std::future::poll_fn(|cx| {
        let polled = Pin::new(&mut future).poll(cx);
        drop(busy.take());
        polled
    })
    .await
}

impl<F: Future + Unpin> Future for Attentive<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let waker = Waker::from(self.pulse.clone());
        loop {
            self.pulse.look(cx.waker());
            let _ = self.pulse.take_woken();
            if let Poll::Ready(output) = Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker)) {
                self.pulse.close();
                return Poll::Ready(output);
            }
            ready!(if self.pulse.rest() { Poll::Pending } else { Poll::Ready(()) });
        }
    }
}

impl<F> Drop for Attentive<F> {
    fn drop(&mut self) {
        self.pulse.close();
    }
}
