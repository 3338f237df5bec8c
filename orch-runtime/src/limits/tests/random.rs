//! Random calls that take, wait, give up and give back, while pools change their size.

use super::*;

const POOLS: [(&str, u64); 3] = [("a", 3), ("b", 5), ("c", 8)];

struct World {
    table: Table,
    random: fastrand::Rng,
    places: Vec<usize>,
    sizes: Vec<u64>,
    /// What was granted, as the callers know it.
    held: Vec<(u64, Vec<Part>, Option<u64>)>,
    waiting: Vec<(u64, Vec<Part>, Option<u64>)>,
    now: u64,
}

const PER_KEY: u64 = 2;

impl World {
    fn new(seed: u64) -> Self {
        let mut settings = Settings::default();
        POOLS.iter().for_each(|(name, size)| settings.size((*name).to_owned(), *size));
        settings.per_key("c".into(), PER_KEY);
        let mut table = Table::new(settings);
        let places = POOLS.iter().map(|(name, _)| place(&mut table, name)).collect();
        let sizes = POOLS.iter().map(|(_, size)| *size).collect();
        let random = fastrand::Rng::with_seed(seed);
        Self { table, random, places, sizes, held: Vec::new(), waiting: Vec::new(), now: 0 }
    }

    fn call(&mut self) {
        let mut parts: Vec<Part> = Vec::new();
        for (pool, most) in self.places.iter().zip([2, 3, PER_KEY]) {
            if self.random.u8(0..3) == 0 {
                parts.push((*pool, self.random.u64(1..=most)));
            }
        }
        let n = self.random.bool().then(|| self.random.u64(0..4));
        let asked = Ask {
            key: n.and_then(key),
            priority: self.random.i32(-2..=2),
            ..ask(self.random.usize(0..3), &parts)
        };
        match self.table.ask(asked, at(self.now)) {
            Ok(Answer::Granted(grant)) => self.held.push((grant, parts, n)),
            Ok(Answer::Waits(waiter)) => self.waiting.push((waiter, parts, n)),
            Err(refusal) => assert!(matches!(refusal, Refusal::TooMuch { .. }), "{refusal}"),
        }
    }

    fn step(&mut self) {
        self.now += 1;
        match self.random.u8(0..20) {
            0..=8 => self.call(),
            9..=15 if !self.held.is_empty() => {
                let (grant, ..) = self.held.swap_remove(self.random.usize(0..self.held.len()));
                self.table.release(grant, at(self.now));
            }
            16..=17 if !self.waiting.is_empty() => {
                let (waiter, ..) = self.waiting.swap_remove(self.random.usize(0..self.waiting.len()));
                self.table.leave(waiter, at(self.now));
            }
            18 => {
                let pool = self.random.usize(0..POOLS.len());
                self.sizes[pool] = self.random.u64(2..=POOLS[pool].1);
                self.table.resize(POOLS[pool].0, Some(self.sizes[pool]), None, at(self.now));
            }
            _ => {}
        }
        self.look();
    }

    fn look(&mut self) {
        let before = self.held.len();
        for (waiter, parts, n) in std::mem::take(&mut self.waiting) {
            match self.table.look(waiter, Waker::noop()) {
                Look::Granted(grant) => self.held.push((grant, parts, n)),
                Look::Refused(refusal) => assert!(matches!(refusal, Refusal::TooMuch { .. }), "{refusal}"),
                Look::Waits(_) => self.waiting.push((waiter, parts, n)),
            }
        }
        let grew = self.held.len() > before;
        for (pool, size) in self.places.iter().zip(&self.sizes) {
            let of = |held: &[(u64, Vec<Part>, Option<u64>)], n: Option<u64>| -> u64 {
                let mine = held.iter().filter(|(.., key)| n.is_none() || *key == n);
                mine.flat_map(|(_, parts, _)| parts)
                    .filter(|(at, _)| at == pool)
                    .map(|(_, amount)| amount)
                    .sum()
            };
            assert_eq!(of(&self.held, None), self.table.pools[*pool].used);
            let gained = grew
                && self.held[before..].iter().any(|(_, parts, _)| parts.iter().any(|(at, _)| at == pool));
            assert!(
                !gained || of(&self.held, None) <= *size,
                "more than {size} of {}",
                self.table.pools[*pool].name
            );
            if *pool == self.places[2] {
                (0..4).for_each(|n| {
                    assert!(of(&self.held, Some(n)) <= PER_KEY, "more than {PER_KEY} of key {n}")
                });
            }
        }
    }
}

#[test]
fn nothing_is_given_twice_and_everybody_goes_in_the_end() {
    for seed in 0..seeds(300) {
        let mut world = World::new(seed);
        (0..200).for_each(|_| world.step());
        while !world.held.is_empty() || !world.waiting.is_empty() {
            assert!(
                !world.held.is_empty(),
                "seed {seed}: {} wait, and nobody has anything",
                world.waiting.len()
            );
            let (grant, ..) = world.held.swap_remove(world.random.usize(0..world.held.len()));
            world.table.release(grant, at(world.now));
            world.look();
        }
        assert!(world.table.waiters.is_empty() && world.table.grants.is_empty(), "seed {seed}");
        assert!(world.table.pools.iter().all(|pool| pool.used == 0 && pool.is_idle()), "seed {seed}");
    }
}
