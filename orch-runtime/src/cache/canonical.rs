//! One hash per value: the same for equal values in every process, whatever order their maps have.
//!
//! A serde serializer writes a canonical form: every value starts with a tag of its kind, lengths are written,
//! the entries of maps are sorted by their canonical keys, floats have one NaN and no negative zero. A `HashSet`
//! looks like a sequence to serde, which is why the attributes refuse it as an argument.

mod run;
mod sink;
mod text;
mod tuples;

use std::fmt;

use serde::{Serialize, ser};
use siphasher::sip128::SipHasher13;

pub use self::text::InputText;
use self::{
    sink::{Sink, Tag},
    tuples::{DigestOnly, PerArgument},
};
use crate::{id::first_half, store::KeyDigest};

/// A value cannot be hashed, because its `Serialize` refuses.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HashError(String);

impl ser::Error for HashError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Hash of `prefix` and the canonical form of `value`.
pub(crate) fn hash_value<T: Serialize + ?Sized>(prefix: &[u8], value: &T) -> Result<blake3::Hash, HashError> {
    let mut sink = Sink::new(false);
    sink.raw(prefix);
    value.serialize(Canonical { sink: &mut sink })?;
    Ok(sink.finish())
}

/// What is known of a call's input once it is hashed.
pub(crate) struct Keyed {
    pub(crate) call: u128,
    /// The hash of prefix and input, where it is asked for.
    pub(crate) hash: Option<blake3::Hash>,
    pub(crate) input: InputText,
}

/// A number for `prefix` and the canonical form of `value` that nobody can aim at who does not know `key`, and, where it
/// is asked for, the hash of both. Most inputs are short, and SipHash takes an eighth of the time that a cryptographic
/// hash takes for them.
pub(crate) fn keyed_hash<T: Serialize + ?Sized>(
    key: u128,
    prefix: u128,
    value: &T,
    with_hash: bool,
) -> Result<Keyed, HashError> {
    let mut sink = Sink::new(false);
    sink.raw(&prefix.to_le_bytes());
    value.serialize(Canonical { sink: &mut sink })?;
    Ok(keyed(key, sink, with_hash))
}

fn keyed(key: u128, sink: Sink, with_hash: bool) -> Keyed {
    let (bytes, whole) = sink.beginning();
    let input = InputText::new(&bytes[size_of::<u128>()..], whole);
    if whole {
        let call = SipHasher13::new_with_key(&key.to_le_bytes()).hash(bytes).as_u128();
        return Keyed { call, hash: with_hash.then(|| sink.finish()), input };
    }
    let hash = sink.finish();
    Keyed { call: first_half(hash), hash: with_hash.then_some(hash), input }
}

/// One hash per element of the tuple of a function's arguments.
pub(crate) fn hash_arguments<T: Serialize>(arguments: &T) -> Result<Vec<KeyDigest>, HashError> {
    arguments.serialize(PerArgument::default())
}

fn bits_of_f32(value: f32) -> u32 {
    // −0.0 + 0.0 is 0.0, and every other number stays what it is.
    (if value.is_nan() { f32::NAN } else { value + 0.0 }).to_bits()
}

fn bits_of_f64(value: f64) -> u64 {
    (if value.is_nan() { f64::NAN } else { value + 0.0 }).to_bits()
}

struct Canonical<'a> {
    sink: &'a mut Sink,
}

/// A sequence, tuple or struct under way; counts its elements, because a sequence need not know its length.
struct Listing<'a> {
    sink: &'a mut Sink,
    count: u64,
}

impl Listing<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        self.count += 1;
        value.serialize(Canonical { sink: self.sink })
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), HashError> {
        self.sink.text(Tag::Field, name.as_bytes());
        self.element(value)
    }

    fn close(self) {
        self.sink.number(Tag::End, self.count.to_le_bytes());
    }
}

/// A map under way: entries are sorted by their canonical form before they count.
struct Sorting<'a> {
    sink: &'a mut Sink,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

fn canonical_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, HashError> {
    let mut sink = Sink::new(true);
    value.serialize(Canonical { sink: &mut sink })?;
    Ok(sink.into_bytes())
}

impl<'a> Canonical<'a> {
    fn list(self, tag: Tag) -> Listing<'a> {
        self.sink.tag(tag);
        Listing { sink: self.sink, count: 0 }
    }

    fn variant(self, name: &str, tag: Tag) -> Listing<'a> {
        self.sink.text(Tag::Variant, name.as_bytes());
        self.list(tag)
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty, $tag:ident;)*) => {$(
        fn $method(self, value: $type) -> Result<(), HashError> {
            self.sink.number(Tag::$tag, value.to_le_bytes());
            Ok(())
        }
    )*};
}

