//! What survives, what is refused, and that no value is ever a wrong one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bytes;
mod kinds;
mod message_pack;
mod names;
mod processes;
mod random;
mod shapes;

use std::fmt::Debug;

use super::*;

/// The format in which a value was written, after it came back as it was.
fn comes_back<T: Stored + PartialEq + Debug>(value: &T) -> Format {
    let bytes = encode(value).unwrap();
    assert_eq!(decode::<T>(&bytes).unwrap(), *value);
    format::split(&bytes).unwrap().0
}

/// The same for values that are not equal to themselves.
fn comes_back_as_written<T: Stored + Debug>(value: &T) -> Format {
    let bytes = encode(value).unwrap();
    let again = decode::<T>(&bytes).unwrap();
    assert_eq!(format!("{again:?}"), format!("{value:?}"));
    format::split(&bytes).unwrap().0
}

/// Why a value cannot be written.
fn refused<T: Stored>(value: &T) -> String {
    encode(value).unwrap_err().to_string()
}

/// Why what one type wrote cannot be read by another.
fn misread<Writes: Stored, Reads: Stored + Debug>(value: &Writes) -> String {
    decode::<Reads>(&encode(value).unwrap()).unwrap_err().to_string()
}
