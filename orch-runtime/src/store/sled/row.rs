//! A run's row: what it was submitted with, where it stands, where its packs lie.

use super::{
    decode, encode,
    facts::{Kept, Origin},
    standing::{Standing, Told},
    trail::Trail,
    wire::{Damaged, In, Out},
};

/// A run as it is stored beside the log.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) origin: Origin,
    pub(super) standing: Standing,
    pub(super) told: Told,
    pub(super) trail: Trail,
}

/// The bytes of a row.
pub(super) fn write(origin: &Origin, standing: &Standing, told: &Told, trail: &Trail) -> Vec<u8> {
    let mut out = Out::default();
    encode::write_origin(&mut out, origin);
    standing.write(&mut out);
    out.maybe(told.reason.as_deref(), Out::text);
    out.maybe(told.outcome.as_ref(), |out, outcome: &Kept| encode::write_outcome(out, outcome));
    trail.write(&mut out);
    out.0
}

/// The row of these bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Row, Damaged> {
    let mut read = In(bytes);
    let row = Row {
        origin: decode::origin(&mut read)?,
        standing: Standing::read(&mut read)?,
        told: Told {
            reason: read.maybe(|read| read.text().map(str::to_owned))?,
            outcome: read.maybe(decode::outcome)?,
        },
        trail: Trail::read(&mut read)?,
    };
    if read.is_empty() { Ok(row) } else { Err(Damaged("there is more than belongs to it")) }
}
