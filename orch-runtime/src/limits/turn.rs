//! Who goes next.

use super::{
    pools::Part,
    queue::Stands,
    table::{Ask, Standing, Table},
};
use crate::{clock::Timestamp, store::KeyDigest};

/// Who wants something of two pools may be overtaken this often by those who want only one of them; then the others wait
/// behind it, or it might never find both free.
const MOST_OVERTAKEN: u32 = 64;

impl Table {
    /// Lets go whoever may. Those whom bodies call that hold something go first, and none of them waits behind another:
    /// what they wait for is then always held by somebody, and never kept for somebody, which [`cycle`](super::cycle) relies on.
    pub(super) fn pump(&mut self, now: Timestamp) {
        while self.let_one_go(now) {}
    }

    fn let_one_go(&mut self, now: Timestamp) -> bool {
        let mut order: Vec<_> = self.classes.iter().map(|(at, _)| ((false, 0), at)).collect();
        order.retain_mut(|(rank, at)| {
            for waiter in self.classes[*at].warm(self.starts.now()) {
                if let Some(waiter) = self.waiters.get_mut(&waiter) {
                    waiter.state = Standing::Waits { until: None };
                }
            }
            self.step_aside(*at);
            self.classes[*at].rank().is_some_and(|known| {
                *rank = known;
                true
            })
        });
        order.sort_unstable();
        let mut kept: Vec<usize> = Vec::new();
        let mut before: Vec<(usize, u64)> = Vec::new();
        for (_, at) in order {
            let class = &self.classes[at];
            let Some((waiter, key)) = class.next() else { continue };
            let (parts, nested) = (&class.kind.parts, class.kind.nested);
            let is_kept = |(pool, _): &Part| kept.contains(pool);
            if self.fits_all(parts) && (nested || !parts.iter().any(is_kept)) {
                let overtaken =
                    before.iter().filter(|(other, _)| self.meet(*other, at)).map(|(_, waiter)| *waiter);
                let overtaken: Vec<u64> = overtaken.collect();
                for waiter in overtaken {
                    if let Some(waiter) = self.waiters.get_mut(&waiter) {
                        waiter.overtaken += 1;
                    }
                }
                self.goes(at, waiter, key, now);
                return true;
            }
            if !nested {
                let patient =
                    self.waiters.get(&waiter).is_some_and(|waiter| waiter.overtaken < MOST_OVERTAKEN);
                let lacking = |(pool, amount): &&Part| !patient || *amount > self.pools[*pool].free();
                kept.extend(parts.iter().filter(lacking).map(|(pool, _)| *pool));
                before.push((at, waiter));
            }
        }
        false
    }

    /// Lines go aside until one stands first whose own limits let it go.
    fn step_aside(&mut self, at: usize) {
        while let Some((waiter, key)) = self.classes[at].next() {
            let class = &self.classes[at];
            if !self.fits_key(&class.kind.parts, key) {
                self.classes[at].stand(key, Stands::Full);
                continue;
            }
            let of = class.kind.of;
            let Some(wait) = class.rate.and_then(|rate| self.starts.wait(&(of, key), rate)) else { return };
            let when = self.starts.now().saturating_add(wait.max(1));
            self.classes[at].stand(key, Stands::Cooling(when));
            if let Some(waiter) = self.waiters.get_mut(&waiter) {
                waiter.state = Standing::Waits { until: Some(when) };
                // It has a timer to set.
                self.woken.extend(waiter.waker.take());
            }
        }
    }

    fn meet(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.classes[a].kind.parts, &self.classes[b].kind.parts);
        a.iter().any(|(pool, _)| b.iter().any(|(other, _)| other == pool))
    }

    fn goes(&mut self, at: usize, waiter: u64, key: Option<KeyDigest>, now: Timestamp) {
        let class = &mut self.classes[at];
        class.takes_turn(key);
        let (of, parts, rate) = (class.kind.of, class.kind.parts.clone(), class.rate);
        self.drop_if_empty(at);
        let Some(who) = self.waiters.get(&waiter).map(|waiter| waiter.who.clone()) else { return };
        let ask = Ask { of, parts, rate, key, priority: 0, above: Vec::new(), who };
        let grant = self.grant(ask, now);
        self.decide(waiter, Standing::Has(grant));
    }
}
