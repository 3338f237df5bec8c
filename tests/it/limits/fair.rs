//! Many keys under one limit: each has its share, however many calls one of them makes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::try_join_all;
use orch::prelude::*;

const KEYS: u64 = 50;

/// The calls of a key that wants no more than others.
const CALLS: usize = 60;

/// The calls of one that floods, and which ones do.
const FLOOD: usize = 600;
const FLOODERS: [u64; 3] = [0, 17, 49];

/// So many times each key goes in a window.
const TURNS: usize = 20;

/// The keys of the bodies, in the order in which these began.
#[derive(Clone, Default)]
struct Began(Arc<Mutex<Vec<u64>>>);

impl Began {
    fn note(&self, key: u64) {
        self.0.lock().unwrap().push(key);
    }
}

/// Bodies take different times, so that permits come back in no order.
async fn takes_its_time(key: u64, place: u64) {
    orch::sleep(Duration::from_secs(1 + (key * 7 + place * 3) % 5)).await;
}

#[task(limit = "api", per = |key| *key)]
async fn asks(key: u64, place: u64, #[provided] began: &Began) {
    began.note(key);
    takes_its_time(key, place).await;
}

/// Calls it for these keys, in this order and all at once.
#[flow]
async fn all_ask(keys: Vec<u64>) -> Result<(), Error> {
    let calls = keys.into_iter().zip(0..).map(|(key, place)| asks(key, place));
    try_join_all(calls.collect::<Vec<_>>()).await.map(drop)
}

fn calls_of(key: u64) -> usize {
    if FLOODERS.contains(&key) { FLOOD } else { CALLS }
}

/// The calls of all keys, those that flood first.
fn flood_first() -> Vec<u64> {
    let mut keys: Vec<_> = (0..KEYS).flat_map(|key| vec![key; calls_of(key)]).collect();
    keys.sort_by_key(|key| !FLOODERS.contains(key));
    keys
}

/// In every window in which all keys have calls that wait, the share of each is within a tenth of the mean. The first ones
/// found the pool free, before anybody waited.
#[track_caller]
fn is_fair(began: &Began, pool: usize) {
    let began = began.0.lock().unwrap();
    let mut left: HashMap<u64, usize> = (0..KEYS).map(|key| (key, calls_of(key))).collect();
    let all_wait = began.iter().take_while(|key| {
        let left = left.get_mut(key).unwrap();
        *left -= 1;
        *left > 0
    });
    let all_wait = all_wait.count();
    assert!(all_wait >= KEYS as usize * (CALLS - TURNS), "some key was served first: {all_wait}");
    let (fewest, most) = (TURNS * 9 / 10, TURNS * 11 / 10);
    for window in began[pool..all_wait].windows(KEYS as usize * TURNS) {
        let mut shares: HashMap<u64, usize> = (0..KEYS).map(|key| (key, 0)).collect();
        window.iter().for_each(|key| *shares.get_mut(key).unwrap() += 1);
        let unfair: Vec<_> = shares.iter().filter(|(_, share)| !(fewest..=most).contains(*share)).collect();
        assert!(unfair.is_empty(), "(key, share): {unfair:?}");
    }
}

async fn served(keys: Vec<u64>, with: impl FnOnce(orch::RuntimeBuilder) -> orch::RuntimeBuilder) -> Began {
    let began = Began::default();
    let runtime = orch::testing::builder().provide(began.clone()).with(with).build();
    let count = keys.len();
    runtime.scope(async { all_ask(keys).await }).await.unwrap();
    assert_eq!(began.0.lock().unwrap().len(), count);
    began
}

#[tokio::test]
async fn who_floods_a_pool_gets_no_more_of_it_than_others() {
    is_fair(&served(flood_first(), |runtime| runtime.limit("api", 4)).await, 4);
}

#[tokio::test]
async fn who_comes_in_between_gets_no_more_than_others() {
    let mut keys = flood_first();
    fastrand::Rng::with_seed(7).shuffle(&mut keys);
    is_fair(&served(keys, |runtime| runtime.limit("api", 16)).await, 16);
}

#[tokio::test]
async fn a_limit_for_each_key_beside_that_of_all_changes_no_share() {
    is_fair(&served(flood_first(), |runtime| runtime.limit("api", 8).limit_per_key("api", 1)).await, 8);
}
