//! From tokens to whatever a type asks for.

use rmp::Marker;
use serde::{
    Deserialize,
    de::{self, DeserializeSeed, Visitor},
    forward_to_deserialize_any,
};

use super::{
    super::Refusal,
    token::{Token, Tokens},
};

impl de::Error for Refusal {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

impl<'de> de::Deserializer<'de> for &mut Tokens<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.next()? {
            Token::Nil => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Unsigned(value) => visitor.visit_u64(value),
            Token::Signed(value) => visitor.visit_i64(value),
            Token::F32(value) => visitor.visit_f32(value),
            Token::F64(value) => visitor.visit_f64(value),
            Token::Text(value) => visitor.visit_borrowed_str(value),
            Token::Bytes(value) => visitor.visit_borrowed_bytes(value),
            Token::List(left) => {
                let mut elements = Elements::begin(self, left)?;
                let value = visitor.visit_seq(&mut elements)?;
                elements.end()?;
                Ok(value)
            }
            Token::Map(left) => {
                let mut entries = Elements::begin(self, left)?;
                let value = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.skip(Marker::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        // It is written as a list of nothing, unlike a unit.
        if self.skip(Marker::FixArray(0)) { visitor.visit_unit() } else { self.deserialize_any(visitor) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        // A name, or a map from the name to what the variant holds.
        let holds = self.skip(Marker::FixMap(1));
        self.deeper()?;
        let value = visitor.visit_enum(Variant { tokens: &mut *self, holds })?;
        self.higher();
        Ok(value)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_i128(i128::from_be_bytes(wide(self)?))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_u128(u128::from_be_bytes(wide(self)?))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// A number of 128 bits is written as 16 bytes.
fn wide(tokens: &mut Tokens<'_>) -> Result<[u8; 16], Refusal> {
    match tokens.next()? {
        Token::Bytes(bytes) => bytes.try_into().map_err(Refusal::new),
        _ => Err(Refusal::new("a number of 128 bits is expected")),
    }
}

/// A list or map under way.
struct Elements<'a, 'de> {
    tokens: &'a mut Tokens<'de>,
    left: u32,
    /// What began with the key of the entry under way, for messages.
    key: &'de [u8],
}

impl<'a, 'de> Elements<'a, 'de> {
    fn begin(tokens: &'a mut Tokens<'de>, left: u32) -> Result<Self, Refusal> {
        tokens.deeper()?;
        Ok(Self { tokens, left, key: &[] })
    }

    fn take(&mut self) -> bool {
        let some = self.left > 0;
        self.left -= u32::from(some);
        some
    }

    fn end(self) -> Result<(), Refusal> {
        self.tokens.higher();
        match self.left {
            0 => Ok(()),
            left => Err(Refusal(format!("{left} elements are left over"))),
        }
    }
}

impl<'de> de::SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        if self.take() { seed.deserialize(&mut *self.tokens).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

impl<'de> de::MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        self.key = self.tokens.rest();
        if self.take() { seed.deserialize(&mut *self.tokens).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        seed.deserialize(&mut *self.tokens).map_err(|refusal| within(self.key, refusal))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

/// A value that was refused, with the name of its field.
#[cold]
fn within(key: &[u8], refusal: Refusal) -> Refusal {
    let Ok(Token::Text(field)) = Tokens::new(key).next() else { return refusal };
    Refusal(match refusal.0.strip_prefix(FIELD) {
        Some(inner) => format!("{FIELD}{field}.{inner}"),
        None => format!("{FIELD}{field}`: {}", refusal.0),
    })
}

/// What the message about a field begins with.
const FIELD: &str = "field `";

/// A variant of an enum; a mere name holds nothing.
struct Variant<'a, 'de> {
    tokens: &'a mut Tokens<'de>,
    holds: bool,
}

impl<'a, 'de> Variant<'a, 'de> {
    fn content(self) -> Result<&'a mut Tokens<'de>, Refusal> {
        if self.holds { Ok(self.tokens) } else { Err(Refusal::new("the variant holds nothing")) }
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        Ok((seed.deserialize(&mut *self.tokens)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        if self.holds { <()>::deserialize(self.tokens) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refusal> {
        de::Deserializer::deserialize_any(self.content()?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        de::Deserializer::deserialize_any(self.content()?, visitor)
    }
}
