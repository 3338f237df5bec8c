//! The keys of the one tree. The first byte says what it is; numbers are big-endian, so that keys sort like them.
//!
//! | key | value |
//! |---|---|
//! | `l` place | a [section](super::section) of the log: [packs](super::pack), the first of which lies there |
//! | `w` slot | a pack that waits in the [tail](super::tail) of the log |
//! | `n` name | the text of a definition's name |
//! | `a` run | the row of a run that has not ended, as the last checkpoint left it |
//! | `r` run | the row of a run that has ended |
//! | `s` state run, `d` name state run, `g` tag name state run | nothing: ended runs in the order of queries |
//! | `p` run first | the places of a run's packs, from number `first` on |
//! | `t` run block first | the packs that tell of a block of task runs, from pack `first` on |
//! | `i` definition id | the run that its caller gave this id |
//! | `k` key | what starts runs by itself ([`starters`](super::starters)) |
//! | `u` time key | nothing: when each of these is to be looked at |
//! | `h` key number | an entry of the history of one |
//! | `c` | the checkpoint |
//! | `x` key part | the rest of a value that is too long for one |

use super::wire::{Code, Damaged, In};
use crate::{clock::Timestamp, id::RunId, state::RunState};

pub(super) const LOG: u8 = b'l';
pub(super) const SLOT: u8 = b'w';
pub(super) const NAME: u8 = b'n';
pub(super) const ACTIVE: u8 = b'a';
pub(super) const ENDED: u8 = b'r';
pub(super) const GIVEN: u8 = b'i';
pub(super) const CHECKPOINT: &[u8] = b"c";

/// A definition's name as this store numbers it.
pub(super) type NameId = u32;

/// Where a pack lies in the log: the number of its first event; packs without events come before it in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) first: u64,
    pub(super) nth: u32,
}

impl Place {
    pub(super) const START: Self = Self { first: 1, nth: 0 };

    pub(super) fn key(self) -> Vec<u8> {
        let mut key = Vec::with_capacity(13);
        key.push(LOG);
        key.extend_from_slice(&self.first.to_be_bytes());
        key.extend_from_slice(&self.nth.to_be_bytes());
        key
    }

    pub(super) fn of(key: &[u8]) -> Result<Self, Damaged> {
        let mut read = In(key);
        let (LOG, first, nth, true) = (read.byte()?, read.array()?, read.array()?, read.is_empty()) else {
            return Err(Damaged("a key of the log has another form"));
        };
        Ok(Self { first: u64::from_be_bytes(first), nth: u32::from_be_bytes(nth) })
    }

    /// Where the next pack lies when this one tells of `events` events.
    pub(super) fn next(self, events: u64) -> Self {
        match events {
            0 => Self { nth: self.nth + 1, ..self },
            events => Self { first: self.first + events, nth: 0 },
        }
    }
}

/// A slot of the log's tail.
pub(super) fn slot(number: u8) -> Vec<u8> {
    vec![SLOT, number]
}

/// The key of the run of a definition that was given this id. The id is hashed: it may be of any length.
pub(super) fn given(name: NameId, id: &str) -> Vec<u8> {
    [&[GIVEN][..], &name.to_be_bytes(), &blake3::hash(id.as_bytes()).as_bytes()[..]].concat()
}

fn with_run(mut key: Vec<u8>, run: RunId) -> Vec<u8> {
    key.extend_from_slice(run.as_uuid().as_bytes());
    key
}

pub(super) fn active(run: RunId) -> Vec<u8> {
    with_run(vec![ACTIVE], run)
}

pub(super) fn ended(run: RunId) -> Vec<u8> {
    with_run(vec![ENDED], run)
}

pub(super) fn name(id: NameId) -> Vec<u8> {
    [&[NAME][..], &id.to_be_bytes()].concat()
}

/// What the keys of all ended runs in one state begin with.
pub(super) fn by_state(state: RunState) -> Vec<u8> {
    vec![b's', state.code()]
}

/// What the keys of all ended runs of one definition in one state begin with.
pub(super) fn by_name(name: NameId, state: RunState) -> Vec<u8> {
    [&[b'd'][..], &name.to_be_bytes(), &[state.code()]].concat()
}

