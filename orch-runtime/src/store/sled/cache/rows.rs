//! What lies in the database: keys and values of its rows. Only this file knows their form.
//!
//! | key | value |
//! |---|---|
//! | `f` | the number of the format |
//! | `d` definition | name of the definition, and how much of it is kept |
//! | `e` cache key | an entry |
//! | `o` definition, number | the entry that was stored under this number: the oldest of a definition stands first |
//! | `r` definition, slot | a key that was stored lately and its parts |
//! | `b` hash | how many entries have their value in this blob |
//!
//! Every value begins with a checksum over itself and its key, so that neither damage nor a value in the place of
//! another one goes unseen.

use std::sync::Arc;

use crate::{
    clock::Timestamp,
    codec,
    store::{CacheKey, KeyParts, sled::blobs::BlobId},
};

/// Changes when the form of the rows does. An older or newer cache is set aside.
pub(super) const FORMAT: u8 = 1;

pub(super) const FORMAT_KEY: &[u8] = b"f";

/// Number of a definition in this database.
pub(super) type DefinitionId = u32;

/// The key of a row: long enough for all of them.
pub(super) type RowKey = Vec<u8>;

/// The row cannot be what was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damaged;

fn key(kind: u8, parts: &[&[u8]]) -> RowKey {
    let mut key = Vec::with_capacity(33);
    key.push(kind);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

pub(super) fn definition_key(id: DefinitionId) -> RowKey {
    key(b'd', &[&id.to_be_bytes()])
}

pub(super) fn entry_key(entry: &CacheKey) -> [u8; 33] {
    let mut key = [b'e'; 33];
    key[1..].copy_from_slice(&entry.0);
    key
}

pub(super) fn order_key(id: DefinitionId, number: u64) -> RowKey {
    key(b'o', &[&id.to_be_bytes(), &number.to_be_bytes()])
}

pub(super) fn recent_key(id: DefinitionId, slot: u8) -> RowKey {
    key(b'r', &[&id.to_be_bytes(), &[slot]])
}

pub(super) fn blob_key(blob: &BlobId) -> RowKey {
    key(b'b', &[&blob.0])
}

/// What all keys of a kind begin with: of all definitions, or of one.
pub(super) fn prefix(kind: u8, id: Option<DefinitionId>) -> RowKey {
    id.map_or_else(|| vec![kind], |id| key(kind, &[&id.to_be_bytes()]))
}

/// The number in an order row's key.
pub(super) fn number_of(order_key: &[u8]) -> Result<u64, Damaged> {
    Reader(order_key.get(5..).ok_or(Damaged)?).u64_be()
}

/// The definition in a definition row's key.
pub(super) fn definition_of(definition_key: &[u8]) -> Result<DefinitionId, Damaged> {
    let id = definition_key.get(1..).and_then(|id| id.try_into().ok()).ok_or(Damaged)?;
    Ok(DefinitionId::from_be_bytes(id))
}

/// The slot in a recent row's key.
pub(super) fn slot_of(recent_key: &[u8]) -> Result<u8, Damaged> {
    recent_key.get(5).copied().ok_or(Damaged)
}

fn checksum(key: &[u8], value: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize().to_le_bytes()
}

/// A row's value: what `write` writes, behind its checksum.
pub(super) fn sealed(key: &[u8], write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut row = vec![0; 4];
    write(&mut row);
    let checksum = checksum(key, &row[4..]);
    row[..4].copy_from_slice(&checksum);
    row
}

/// What [`sealed`] wrote under this key.
pub(super) fn unsealed<'a>(key: &[u8], row: &'a [u8]) -> Result<Reader<'a>, Damaged> {
    let (stored, value) = row.split_first_chunk::<4>().ok_or(Damaged)?;
    if *stored == checksum(key, value) { Ok(Reader(value)) } else { Err(Damaged) }
}

/// Reads a row from its front.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Damaged> {
        self.array().map(u64::from_le_bytes)
    }

    fn u64_be(&mut self) -> Result<u64, Damaged> {
        self.array().map(u64::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Damaged> {
        self.array().map(u32::from_le_bytes)
    }
}

/// How much of a definition is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DefinitionRow {
    pub(super) entries: u64,
    pub(super) bytes: u64,
    /// The last number that one of its entries got.
    pub(super) last: u64,
    pub(super) name: Arc<str>,
}

impl DefinitionRow {
    pub(super) fn write(&self, key: &[u8]) -> Vec<u8> {
        sealed(key, |row| {
            for number in [self.entries, self.bytes, self.last] {
                row.extend_from_slice(&number.to_le_bytes());
            }
            row.extend_from_slice(self.name.as_bytes());
        })
    }

    pub(super) fn read(key: &[u8], row: &[u8]) -> Result<Self, Damaged> {
        let mut row = unsealed(key, row)?;
        let (entries, bytes, last) = (row.u64()?, row.u64()?, row.u64()?);
        let name = std::str::from_utf8(row.0).map_err(|_| Damaged)?.into();
        Ok(Self { entries, bytes, last, name })
    }
}

/// Where the value of an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Here(&'a [u8]),
    Blob(BlobId),
}

