//! Who has what and who waits for what: a state machine that knows neither tasks nor clocks.

use std::task::Waker;

use rustc_hash::FxHashMap;
use slab::Slab;

use super::{
    Rate, Refusal, Settings, cycle,
    pools::{Part, Pools},
    queue::{Class, Kind},
    rate::Starts,
};
use crate::{
    clock::Timestamp,
    id::{RunId, TaskNumber},
    store::KeyDigest,
};

/// Whom a permit is for.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// Full name of the definition.
    pub(crate) name: &'static str,
    pub(crate) run: RunId,
    /// The task run, where it is not the run itself.
    pub(crate) task: Option<TaskNumber>,
    pub(crate) attempt: u32,
}

/// What somebody asks for.
pub(super) struct Ask {
    /// Whose calls are told apart from others'.
    pub(super) of: usize,
    pub(super) parts: Vec<Part>,
    pub(super) rate: Option<Rate>,
    pub(super) key: Option<KeyDigest>,
    pub(super) priority: i32,
    /// What is held by the bodies around.
    pub(super) above: Vec<u64>,
    pub(super) who: Who,
}

/// What somebody has.
pub(super) struct Grant {
    pub(super) parts: Vec<Part>,
    pub(super) key: Option<KeyDigest>,
    pub(super) who: Who,
    pub(super) since: Timestamp,
    /// How many of those wait whom it has called.
    pub(super) waiting_below: u32,
}

/// Somebody who waits, or who has not taken yet what was decided.
pub(super) struct Waiter {
    pub(super) class: usize,
    pub(super) key: Option<KeyDigest>,
    pub(super) above: Vec<u64>,
    pub(super) who: Who,
    pub(super) since: Timestamp,
    pub(super) overtaken: u32,
    pub(super) state: Standing,
    pub(super) waker: Option<Waker>,
}

pub(super) enum Standing {
    Waits {
        /// Until then its rate is used up, by the count of [`Starts`].
        until: Option<u64>,
    },
    Has(u64),
    Refused(Refusal),
}

/// What becomes of who asks.
pub(super) enum Answer {
    Granted(u64),
    Waits(u64),
}

/// How it stands with who waits.
pub(super) enum Look {
    Granted(u64),
    Refused(Refusal),
    /// It waits, and for so many microseconds only because of its rate.
    Waits(Option<u64>),
}

pub(super) struct Table {
    pub(super) pools: Pools,
    pub(super) starts: Starts<(usize, Option<KeyDigest>)>,
    pub(super) classes: Slab<Class>,
    by_kind: FxHashMap<Kind, usize>,
    pub(super) waiters: FxHashMap<u64, Waiter>,
    pub(super) grants: FxHashMap<u64, Grant>,
    next: u64,
    /// Who is to be woken when nobody holds the table any more.
    pub(super) woken: Vec<Waker>,
}

