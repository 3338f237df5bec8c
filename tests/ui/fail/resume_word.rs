//! `resume` has two words.

use orch::prelude::*;

#[flow(resume = "sometimes")]
async fn report() -> u32 {
    1
}

fn main() {}
