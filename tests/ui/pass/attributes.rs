//! Docs, lint levels and other attributes, in a module where every warning is an error.

#![deny(warnings, missing_docs, unused_qualifications, clippy::all)]

use orch::{flow, task};

/// Documented.
#[task]
#[inline]
pub fn inlined(x: u8) -> u8 {
    x
}

#[task]
#[allow(unused_variables)]
fn lint_level_reaches_the_body(x: u8) -> u8 {
    let unused = 1;
    2
}

#[task]
#[expect(unused_variables)]
fn expectation_is_met_once(x: u8) -> u8 {
    let unused = 1;
    2
}

#[task]
#[must_use]
fn bare_must_use(x: u8) -> u8 {
    x
}

#[task]
#[must_use = "the price is why one calls"]
fn must_use_with_reason(x: u8) -> u8 {
    x
}

#[cfg(not(any()))]
#[task]
#[cfg(not(any()))]
fn present(x: u8) -> u8 {
    x
}

#[cfg(any())]
#[task]
fn absent(x: NoSuchType) -> u8 {
    x
}

#[task]
#[cfg_attr(not(any()), doc = "Documented.")]
#[rustfmt::skip]
async fn conditional(x: u8) -> u8 { x }

#[task]
fn attribute_of_a_parameter(#[allow(unused_variables)] x: u8) {}

#[task]
fn inner_attributes(x: u8) -> u8 {
    #![allow(unused_variables)]
    let unused = 1;
    x
}

#[flow]
fn private_flow_is_not_dead_code() {}

pub(crate) async fn caller() -> Result<(), orch::Error> {
    let _: u8 = inlined(1).await?;
    lint_level_reaches_the_body(1).await?;
    expectation_is_met_once(1).await?;
    let _: u8 = bare_must_use(1).await? + must_use_with_reason(1).await? + present(1).await?;
    conditional(1).await?;
    attribute_of_a_parameter(1).await?;
    inner_attributes(1).await?;
    Ok(())
}