impl Table {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            pools: Pools::new(settings),
            starts: Starts::default(),
            classes: Slab::new(),
            by_kind: FxHashMap::default(),
            waiters: FxHashMap::default(),
            grants: FxHashMap::default(),
            next: 1,
            woken: Vec::new(),
        }
    }

    /// Gives what is asked for, or a place among those who wait.
    pub(super) fn ask(&mut self, ask: Ask, now: Timestamp) -> Result<Answer, Refusal> {
        self.check(&ask.parts, ask.key.is_some())?;
        self.starts.moves_to(now);
        if self.classes.is_empty() && self.fits(&ask.parts, ask.key) && self.cools(&ask).is_none() {
            return Ok(Answer::Granted(self.grant(ask, now)));
        }
        let waiter = self.enqueue(ask, now);
        self.pump(now);
        if let Some(Waiter { state: Standing::Has(grant), .. }) = self.waiters.get(&waiter) {
            let grant = *grant;
            self.waiters.remove(&waiter);
            return Ok(Answer::Granted(grant));
        }
        if let Some(circle) = cycle::find(self, waiter) {
            self.leave(waiter, now);
            return Err(Refusal::Circle(circle));
        }
        Ok(Answer::Waits(waiter))
    }

    /// How it stands with somebody who waits; whoever still does is woken when that changes.
    pub(super) fn look(&mut self, waiter: u64, waker: &Waker) -> Look {
        let now = self.starts.now();
        match self.waiters.get_mut(&waiter) {
            Some(Waiter { state: Standing::Waits { until }, waker: place, .. }) => {
                let until = until.map(|until| until.saturating_sub(now));
                match place {
                    Some(place) => place.clone_from(waker),
                    None => *place = Some(waker.clone()),
                }
                return Look::Waits(until);
            }
            Some(_) => {}
            // It was looked at after its end, which nobody does.
            None => return Look::Waits(None),
        }
        match self.waiters.remove(&waiter).map(|waiter| waiter.state) {
            Some(Standing::Has(grant)) => Look::Granted(grant),
            Some(Standing::Refused(refusal)) => Look::Refused(refusal),
            _ => Look::Waits(None),
        }
    }

    /// A rate may not be used up any more.
    pub(super) fn time_passed(&mut self, now: Timestamp) {
        self.starts.moves_to(now);
        self.pump(now);
    }

    /// Somebody does not wait any more.
    pub(super) fn leave(&mut self, waiter: u64, now: Timestamp) {
        let Some(gone) = self.waiters.remove(&waiter) else { return };
        match gone.state {
            Standing::Has(grant) => self.release(grant, now),
            Standing::Refused(_) => {}
            Standing::Waits { .. } => {
                self.count_below(&gone.above, false);
                self.classes[gone.class].leave(gone.key, waiter);
                self.drop_if_empty(gone.class);
                self.starts.moves_to(now);
                self.pump(now);
            }
        }
    }

    /// Something comes back.
    pub(super) fn release(&mut self, grant: u64, now: Timestamp) {
        let Some(grant) = self.grants.remove(&grant) else { return };
        self.pools.give_back(&grant.parts, grant.key);
        if self.classes.is_empty() {
            return;
        }
        if grant.key.is_some() {
            self.classes.iter_mut().for_each(|(_, class)| class.has_room(grant.key));
        }
        self.starts.moves_to(now);
        self.pump(now);
    }

    /// Takes one pool's part out of a grant, as a grant of its own.
    pub(super) fn split(&mut self, grant: u64, pool: usize) -> Option<u64> {
        let whole = self.grants.get_mut(&grant)?;
        let at = whole.parts.iter().position(|(part, _)| *part == pool)?;
        let parts = vec![whole.parts.remove(at)];
        let (key, who, since) = (whole.key, whole.who.clone(), whole.since);
        let waiting_below = whole.waiting_below;
        let id = self.id();
        self.grants.insert(id, Grant { parts, key, who, since, waiting_below });
        Some(id)
    }

    /// Changes what there is of a pool, which is made if need be. Who waits for more than that is refused.
    pub(super) fn resize(&mut self, pool: &str, size: Option<u64>, per_key: Option<u64>, now: Timestamp) {
        if let Some(pool) = self.pools.named(pool) {
            pool.size = size.or(pool.size);
            pool.per_key = per_key.or(pool.per_key);
        } else {
            self.pools.add(pool.to_owned().into(), size, per_key);
        }
        let waiting: Vec<u64> = self.waiters.keys().copied().collect();
        for id in waiting {
            let Some(waiter) = self.waiters.get(&id).filter(|waiter| waiter.is_waiting()) else { continue };
            let (class, key) = (waiter.class, waiter.key);
            let Err(refusal) = self.check(&self.classes[class].kind.parts, key.is_some()) else { continue };
            self.classes[class].leave(key, id);
            self.drop_if_empty(class);
            self.decide(id, Standing::Refused(refusal));
        }
        self.classes.iter_mut().for_each(|(_, class)| class.look_again());
        self.starts.moves_to(now);
        self.pump(now);
    }

    /// Whom to wake, now that the table is not held any more.
    pub(super) fn take_woken(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.woken)
    }

    /// What a waiter wants.
    pub(super) fn wants(&self, waiter: &Waiter) -> &[Part] {
        self.classes.get(waiter.class).map_or(&[], |class| &class.kind.parts)
    }

    fn check(&self, parts: &[Part], keyed: bool) -> Result<(), Refusal> {
        for (at, need) in parts {
            let (pool, need) = (&self.pools[*at], *need);
            let name = || pool.name.clone().into_owned();
            match pool.most(keyed) {
                None => return Err(Refusal::Keyless { pool: name() }),
                Some(most) if need > most => {
                    let per_key = pool.size.is_none_or(|size| size >= need);
                    return Err(Refusal::TooMuch { pool: name(), need, most, per_key });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn fits(&self, parts: &[Part], key: Option<KeyDigest>) -> bool {
        self.fits_all(parts) && self.fits_key(parts, key)
    }

    pub(super) fn fits_all(&self, parts: &[Part]) -> bool {
        parts.iter().all(|(pool, amount)| *amount <= self.pools[*pool].free())
    }

    pub(super) fn fits_key(&self, parts: &[Part], key: Option<KeyDigest>) -> bool {
        key.is_none()
            || parts.iter().all(|(pool, amount)| *amount <= self.pools[*pool].free_for(key.as_ref()))
    }

    fn cools(&self, ask: &Ask) -> Option<u64> {
        self.starts.wait(&(ask.of, ask.key), ask.rate?)
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn grant(&mut self, ask: Ask, now: Timestamp) -> u64 {
        let Ask { of, parts, rate, key, who, .. } = ask;
        self.pools.take(&parts, key);
        if let Some(rate) = rate {
            self.starts.start((of, key), rate);
        }
        let id = self.id();
        self.grants.insert(id, Grant { parts, key, who, since: now, waiting_below: 0 });
        id
    }

    fn enqueue(&mut self, ask: Ask, now: Timestamp) -> u64 {
        let Ask { of, parts, rate, key, priority, above, who } = ask;
        let id = self.id();
        let kind = Kind { of, parts, nested: !above.is_empty() };
        let class = match self.by_kind.get(&kind) {
            Some(class) => *class,
            None => {
                let class = self.classes.insert(Class::new(kind.clone(), rate, priority));
                self.by_kind.insert(kind, class);
                class
            }
        };
        self.classes[class].join(key, id);
        self.count_below(&above, true);
        let state = Standing::Waits { until: None };
        let waiter = Waiter { class, key, above, who, since: now, overtaken: 0, state, waker: None };
        self.waiters.insert(id, waiter);
        id
    }

    /// Somebody does not wait any more, and is to be told.
    pub(super) fn decide(&mut self, waiter: u64, state: Standing) {
        let Some(waiter) = self.waiters.get_mut(&waiter) else { return };
        waiter.state = state;
        self.woken.extend(waiter.waker.take());
        let above = std::mem::take(&mut waiter.above);
        self.count_below(&above, false);
    }

    fn count_below(&mut self, above: &[u64], waits: bool) {
        for grant in above {
            if let Some(grant) = self.grants.get_mut(grant) {
                grant.waiting_below =
                    if waits { grant.waiting_below + 1 } else { grant.waiting_below.saturating_sub(1) };
            }
        }
    }

    pub(super) fn drop_if_empty(&mut self, class: usize) {
        if self.classes[class].is_empty() {
            let class = self.classes.remove(class);
            self.by_kind.remove(&class.kind);
        }
    }
}

impl Waiter {
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, Standing::Waits { .. })
    }
}
