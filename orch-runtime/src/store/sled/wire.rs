//! Bytes of records: variable-length numbers, texts, and the numbers that stand for states. What stands here is
//! on people's disks: numbers are added, never given another meaning.

use crate::{
    definition::DefinitionKind,
    error::ErrorKind,
    state::{Notice, RunState, TaskState},
    store::Trigger,
};

/// Stored bytes that cannot be what this library wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damaged(pub(super) &'static str);

/// Writes.
#[derive(Default)]
pub(super) struct Out(pub(super) Vec<u8>);

impl Out {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn uint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number that is small on either side of zero.
    pub(super) fn int(&mut self, number: i64) {
        self.uint(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn wide(&mut self, number: u128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.uint(bytes.len() as u64);
        self.raw(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(super) fn code(&mut self, value: impl Code) {
        self.byte(value.code());
    }
}

/// Reads what [`Out`] wrote. A length that is wrong is an error and not an allocation.
pub(super) struct In<'a>(pub(super) &'a [u8]);

impl<'a> In<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or(Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn uint(&mut self) -> Result<u64, Damaged> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged("a number is too long"))
    }

    pub(super) fn small(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.uint()?).map_err(|_| Damaged("a number is too large"))
    }

    pub(super) fn int(&mut self) -> Result<i64, Damaged> {
        let number = self.uint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn raw(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let mut array = [0; N];
        array.copy_from_slice(self.raw(N)?);
        Ok(array)
    }

    pub(super) fn wide(&mut self) -> Result<u128, Damaged> {
        self.array().map(u128::from_le_bytes)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let length = usize::try_from(self.uint()?).map_err(|_| Damaged("a length is too large"))?;
        self.raw(length)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged("a text is not UTF-8"))
    }

    pub(super) fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Option<T>, Damaged> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Damaged("a mark is neither yes nor no")),
        }
    }

    pub(super) fn code<T: Code>(&mut self) -> Result<T, Damaged> {
        T::from_code(self.byte()?).ok_or(Damaged("a code is unknown"))
    }
}

/// A plain enum with a number for each of its values.
pub(super) trait Code: Sized + Copy {
    fn code(self) -> u8;
    fn from_code(code: u8) -> Option<Self>;
}

macro_rules! codes {
    ($($type:ident { $($variant:ident = $code:literal),+ $(,)? })+) => {$(
        impl Code for $type {
            fn code(self) -> u8 {
                match self { $(Self::$variant => $code),+ }
            }
            fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

codes! {
    TaskState {
        Pending = 0, AwaitingPermit = 1, Running = 2, AwaitingRetry = 3, Completed = 4, Cached = 5, Failed = 6,
        TimedOut = 7, Cancelled = 8, Skipped = 9, Unknown = 10,
    }
    RunState {
        Scheduled = 0, Pending = 1, Running = 2, Suspended = 3, Cancelling = 4, Completed = 5, Failed = 6,
        TimedOut = 7, Cancelled = 8, Crashed = 9,
    }
    Notice {
        NeverStarted = 0, Dropped = 1, Abandoned = 2, Diverged = 3, OutsideScope = 4, WaitingForStarted = 5,
        CacheFault = 6, CacheMiss = 7, WaitingForSignal = 8, SignalSent = 9, SignalsLeft = 10, Unresolved = 11,
    }
    ErrorKind {
        Failed = 0, TimedOut = 1, Panicked = 2, Cancelled = 3, UpstreamFailed = 4, Store = 5, Diverged = 6,
        Input = 7, Output = 8, Missing = 9, Definition = 10, Runtime = 11, Crashed = 12,
        Limit = 13,
    }
    Trigger {
        Call = 0, Parent = 1, Rerun = 2, Schedule = 3, Backfill = 4, After = 5, Event = 6, File = 7, Absence = 8,
        Overrun = 9,
    }
    DefinitionKind { Task = 0, Flow = 1 }
}

/// How many task states there are.
pub(super) const TASK_STATES: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let mut out = Out::default();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        numbers.iter().for_each(|number| out.uint(*number));
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -300];
        signed.iter().for_each(|number| out.int(*number));
        let mut read = In(&out.0);
        assert_eq!(numbers.map(|_| read.uint().expect("a number")), numbers);
        assert_eq!(signed.map(|_| read.int().expect("a number")), signed);
        assert!(read.is_empty());
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(In(&[0xff; 11]).uint().is_err());
        assert!(In(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2]).bytes().is_err());
        assert!(In(&[2, 0xc3, 0x28]).text().is_err());
        assert!(In(&[11]).code::<TaskState>().is_err());
        assert!(In(&[2]).maybe(In::byte).is_err());
        assert!(In(&[]).byte().is_err());
    }
}
