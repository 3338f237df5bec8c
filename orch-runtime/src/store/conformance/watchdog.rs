//! An end for a part that waits for ever.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    task::Poll,
    time::Duration,
};

use futures_util::task::AtomicWaker;

use super::check::Checked;

/// Far more than any part needs, also on a slow disk.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Alarm {
    rang: AtomicBool,
    part: AtomicWaker,
}

/// Polls `part` until it ends or a minute is over. A thread keeps the time, since the suite does not know what
/// executor it runs on.
pub(super) async fn within_a_minute(part: impl Future<Output = Checked>) -> Checked {
    let mut part = pin!(part);
    let alarm = Arc::new(Alarm::default());
    let mut thread = None;
    poll_fn(|cx| {
        alarm.part.register(cx.waker());
        if let Poll::Ready(checked) = part.as_mut().poll(cx) {
            return Poll::Ready(checked);
        }
        if alarm.rang.load(Ordering::Acquire) {
            return Poll::Ready(Err("expected an end, found a part that still waits after a minute".into()));
        }
        thread.get_or_insert_with(|| {
            let (ended, end) = channel::<()>();
            let alarm = alarm.clone();
            std::thread::spawn(move || {
                // Nothing is ever sent: the other side goes when the part has ended.
                if end.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                    alarm.rang.store(true, Ordering::Release);
                    alarm.part.wake();
                }
            });
            ended
        });
        Poll::Pending
    })
    .await
}
