//! A run's row: what it was submitted with, where it stands, which signals wait in it, where its packs lie.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    decode, encode,
    facts::{Kept, KeptSignal, Origin},
    standing::{Standing, Told},
    trail::Trail,
    wire::{Damaged, In, Out},
};
use crate::store::mail::Mail;

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
    out.uint(told.mail.next());
    out.uint(told.mail.all().len() as u64);
    for (number, signal) in told.mail.all() {
        out.uint(*number);
        encode::write_signal(&mut out, signal);
    }
    trail.write(&mut out);
    out.0
}

fn mail(read: &mut In<'_>) -> Result<Mail<KeptSignal>, Damaged> {
    let next = read.uint()?;
    let signals = (0..read.uint()?).map(|_| Ok((read.uint()?, decode::signal(read)?)));
    Ok(Mail::stored(next, signals.collect::<Result<BTreeMap<_, _>, Damaged>>()?))
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
            mail: Arc::new(mail(&mut read)?),
        },
        trail: Trail::read(&mut read)?,
    };
    if read.is_empty() { Ok(row) } else { Err(Damaged("there is more than belongs to it")) }
}
