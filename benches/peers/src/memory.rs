//! The lines of the memory stores.

use super::{
    Result, dagrs_side, durare_side,
    harness::{Budget, Contender, Table, Unit},
    ours::{self, Place},
};

pub(super) fn compare(table: &mut Table, size: &impl Fn(u64) -> u64) -> Result<()> {
    // Twice as fast as the peers is the budget: at most half of their time.
    let twice_as_fast = Budget::Ratio(0.5);
    let n = size(20_000);
    table.compare(
        "no-op steps one after another",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::sequence(Place::Memory, n, n)),
            Contender::new("durare", move || durare_side::sequence(durare_side::Place::Memory, n))
                .within(twice_as_fast),
        ],
    )?;
    // Larger graphs take dagrs more time per node, so it gets many of a size that suits it.
    let graph = n.min(1_000);
    table.compare(
        "the same, 1,000 at a time",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::sequence(Place::Memory, n, graph)),
            Contender::new("dagrs (chain)", move || dagrs_side::chain(n, graph)).within(twice_as_fast),
        ],
    )?;
    table.compare(
        "no-op steps in one join_all",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::joined(Place::Memory, n)),
            Contender::new("durare", move || durare_side::joined(durare_side::Place::Memory, n)),
        ],
    )?;
    table.compare(
        "no-op steps started, 1,000 at a time",
        Unit::Nanos("step"),
        n,
        vec![
            Contender::new("orch", move || ours::started(Place::Memory, n, graph)),
            Contender::new("dagrs (no edges)", move || dagrs_side::fan_out(n, graph)),
        ],
    )?;
    let n = size(5_000).max(100);
    for at_once in [1, 100] {
        let what = match at_once {
            1 => "flows of one step, one after another",
            _ => "flows of one step, 100 at once",
        };
        table.compare(
            what,
            Unit::Nanos("flow"),
            n,
            vec![
                Contender::new("orch", move || ours::flows(Place::Memory, n, at_once)),
                Contender::new("durare", move || durare_side::flows(durare_side::Place::Memory, n, at_once)),
            ],
        )?;
    }
    Ok(())
}
