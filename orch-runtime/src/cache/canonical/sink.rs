//! Where canonical bytes go.

/// Bytes that are collected before they go to the hasher.
const CHUNK: usize = 16 * 1024;

/// Canonical forms up to this length never leave the stack.
pub(super) const SHORT: usize = 128;

/// Collects canonical bytes: short forms on the stack, longer ones in a buffer that goes to the hasher in chunks.
pub(super) struct Sink {
    short: [u8; SHORT],
    filled: usize,
    /// Everything, once it is longer.
    long: Option<Box<Long>>,
    /// Sorted maps need the bytes of their entries back.
    keep: bool,
}

struct Long {
    bytes: Vec<u8>,
    hasher: Option<blake3::Hasher>,
}

impl Sink {
    pub(super) fn new(keep: bool) -> Self {
        Self { short: [0; SHORT], filled: 0, long: None, keep }
    }

    #[inline]
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        match self.short.get_mut(self.filled..end) {
            Some(room) if self.long.is_none() => {
                room.copy_from_slice(bytes);
                self.filled = end;
            }
            _ => self.add_long(bytes),
        }
    }

    #[cold]
    fn add_long(&mut self, bytes: &[u8]) {
        let long = self.long.get_or_insert_with(|| {
            let mut start = Vec::with_capacity(8 * SHORT);
            start.extend_from_slice(&self.short[..self.filled]);
            // The beginning stays here too, for those who show it.
            let room = &mut self.short[self.filled..];
            let fits = room.len().min(bytes.len());
            room[..fits].copy_from_slice(&bytes[..fits]);
            self.filled += fits;
            Box::new(Long { bytes: start, hasher: None })
        });
        if !self.keep && long.bytes.len() + bytes.len() > CHUNK {
            let hasher = long.hasher.get_or_insert_with(blake3::Hasher::new);
            hasher.update(&long.bytes);
            long.bytes.clear();
            if bytes.len() > CHUNK {
                hasher.update(bytes);
                return;
            }
        }
        long.bytes.extend_from_slice(bytes);
    }

    pub(super) fn tag(&mut self, tag: Tag) {
        self.raw(&[tag as u8]);
    }

    pub(super) fn tagged(&mut self, tag: Tag, bytes: &[u8]) {
        self.tag(tag);
        self.raw(bytes);
    }

    /// A tag and the bytes of a number, in one go.
    #[inline]
    pub(super) fn number<const N: usize>(&mut self, tag: Tag, bytes: [u8; N]) {
        match self.short.get_mut(self.filled..self.filled + N + 1) {
            Some(room) if self.long.is_none() => {
                room[0] = tag as u8;
                room[1..].copy_from_slice(&bytes);
                self.filled += N + 1;
            }
            _ => self.tagged(tag, &bytes),
        }
    }

    /// A tag, a length, and that many bytes.
    pub(super) fn text(&mut self, tag: Tag, bytes: &[u8]) {
        self.number(tag, (bytes.len() as u64).to_le_bytes());
        self.raw(bytes);
    }

    /// The beginning of everything, and whether it is all of it.
    pub(super) fn beginning(&self) -> (&[u8], bool) {
        (&self.short[..self.filled], self.long.is_none())
    }

    /// Hash of everything.
    pub(super) fn finish(self) -> blake3::Hash {
        match self.long {
            None => blake3::hash(&self.short[..self.filled]),
            Some(long) => match long.hasher {
                None => blake3::hash(&long.bytes),
                Some(mut hasher) => hasher.update(&long.bytes).finalize(),
            },
        }
    }

    /// The bytes themselves, of a sink that keeps them.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self.long {
            None => self.short[..self.filled].to_vec(),
            Some(long) => long.bytes,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(u8)]
pub(super) enum Tag {
    Unit = 1,
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Text,
    Bytes,
    None,
    Some,
    List,
    Struct,
    Field,
    Variant,
    Map,
    Digest,
    End,
    Run,
}

impl Tag {
    const ALL: [Self; 27] = [
        Self::Unit,
        Self::Bool,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::I128,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::U128,
        Self::F32,
        Self::F64,
        Self::Char,
        Self::Text,
        Self::Bytes,
        Self::None,
        Self::Some,
        Self::List,
        Self::Struct,
        Self::Field,
        Self::Variant,
        Self::Map,
        Self::Digest,
        Self::End,
        Self::Run,
    ];

    /// The tag of this number; they begin with 1 and have no gaps.
    pub(super) fn of(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte).checked_sub(1)?).copied().filter(|tag| *tag as u8 == byte)
    }
}
