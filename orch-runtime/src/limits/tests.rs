//! The table by itself, at full speed: what it may never give, and that everybody gets something in the end.

mod nested;
mod random;
mod turns;

use std::task::Waker;

use super::{
    Rate, Refusal, Settings, Who,
    pools::{Part, PoolName},
    table::{Answer, Ask, Look, Table},
};
use crate::{clock::Timestamp, id::RunId, store::KeyDigest};

/// How many seeds: few by default, many where somebody asks for them.
fn seeds(default: u64) -> u64 {
    std::env::var("ORCH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(default)
}

fn table(pools: &[(&str, u64)]) -> Table {
    let mut settings = Settings::default();
    pools.iter().for_each(|(name, size)| settings.size((*name).to_owned(), *size));
    Table::new(settings)
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(1_000_000_000 + micros)
}

fn key(n: u64) -> Option<KeyDigest> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    Some(KeyDigest(bytes))
}

/// What a call of one function asks for that is called by nobody who holds anything.
fn ask(of: usize, parts: &[Part]) -> Ask {
    let who = Who { name: "test::work", run: RunId::from_bytes([0; 16]), task: None, attempt: 1 };
    Ask { of, parts: parts.to_vec(), rate: None, key: None, priority: 0, above: Vec::new(), who }
}

fn granted(answer: Result<Answer, Refusal>) -> u64 {
    match answer {
        Ok(Answer::Granted(grant)) => grant,
        Ok(Answer::Waits(_)) => panic!("it waits"),
        Err(refusal) => panic!("{refusal}"),
    }
}

fn waits(answer: Result<Answer, Refusal>) -> u64 {
    match answer {
        Ok(Answer::Waits(waiter)) => waiter,
        Ok(Answer::Granted(_)) => panic!("it was granted"),
        Err(refusal) => panic!("{refusal}"),
    }
}

/// The grant of somebody who waited, if it has come.
fn came(table: &mut Table, waiter: u64) -> Option<u64> {
    match table.look(waiter, Waker::noop()) {
        Look::Granted(grant) => Some(grant),
        Look::Waits(_) => None,
        Look::Refused(refusal) => panic!("{refusal}"),
    }
}

/// The place of a pool.
fn place(table: &mut Table, pool: &'static str) -> usize {
    table.pools.find(PoolName::Named(pool)).expect("it was set up")
}
