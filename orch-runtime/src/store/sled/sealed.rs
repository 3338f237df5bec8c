//! Values as they lie in the tree: with a checksum over key and content, and cut into parts where they are long.
//!
//! sled keeps up to 16 values in one page, and writes a page of more than 128 KiB to a file of its own that it
//! never syncs. So no value may be longer than [`PART`].

use std::borrow::Cow;

use super::{
    db::{Db, Fault},
    keys,
    wire::{Damaged, In, Out},
};

/// Format of everything in the tree.
const FORMAT: u8 = 1;

/// The most content of one value.
pub(super) const PART: usize = 7_000;

fn checksum(key: &[u8], content: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(content);
    hasher.finalize()
}

/// Adds a value to a batch.
pub(super) fn insert(batch: &mut sled::Batch, key: Vec<u8>, content: &[u8]) {
    let parts = content.len().div_ceil(PART).max(1) - 1;
    let (head, rest) = content.split_at(content.len().min(PART));
    let mut out = Out(Vec::with_capacity(head.len() + 8));
    out.byte(FORMAT);
    out.raw(&checksum(&key, content).to_le_bytes());
    out.uint(parts as u64);
    out.raw(head);
    for (number, part) in (0..=u16::MAX).zip(rest.chunks(PART)) {
        batch.insert(keys::part(&key, number), part);
    }
    batch.insert(key, out.0);
}

/// Removes a value and its parts.
pub(super) fn remove(db: &Db, batch: &mut sled::Batch, key: Vec<u8>) -> Result<(), Fault> {
    if let Some(stored) = db.get(&key)? {
        let parts = opened(&stored).map_err(|damaged| Fault::damaged(&key, damaged))?.parts;
        (0..parts).for_each(|number| batch.remove(keys::part(&key, number)));
        batch.remove(key);
    }
    Ok(())
}

struct Opened<'a> {
    checksum: u32,
    parts: u16,
    head: &'a [u8],
}

fn opened(stored: &[u8]) -> Result<Opened<'_>, Damaged> {
    let mut read = In(stored);
    if read.byte()? != FORMAT {
        return Err(Damaged("its format is unknown"));
    }
    let checksum = u32::from_le_bytes(read.array()?);
    let parts = u16::try_from(read.uint()?).map_err(|_| Damaged("it has too many parts"))?;
    Ok(Opened { checksum, parts, head: read.0 })
}

/// The content of a value that was read under `key`.
pub(super) fn content<'s>(db: &Db, key: &[u8], stored: &'s [u8]) -> Result<Cow<'s, [u8]>, Fault> {
    let damaged = |damaged| Fault::damaged(key, damaged);
    let opened = opened(stored).map_err(damaged)?;
    let mut content = Cow::Borrowed(opened.head);
    for number in 0..opened.parts {
        let part = db.get(&keys::part(key, number))?.ok_or_else(|| damaged(Damaged("a part is missing")))?;
        content.to_mut().extend_from_slice(&part);
    }
    if checksum(key, &content) != opened.checksum {
        return Err(damaged(Damaged("its checksum does not fit")));
    }
    Ok(content)
}

/// Reads the value under `key`.
pub(super) fn get(db: &Db, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    db.get(key)?.map(|stored| content(db, key, &stored).map(Cow::into_owned)).transpose()
}
