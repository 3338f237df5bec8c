//! Cancellation, whichever way it comes, reaches everything below, and nothing outlives its run.

mod below;
mod moments;

use orch::prelude::*;

#[task]
async fn breaks() -> Result<(), String> {
    Err("it broke".to_owned())
}