/// What the keys of all ended runs with one tag begin with. Below it they stand like those of
/// [`by_name`], so that no search for a tag and something else goes through all runs with that tag.
pub(super) fn by_tag(tag: &str) -> Vec<u8> {
    // Tags are hashed so that none can be the beginning of another, nor longer than a key should be.
    [&[b'g'][..], &blake3::hash(tag.as_bytes()).as_bytes()[..16]].concat()
}

/// What the keys of all ended runs with one tag, of one definition and in one state begin with.
pub(super) fn by_tag_and_name(tag: &str, name: NameId, state: RunState) -> Vec<u8> {
    [&by_tag(tag)[..], &name.to_be_bytes(), &[state.code()]].concat()
}

/// The run of a key that ends with one.
pub(super) fn run_of(key: &[u8]) -> Result<RunId, Damaged> {
    let tail = key.last_chunk::<16>().ok_or(Damaged("a key has no run"))?;
    Ok(RunId::from_bytes(*tail))
}

/// The key of a run below a prefix of an index.
pub(super) fn indexed(prefix: Vec<u8>, run: RunId) -> Vec<u8> {
    with_run(prefix, run)
}

pub(super) fn places(run: RunId, first: u32) -> Vec<u8> {
    let mut key = with_run(vec![b'p'], run);
    key.extend_from_slice(&first.to_be_bytes());
    key
}

/// What the keys of a block of task runs begin with.
pub(super) fn block(run: RunId, block: u32) -> Vec<u8> {
    let mut key = with_run(vec![b't'], run);
    key.extend_from_slice(&block.to_be_bytes());
    key
}

pub(super) fn block_from(run: RunId, number: u32, first: u32) -> Vec<u8> {
    let mut key = block(run, number);
    key.extend_from_slice(&first.to_be_bytes());
    key
}

pub(super) fn part(key: &[u8], number: u16) -> Vec<u8> {
    [&[b'x'][..], key, &number.to_be_bytes()].concat()
}

const STARTER: u8 = b'k';
const WAKE: u8 = b'u';
const ENTRY: u8 = b'h';

/// The row of what starts runs by itself. The key is a text of its own, so that they are listed in its order.
pub(super) fn starter(key: &str) -> Vec<u8> {
    [&[STARTER][..], key.as_bytes()].concat()
}

/// The key of a starter, from that of its row.
pub(super) fn starter_of(key: &[u8]) -> Result<&str, Damaged> {
    text(key.get(1..))
}

/// When a starter is to be looked at.
pub(super) fn wake(at: Timestamp, key: &str) -> Vec<u8> {
    [&[WAKE][..], &at.as_micros().to_be_bytes(), key.as_bytes()].concat()
}

/// The keys of all starters that are to be looked at until then.
pub(super) fn wakes_until(until: Timestamp) -> std::ops::Range<Vec<u8>> {
    let end = match until.as_micros().checked_add(1) {
        Some(after) => wake(Timestamp::from_micros(after), ""),
        None => vec![WAKE + 1],
    };
    vec![WAKE]..end
}

/// The key of the starter that is to be looked at.
pub(super) fn woken(key: &[u8]) -> Result<&str, Damaged> {
    text(key.get(9..))
}

fn text(key: Option<&[u8]>) -> Result<&str, Damaged> {
    let text = key.and_then(|key| std::str::from_utf8(key).ok());
    text.ok_or(Damaged("the key of what starts runs has another form"))
}

/// An entry of a starter's history. The starter's key is hashed: it may be of any length.
pub(super) fn starter_entry(key: &str, number: u64) -> Vec<u8> {
    [&[ENTRY][..], &blake3::hash(key.as_bytes()).as_bytes()[..16], &number.to_be_bytes()].concat()
}

/// The number at the end of a key.
pub(super) fn number_of(key: &[u8]) -> Result<u64, Damaged> {
    key.last_chunk().map(|number| u64::from_be_bytes(*number)).ok_or(Damaged("a key has no number"))
}
