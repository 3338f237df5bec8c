//! Bytes at once. To serde a `Vec<u8>` is a sequence of numbers, which costs a nanosecond for each; the types below
//! are recognised and read and written as blocks. On paper both look the same.

use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
};

use serde::{Serialize, Serializer, de::DeserializeOwned};
use serde_bytes::{ByteBuf, Bytes};

use super::{Refusal, binary};

/// A recognised value, seen as what is written in its place.
pub(super) enum Bulk<'a> {
    One(&'a Bytes),
    Tuple((&'a Bytes,)),
    Maybe(Option<&'a Bytes>),
    List(Vec<&'a Bytes>),
    Map(Vec<(&'a str, &'a Bytes)>),
}

impl Serialize for Bulk<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(bytes) => bytes.serialize(serializer),
            Self::Tuple(bytes) => bytes.serialize(serializer),
            Self::Maybe(bytes) => bytes.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            // bincode writes a map as the list of its entries.
            Self::Map(entries) => entries.serialize(serializer),
        }
    }
}

/// The value as bytes, if it is of a type that is recognised.
pub(super) fn bytes_of<T: 'static>(value: &T) -> Option<Bulk<'_>> {
    let value: &dyn Any = value;
    if let Some(bytes) = value.downcast_ref::<Vec<u8>>() {
        return Some(Bulk::One(Bytes::new(bytes)));
    }
    if let Some((bytes,)) = value.downcast_ref::<(Vec<u8>,)>() {
        return Some(Bulk::Tuple((Bytes::new(bytes),)));
    }
    if let Some(bytes) = value.downcast_ref::<Option<Vec<u8>>>() {
        return Some(Bulk::Maybe(bytes.as_deref().map(Bytes::new)));
    }
    if let Some(list) = value.downcast_ref::<Vec<Vec<u8>>>() {
        return Some(Bulk::List(list.iter().map(|bytes| Bytes::new(bytes)).collect()));
    }
    if let Some(map) = value.downcast_ref::<BTreeMap<String, Vec<u8>>>() {
        return Some(Bulk::Map(map.iter().map(|(key, bytes)| (&**key, Bytes::new(bytes))).collect()));
    }
    if let Some(map) = value.downcast_ref::<HashMap<String, Vec<u8>>>() {
        return Some(Bulk::Map(map.iter().map(|(key, bytes)| (&**key, Bytes::new(bytes))).collect()));
    }
    None
}

/// Reads a value of a type that is recognised.
pub(super) fn read<T: 'static>(payload: &[u8]) -> Option<Result<T, Refusal>> {
    let mut value: Option<T> = None;
    let slot: &mut dyn Any = &mut value;
    let read = if let Some(slot) = slot.downcast_mut::<Option<Vec<u8>>>() {
        fill(slot, payload, ByteBuf::into_vec)
    } else if let Some(slot) = slot.downcast_mut::<Option<(Vec<u8>,)>>() {
        fill(slot, payload, |(bytes,): (ByteBuf,)| (bytes.into_vec(),))
    } else if let Some(slot) = slot.downcast_mut::<Option<Option<Vec<u8>>>>() {
        fill(slot, payload, |bytes: Option<ByteBuf>| bytes.map(ByteBuf::into_vec))
    } else if let Some(slot) = slot.downcast_mut::<Option<Vec<Vec<u8>>>>() {
        fill(slot, payload, |list: Vec<ByteBuf>| list.into_iter().map(ByteBuf::into_vec).collect())
    } else if let Some(slot) = slot.downcast_mut::<Option<BTreeMap<String, Vec<u8>>>>() {
        fill(slot, payload, |map: BTreeMap<String, ByteBuf>| map.into_iter().map(owned).collect())
    } else if let Some(slot) = slot.downcast_mut::<Option<HashMap<String, Vec<u8>>>>() {
        fill(slot, payload, |map: HashMap<String, ByteBuf>| map.into_iter().map(owned).collect())
    } else {
        return None;
    };
    match read {
        Ok(()) => value.map(Ok),
        Err(refusal) => Some(Err(refusal)),
    }
}

fn owned((key, bytes): (String, ByteBuf)) -> (String, Vec<u8>) {
    (key, bytes.into_vec())
}

fn fill<Block: DeserializeOwned, Own>(
    slot: &mut Option<Own>,
    payload: &[u8],
    own: impl FnOnce(Block) -> Own,
) -> Result<(), Refusal> {
    *slot = Some(own(binary::read_plain(payload)?));
    Ok(())
}
