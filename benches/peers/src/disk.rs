//! The lines of the stores on disk.

use orch::store::SyncMode;

use super::{
    Result, cached_side, durare_side, floors,
    harness::{Budget, Contender, Table, Unit},
    ours::{self, Place},
};

pub(super) fn compare(table: &mut Table, size: &impl Fn(u64) -> u64) -> Result<()> {
    engines(table, size)?;
    floors(table, size)?;
    let n = size(1_000);
    for (passes, what) in [(1, "cache on disk, first hit of a key"), (20, "cache on disk, further hits")] {
        table.compare(
            what,
            Unit::Nanos("hit"),
            n * passes,
            vec![
                Contender::new("orch", move || ours::hits(n, passes)),
                Contender::new("cached, disk, sync", move || cached_side::hits(n, passes))
                    .within(Budget::Ratio(0.5)),
            ],
        )?;
    }
    Ok(())
}

/// durare on SQLite does not sync its commits; `process` is what promises the same as it does.
fn engines(table: &mut Table, size: &impl Fn(u64) -> u64) -> Result<()> {
    let sqlite = durare_side::Place::Sqlite;
    for (mode, name) in [(SyncMode::Process, "process"), (SyncMode::Fsync, "fsync")] {
        let disk = Place::Disk(mode);
        let n = size(1_000);
        table.compare(
            &format!("steps on disk, one by one, {name}"),
            Unit::Micros("step"),
            n,
            vec![
                Contender::new("orch", move || ours::sequence(disk, n, n)),
                Contender::new("durare, SQLite", move || durare_side::sequence(sqlite, n)),
            ],
        )?;
        table.compare(
            &format!("steps on disk, joined, {name}"),
            Unit::Micros("step"),
            n,
            vec![
                Contender::new("orch", move || ours::joined(disk, n)),
                Contender::new("durare, SQLite", move || durare_side::joined(sqlite, n)),
            ],
        )?;
        let n = size(500).max(100);
        table.compare(
            &format!("flows on disk, 100 at once, {name}"),
            Unit::Micros("flow"),
            n,
            vec![
                Contender::new("orch", move || ours::flows(disk, n, 100)),
                Contender::new("durare, SQLite", move || durare_side::flows(sqlite, n, 100)),
            ],
        )?;
    }
    Ok(())
}

/// orch records a step, its states and its events; the others one value.
fn floors(table: &mut Table, size: &impl Fn(u64) -> u64) -> Result<()> {
    for (at_once, what, puts) in [
        (1, "durable steps, one by one", 500),
        (10, "durable steps, 10 waiting", 2_000),
        (100, "durable steps, 100 waiting", 20_000),
        (1_000, "durable steps, 1,000 waiting", 50_000),
    ] {
        let n = size(puts);
        table.compare(
            what,
            Unit::Micros("step"),
            n,
            vec![
                Contender::new("orch", move || ours::waiting(Place::Disk(SyncMode::Fsync), n, at_once)),
                Contender::new("sled alone", move || floors::sled(n, at_once)),
                Contender::new("redb alone", move || floors::redb(n, at_once)),
                Contender::new("SQLite alone, FULL", move || floors::sqlite(n, at_once)),
            ],
        )?;
    }
    Ok(())
}
