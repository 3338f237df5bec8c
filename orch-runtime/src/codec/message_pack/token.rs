//! MessagePack, one token after another. Reads from a slice: a length that is wrong is an error and not an
//! allocation.

use rmp::Marker;

use super::super::Refusal;

/// Lists and maps inside of each other, before a value is refused instead of overflowing the stack.
const DEPTH: u16 = 128;

/// What comes next; the length of a list or map, whose elements follow.
pub(super) enum Token<'de> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Text(&'de str),
    Bytes(&'de [u8]),
    List(u32),
    Map(u32),
}

/// What is left to read.
pub(super) struct Tokens<'de> {
    rest: &'de [u8],
    depth: u16,
}

impl<'de> Tokens<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, depth: DEPTH }
    }

    pub(super) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    /// That all of it was read.
    pub(super) fn end(self) -> Result<(), Refusal> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Refusal(format!("{left} bytes are left over"))),
        }
    }

    pub(super) fn deeper(&mut self) -> Result<(), Refusal> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| Refusal(format!("more than {DEPTH} lists and maps are inside of each other")))?;
        Ok(())
    }

    pub(super) fn higher(&mut self) {
        self.depth += 1;
    }

    /// Skips this token, if it comes next.
    pub(super) fn skip(&mut self, marker: Marker) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == marker.to_u8() => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(super) fn next(&mut self) -> Result<Token<'de>, Refusal> {
        let [marker] = self.bytes()?;
        Ok(match Marker::from_u8(marker) {
            Marker::Null => Token::Nil,
            Marker::True => Token::Bool(true),
            Marker::False => Token::Bool(false),
            Marker::FixPos(value) => Token::Unsigned(value.into()),
            Marker::U8 => Token::Unsigned(u8::from_be_bytes(self.bytes()?).into()),
            Marker::U16 => Token::Unsigned(u16::from_be_bytes(self.bytes()?).into()),
            Marker::U32 => Token::Unsigned(u32::from_be_bytes(self.bytes()?).into()),
            Marker::U64 => Token::Unsigned(u64::from_be_bytes(self.bytes()?)),
            Marker::FixNeg(value) => Token::Signed(value.into()),
            Marker::I8 => Token::Signed(i8::from_be_bytes(self.bytes()?).into()),
            Marker::I16 => Token::Signed(i16::from_be_bytes(self.bytes()?).into()),
            Marker::I32 => Token::Signed(i32::from_be_bytes(self.bytes()?).into()),
            Marker::I64 => Token::Signed(i64::from_be_bytes(self.bytes()?)),
            Marker::F32 => Token::F32(f32::from_be_bytes(self.bytes()?)),
            Marker::F64 => Token::F64(f64::from_be_bytes(self.bytes()?)),
            Marker::FixStr(len) => self.text(len.into())?,
            Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                let len = self.len(marker - Marker::Str8.to_u8())?;
                self.text(len)?
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                let len = self.len(marker - Marker::Bin8.to_u8())?;
                Token::Bytes(self.take(len)?)
            }
            Marker::FixArray(len) => Token::List(len.into()),
            Marker::Array16 | Marker::Array32 => Token::List(self.len(1 + marker - Marker::Array16.to_u8())?),
            Marker::FixMap(len) => Token::Map(len.into()),
            Marker::Map16 | Marker::Map32 => Token::Map(self.len(1 + marker - Marker::Map16.to_u8())?),
            other => return Err(Refusal(format!("{other:?} is not expected"))),
        })
    }

    /// A length of 1, 2 or 4 bytes.
    fn len(&mut self, power: u8) -> Result<u32, Refusal> {
        Ok(match power {
            0 => u8::from_be_bytes(self.bytes()?).into(),
            1 => u16::from_be_bytes(self.bytes()?).into(),
            _ => u32::from_be_bytes(self.bytes()?),
        })
    }

    fn text(&mut self, len: u32) -> Result<Token<'de>, Refusal> {
        std::str::from_utf8(self.take(len)?).map(Token::Text).map_err(Refusal::new)
    }

    fn take(&mut self, len: u32) -> Result<&'de [u8], Refusal> {
        let (taken, rest) = self.rest.split_at_checked(len as usize).ok_or_else(too_short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes<const LEN: usize>(&mut self) -> Result<[u8; LEN], Refusal> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(too_short)?;
        self.rest = rest;
        Ok(*taken)
    }
}

fn too_short() -> Refusal {
    Refusal::new("it ends too early")
}