/// An entry without what it is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryRow<'a> {
    pub(super) definition: DefinitionId,
    pub(super) number: u64,
    pub(super) at: Timestamp,
    /// The encoded [`KeyParts`].
    pub(super) parts: &'a [u8],
    pub(super) value: Value<'a>,
}

impl<'a> EntryRow<'a> {
    pub(super) fn write(&self, key: &[u8]) -> Vec<u8> {
        sealed(key, |row| {
            row.extend_from_slice(&self.definition.to_le_bytes());
            row.extend_from_slice(&self.number.to_le_bytes());
            row.extend_from_slice(&self.at.as_micros().to_le_bytes());
            row.extend_from_slice(&(self.parts.len() as u32).to_le_bytes());
            row.extend_from_slice(self.parts);
            match &self.value {
                Value::Here(value) => {
                    row.push(0);
                    row.extend_from_slice(value);
                }
                Value::Blob(blob) => {
                    row.push(1);
                    row.extend_from_slice(&blob.0);
                }
            }
        })
    }

    pub(super) fn read(key: &[u8], row: &'a [u8]) -> Result<Self, Damaged> {
        let mut row = unsealed(key, row)?;
        let (definition, number) = (row.u32()?, row.u64()?);
        let at = Timestamp::from_micros(row.u64()?);
        let length = row.u32()?;
        let parts = row.bytes(length as usize)?;
        let value = match row.array::<1>()? {
            [0] => Value::Here(row.0),
            [1] => Value::Blob(BlobId(row.array()?)),
            _ => return Err(Damaged),
        };
        Ok(Self { definition, number, at, parts, value })
    }

    pub(super) fn blob(&self) -> Option<BlobId> {
        match self.value {
            Value::Here(_) => None,
            Value::Blob(blob) => Some(blob),
        }
    }
}

/// An entry's place in the order of its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderRow {
    pub(super) entry: CacheKey,
    pub(super) at: Timestamp,
    /// What the entry counts for.
    pub(super) bytes: u64,
}

impl OrderRow {
    pub(super) fn write(&self, key: &[u8]) -> Vec<u8> {
        sealed(key, |row| {
            row.extend_from_slice(&self.entry.0);
            row.extend_from_slice(&self.at.as_micros().to_le_bytes());
            row.extend_from_slice(&self.bytes.to_le_bytes());
        })
    }

    pub(super) fn read(key: &[u8], row: &[u8]) -> Result<Self, Damaged> {
        let mut row = unsealed(key, row)?;
        let entry = CacheKey(row.array()?);
        Ok(Self { entry, at: Timestamp::from_micros(row.u64()?), bytes: row.u64()? })
    }
}

/// A key that was stored lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecentRow {
    pub(super) number: u64,
    pub(super) key: CacheKey,
    pub(super) parts: Arc<KeyParts>,
}

impl RecentRow {
    pub(super) fn write(key: &[u8], number: u64, entry: &CacheKey, parts: &[u8]) -> Vec<u8> {
        sealed(key, |row| {
            row.extend_from_slice(&number.to_le_bytes());
            row.extend_from_slice(&entry.0);
            row.extend_from_slice(parts);
        })
    }

    pub(super) fn read(key: &[u8], row: &[u8]) -> Result<Self, Damaged> {
        let mut row = unsealed(key, row)?;
        let (number, entry) = (row.u64()?, CacheKey(row.array()?));
        Ok(Self { number, key: entry, parts: read_parts(row.0)? })
    }
}

pub(super) fn read_parts(parts: &[u8]) -> Result<Arc<KeyParts>, Damaged> {
    codec::decode(parts).map(Arc::new).map_err(|_| Damaged)
}

/// A single number, such as how many entries a blob has.
pub(super) fn write_number(key: &[u8], number: u64) -> Vec<u8> {
    sealed(key, |row| row.extend_from_slice(&number.to_le_bytes()))
}

pub(super) fn read_number(key: &[u8], row: &[u8]) -> Result<u64, Damaged> {
    unsealed(key, row)?.u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_anywhere_is_seen() {
        let key = entry_key(&CacheKey([3; 32]));
        let entry = EntryRow {
            definition: 7,
            number: 9,
            at: Timestamp::from_micros(11),
            parts: b"parts",
            value: Value::Here(b"value"),
        };
        let mut row = entry.write(&key);
        assert_eq!(EntryRow::read(&key, &row), Ok(entry));
        assert_eq!(EntryRow::read(&entry_key(&CacheKey([4; 32])), &row), Err(Damaged), "another's place");
        for bit in 0..row.len() * 8 {
            row[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(EntryRow::read(&key, &row), Err(Damaged), "bit {bit}");
            row[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..row.len() {
            assert_eq!(EntryRow::read(&key, &row[..length]), Err(Damaged), "{length} bytes");
        }
    }

    #[test]
    fn numbers_order_as_their_keys() {
        let numbers = [0, 1, 255, 256, 1 << 40, u64::MAX];
        let keys: Vec<_> = numbers.iter().map(|number| order_key(1, *number)).collect();
        assert!(keys.is_sorted());
        assert_eq!(
            keys.iter().map(|key| number_of(key)).collect::<Result<Vec<_>, _>>(),
            Ok(numbers.to_vec())
        );
    }
}
