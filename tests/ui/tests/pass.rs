//! What the attributes take. Each file in `pass/` is a module here, so that all are compiled at once; that they compile,
//! without a warning, is the test.

#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(dead_code, clippy::unused_unit)]

#[path = "../pass/attributes.rs"]
mod attributes;
#[path = "../pass/cache.rs"]
mod cache;
#[path = "../pass/crate_path.rs"]
mod crate_path;
#[path = "../pass/generics.rs"]
mod generics;
#[path = "../pass/hygiene.rs"]
mod hygiene;
#[path = "../pass/limits.rs"]
mod limits;
#[path = "../pass/macro_rules.rs"]
mod macro_rules;
#[path = "../pass/options.rs"]
mod options;
#[path = "../pass/parameters.rs"]
mod parameters;
#[path = "../pass/places.rs"]
mod places;
#[path = "../pass/results.rs"]
mod results;
#[path = "../pass/schedules.rs"]
mod schedules;
#[path = "../pass/triggers.rs"]
mod triggers;
#[path = "../pass/warnings.rs"]
mod warnings;

#[test]
fn it_compiles() {}
