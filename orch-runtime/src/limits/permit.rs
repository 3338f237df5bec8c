//! Permits as the engine holds them.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use super::{
    Limit, PoolName, Rate, Refusal, Settings, Who,
    pools::CPU_AT,
    settings,
    table::{Answer, Ask, Look, Table},
    woken::Woken,
};
use crate::{clock::Clock, store::BoxFuture, store::KeyDigest};

/// The pools of a runtime.
pub(crate) struct Limits {
    table: Mutex<Table>,
    clock: Clock,
}

/// What the engine asks for.
pub(crate) struct Asked<'a> {
    /// Whose calls are told apart from others': the address of a definition.
    pub(crate) of: usize,
    /// What it needs, no pool twice.
    pub(crate) pools: Vec<(PoolName, u64)>,
    pub(crate) rate: Option<Rate>,
    pub(crate) key: Option<KeyDigest>,
    pub(crate) priority: i32,
    /// What the bodies around hold that calls it.
    pub(crate) above: &'a [Arc<Permit>],
    pub(crate) who: Who,
}

/// What one attempt holds; everything goes back when it is dropped.
pub(crate) struct Permit {
    limits: Arc<Limits>,
    /// Nothing, where everything is shared with the bodies around.
    grant: Option<u64>,
    pools: Vec<usize>,
    /// What it shares of the bodies around, which is not free before this ends too.
    shared: Vec<Arc<Permit>>,
}

/// Waits for a permit. Dropped, it gives its place to the next.
pub(crate) struct Acquire {
    limits: Arc<Limits>,
    waiter: Option<u64>,
    /// Until its rate may not be used up any more.
    timer: Option<BoxFuture<'static, ()>>,
    woken: Option<Arc<Woken>>,
    pools: Vec<usize>,
    shared: Vec<Arc<Permit>>,
}

/// What becomes of who asks.
pub(crate) enum Taken {
    Permit(Permit),
    /// It has to wait, for this reason.
    Later(Acquire, String),
}

impl Limits {
    pub(crate) fn new(settings: Settings, clock: Clock) -> Arc<Self> {
        Arc::new(Self { table: Mutex::new(Table::new(settings)), clock })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the table, and wakes whom that concerns.
    fn with<R>(&self, change: impl FnOnce(&mut Table) -> R) -> R {
        let mut table = self.lock();
        let result = change(&mut table);
        let woken = table.take_woken();
        drop(table);
        woken.into_iter().for_each(std::task::Waker::wake);
        result
    }

    /// Takes all that is asked for, or nothing and a place among those who wait.
    pub(crate) fn take(self: &Arc<Self>, asked: Asked<'_>) -> Result<Taken, Refusal> {
        let Asked { of, pools, rate, key, priority, above, who } = asked;
        let now = self.clock.now();
        self.with(|table| {
            let mut parts = Vec::with_capacity(pools.len());
            let mut shared = Vec::new();
            for (name, need) in pools {
                let Some(pool) = table.pools.find(name) else {
                    let PoolName::Named(name) = name else { continue };
                    let mut known: Vec<String> =
                        table.pools.names().map(|name| format!("`{name}`")).collect();
                    known.sort_unstable();
                    return Err(Refusal::Unknown { pool: name.to_owned(), need, known });
                };
                match above.iter().find(|permit| permit.pools.contains(&pool)) {
                    Some(permit) => shared.push(permit.clone()),
                    None => parts.push((pool, need)),
                }
            }
            let limits = self.clone();
            if parts.is_empty() && rate.is_none() {
                return Ok(Taken::Permit(Permit { limits, grant: None, pools: Vec::new(), shared }));
            }
            // One order for all, so that equal needs are equal.
            parts.sort_unstable();
            let held: Vec<usize> = parts.iter().map(|(pool, _)| *pool).collect();
            let above = above.iter().filter_map(|permit| permit.grant).collect();
            match table.ask(Ask { of, parts, rate, key, priority, above, who }, now)? {
                Answer::Granted(grant) => {
                    Ok(Taken::Permit(Permit { limits, grant: Some(grant), pools: held, shared }))
                }
                Answer::Waits(waiter) => {
                    let reason = table.reason(waiter);
                    let woken = Woken::new(&self.clock);
                    let waits =
                        Acquire { limits, waiter: Some(waiter), timer: None, woken, pools: held, shared };
                    Ok(Taken::Later(waits, reason))
                }
            }
        })
    }

    /// Changes the size of a pool, for all together or per key.
    pub(crate) fn resize(&self, pool: &str, size: Option<u64>, per_key: Option<u64>) -> Result<(), String> {
        for permits in size.into_iter().chain(per_key) {
            settings::check(pool, permits)?;
        }
        let now = self.clock.now();
        self.with(|table| table.resize(pool, size, per_key, now));
        Ok(())
    }

    /// All pools as they stand.
    pub(crate) fn status(&self) -> Vec<Limit> {
        self.lock().status()
    }
}

impl Permit {
    /// Takes the part out that the thread of a synchronous body keeps for as long as it runs.
    pub(crate) fn take_cpu(&mut self) -> Self {
        let limits = self.limits.clone();
        if let Some(at) = self.pools.iter().position(|pool| *pool == CPU_AT) {
            self.pools.remove(at);
            let grant = self.grant.and_then(|grant| self.limits.lock().split(grant, CPU_AT));
            return Self { limits, grant, pools: vec![CPU_AT], shared: Vec::new() };
        }
        let is_cpu = |permit: &Arc<Self>| permit.pools.contains(&CPU_AT);
        let shared = self.shared.iter().filter(|permit| is_cpu(permit)).cloned().collect();
        Self { limits, grant: None, pools: Vec::new(), shared }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(grant) = self.grant {
            let now = self.limits.clock.now();
            self.limits.with(|table| table.release(grant, now));
        }
    }
}

impl Future for Acquire {
    type Output = Result<Permit, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let Some(waiter) = this.waiter else { return Poll::Pending };
            let look = match &this.woken {
                None => this.limits.lock().look(waiter, cx.waker()),
                Some(woken) => {
                    let waker = woken.looks(cx.waker());
                    this.limits.lock().look(waiter, &waker)
                }
            };
            match look {
                Look::Waits(None) => {
                    this.timer = None;
                    return Poll::Pending;
                }
                Look::Waits(Some(wait)) => {
                    let timer = this.timer.get_or_insert_with(|| {
                        let limits = this.limits.clone();
                        let wait = std::time::Duration::from_micros(wait.max(1));
                        Box::pin(async move { limits.clock.sleep(wait).await })
                    });
                    ready!(timer.as_mut().poll(cx));
                    this.timer = None;
                    let now = this.limits.clock.now();
                    this.limits.with(|table| table.time_passed(now));
                }
                Look::Granted(grant) => {
                    this.waiter = None;
                    return Poll::Ready(Ok(Permit {
                        limits: this.limits.clone(),
                        grant: Some(grant),
                        pools: std::mem::take(&mut this.pools),
                        shared: std::mem::take(&mut this.shared),
                    }));
                }
                Look::Refused(refusal) => {
                    this.waiter = None;
                    return Poll::Ready(Err(refusal));
                }
            }
        }
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(woken) = &self.woken {
            woken.is_done();
        }
        if let Some(waiter) = self.waiter {
            let now = self.limits.clock.now();
            self.limits.with(|table| table.leave(waiter, now));
        }
    }
}
