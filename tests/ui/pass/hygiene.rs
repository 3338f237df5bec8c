//! The expansion holds in modules that use its words for something else.

#![allow(non_camel_case_types)]

use orch::task;

mod core {}
mod std {}
mod alloc {}

struct Ok;
struct Err;
struct Some;
struct Vec;
struct Result;
trait Send {}
trait Clone {}
trait ToOwned {}
struct Definition;
struct Future;

const VALUE: u8 = 1;

#[task]
fn sync(value: u8, error: u8, key: u8, bytes: u8) -> ::core::result::Result<u8, ::std::string::String> {
    ::core::result::Result::Ok(value + error + key + bytes + VALUE)
}

fn is_temporary(_: &::std::string::String) -> bool {
    true
}

#[task(retries = 1, retry_if = is_temporary, cache(key = |key, value| (*key, *value)))]
async fn asynchronous(
    value: u8,
    verdict: u8,
    key: u8,
    error: &str,
) -> ::core::result::Result<u8, ::std::string::String> {
    ::core::result::Result::Ok(value + verdict + key + error.len() as u8)
}

#[task]
async fn no_prelude_names(result: u8, run: u8, args: u8, definition: u8) -> u8 {
    let (Ok, Err, Some, Vec, Result, Definition, Future) = (Ok, Err, Some, Vec, Result, Definition, Future);
    result + run + args + definition
}

async fn caller() -> ::core::result::Result<(), orch::Error> {
    sync(1, 2, 3, 4).await?;
    asynchronous(1, 2, 3, "x").await?;
    no_prelude_names(1, 2, 3, 4).await?;
    ::core::result::Result::Ok(())
}