impl<'a> ser::Serializer for Canonical<'a> {
    type Ok = ();
    type Error = HashError;
    type SerializeSeq = Listing<'a>;
    type SerializeTuple = Listing<'a>;
    type SerializeTupleStruct = Listing<'a>;
    type SerializeTupleVariant = Listing<'a>;
    type SerializeMap = Sorting<'a>;
    type SerializeStruct = Listing<'a>;
    type SerializeStructVariant = Listing<'a>;

    numbers! {
        serialize_i8 i8, I8; serialize_i16 i16, I16; serialize_i32 i32, I32; serialize_i64 i64, I64;
        serialize_i128 i128, I128;
        serialize_u8 u8, U8; serialize_u16 u16, U16; serialize_u32 u32, U32; serialize_u64 u64, U64;
        serialize_u128 u128, U128;
    }

    fn serialize_bool(self, value: bool) -> Result<(), HashError> {
        self.sink.number(Tag::Bool, [u8::from(value)]);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), HashError> {
        self.sink.number(Tag::F32, bits_of_f32(value).to_le_bytes());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), HashError> {
        self.sink.number(Tag::F64, bits_of_f64(value).to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), HashError> {
        self.sink.number(Tag::Char, u32::from(value).to_le_bytes());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), HashError> {
        self.sink.text(Tag::Text, value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), HashError> {
        self.sink.text(Tag::Bytes, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), HashError> {
        self.sink.tag(Tag::None);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), HashError> {
        self.sink.tag(Tag::Some);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), HashError> {
        self.sink.tag(Tag::Unit);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), HashError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), HashError> {
        self.sink.text(Tag::Variant, variant.as_bytes());
        self.serialize_unit()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        if name == super::shared::MARKER {
            return value.serialize(DigestOnly { sink: self.sink });
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        self.sink.text(Tag::Variant, variant.as_bytes());
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Listing<'a>, HashError> {
        Ok(self.list(Tag::List))
    }

    fn collect_seq<I: IntoIterator<Item: Serialize>>(self, elements: I) -> Result<(), HashError> {
        let mut list = self.list(Tag::List);
        let mut elements = elements.into_iter();
        let (scalars, other) = run::write(list.sink, &mut elements);
        list.count += scalars;
        if let Some(other) = other {
            list.element(&other)?;
        }
        elements.try_for_each(|element| list.element(&element))?;
        list.close();
        Ok(())
    }

    fn serialize_tuple(self, _: usize) -> Result<Listing<'a>, HashError> {
        Ok(self.list(Tag::List))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Listing<'a>, HashError> {
        Ok(self.list(Tag::List))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Listing<'a>, HashError> {
        Ok(self.variant(variant, Tag::List))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Sorting<'a>, HashError> {
        Ok(Sorting { sink: self.sink, entries: Vec::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Listing<'a>, HashError> {
        Ok(self.list(Tag::Struct))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Listing<'a>, HashError> {
        Ok(self.variant(variant, Tag::Struct))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! listings {
    ($($trait:ident $method:ident $name:ident: $name_type:ty => $call:ident($($argument:ident),*);)*) => {$(
        impl ser::$trait for Listing<'_> {
            type Ok = ();
            type Error = HashError;
            fn $method<T: Serialize + ?Sized>(&mut self, $name: $name_type, value: &T) -> Result<(), HashError> {
                self.$call($($argument,)* value)
            }
            fn end(self) -> Result<(), HashError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

listings! {
    SerializeStruct serialize_field name: &'static str => field(name);
    SerializeStructVariant serialize_field name: &'static str => field(name);
}

macro_rules! unnamed_listings {
    ($($trait:ident $method:ident;)*) => {$(
        impl ser::$trait for Listing<'_> {
            type Ok = ();
            type Error = HashError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
                self.element(value)
            }
            fn end(self) -> Result<(), HashError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

unnamed_listings! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

impl ser::SerializeMap for Sorting<'_> {
    type Ok = ();
    type Error = HashError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), HashError> {
        self.entries.push((canonical_bytes(key)?, Vec::new()));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        match self.entries.last_mut() {
            Some(entry) => entry.1 = canonical_bytes(value)?,
            None => return Err(ser::Error::custom("a map gave a value before its key")),
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), HashError> {
        self.entries.sort();
        self.sink.tag(Tag::Map);
        for (key, value) in &self.entries {
            self.sink.raw(key);
            self.sink.raw(value);
        }
        self.sink.number(Tag::End, (self.entries.len() as u64).to_le_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    fn hash<T: Serialize>(value: T) -> blake3::Hash {
        hash_value(&[], &value).expect("hashable")
    }

    #[test]
    fn equal_maps_have_one_hash_whatever_their_order() {
        let forward: HashMap<String, u32> = (0..100).map(|n| (n.to_string(), n)).collect();
        let backward: HashMap<String, u32> = (0..100).rev().map(|n| (n.to_string(), n)).collect();
        let sorted: BTreeMap<String, u32> = (0..100).map(|n| (n.to_string(), n)).collect();
        assert_eq!(hash(&forward), hash(&backward));
        assert_eq!(hash(&forward), hash(&sorted));
        // The same in every process and on every machine; a change here invalidates every stored key.
        assert_eq!(&hash(&sorted).to_hex()[..16], "da7e7576e68986cc");
    }

    #[test]
    fn floats_are_normalised() {
        assert_eq!(hash(-0.0f64), hash(0.0f64));
        assert_eq!(hash(f64::NAN), hash(-f64::NAN));
        assert_eq!(hash(-0.0f32), hash(0.0f32));
        assert_ne!(hash(1.0f64), hash(1.0f32));
    }

    #[test]
    fn values_that_look_alike_differ() {
        assert_ne!(hash(("ab", "c")), hash(("a", "bc")));
        assert_ne!(hash((1u8, 2u8)), hash(((1u8, 2u8),)));
        assert_ne!(hash(vec![vec![1u8], vec![]]), hash(vec![vec![], vec![1u8]]));
        assert_ne!(hash(Some(())), hash(None::<()>));
        assert_ne!(hash(1u32), hash(1u64));
        assert_ne!(hash("1"), hash(1u8));
    }

    #[test]
    fn numbers_in_a_row_keep_their_kinds_places_and_ends() {
        let runs: Vec<blake3::Hash> = vec![
            hash(Vec::<u8>::new()),
            hash(vec![0u8]),
            hash(vec![0u8, 0]),
            hash(vec![0u16]),
            hash(vec![0i8]),
            hash(vec![false]),
            hash(vec!['\0']),
            hash(vec![0u8; 1024]),
            hash(vec![0u8; 1025]),
            hash(vec![0u32; 256]),
            hash(vec![0f32; 256]),
            hash(vec![vec![0u8]]),
            hash(vec![vec![0u8], vec![0]]),
            hash((vec![0u8, 0], Vec::<u8>::new())),
            hash(0u8),
        ];
        for (index, run) in runs.iter().enumerate() {
            assert!(!runs[index + 1..].contains(run), "{index}");
        }
        assert_eq!(hash(vec![-0.0f64, f64::NAN, 1.0]), hash(vec![0.0f64, -f64::NAN, 1.0]));
        assert_ne!(hash(vec![1.0f64, 2.0]), hash(vec![2.0f64, 1.0]));
        assert_eq!(hash(vec![1u8; 3000]), hash(std::collections::VecDeque::from(vec![1u8; 3000])));
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Mixed {
        Byte(u8),
        Short(u16),
        Text(&'static str),
    }

    #[test]
    fn a_row_may_end_before_the_sequence_does() {
        use Mixed::{Byte, Short, Text};

        let mixed = [
            hash(vec![Byte(1), Byte(2), Text("x")]),
            hash(vec![Byte(1), Text("x"), Byte(2)]),
            hash(vec![Text("x"), Byte(1), Byte(2)]),
            hash(vec![Byte(1), Short(2), Text("x")]),
            hash(vec![Short(1), Byte(2), Text("x")]),
            hash(vec![Byte(1), Byte(2)]),
            hash(vec![Byte(1), Short(2)]),
        ];
        for (index, one) in mixed.iter().enumerate() {
            assert!(!mixed[index + 1..].contains(one), "{index}");
        }
        assert_eq!(hash(vec![Byte(1), Byte(2)]), hash(vec![1u8, 2]));
    }

    #[test]
    fn large_inputs_are_hashed_in_chunks_to_the_same_end() {
        let large: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        let mut bytes = canonical_bytes(&large).expect("hashable");
        assert_eq!(hash(&large), blake3::hash(&bytes));
        bytes.clear();
    }

    #[test]
    fn arguments_are_hashed_one_by_one() {
        let digests = hash_arguments(&(1u8, "x")).expect("a tuple");
        assert_eq!(digests, [KeyDigest(*hash(1u8).as_bytes()), KeyDigest(*hash("x").as_bytes())]);
        assert!(hash_arguments(&()).expect("no arguments").is_empty());
        assert!(hash_arguments(&1u8).is_err());
    }
}
