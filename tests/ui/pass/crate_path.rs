//! `crate = path`: the library under another name.

mod shop {
    pub(crate) mod reexports {
        pub(crate) use orch::*;
    }
}

use shop::reexports::{flow, task};

#[task(crate = crate::crate_path::shop::reexports)]
async fn absolute(x: &str, #[provided] _pool: &String) -> Result<usize, String> {
    Ok(x.len())
}

#[flow(crate = shop::reexports)]
fn relative(x: u8) -> u8 {
    x
}

async fn caller() -> Result<(), orch::Error> {
    absolute("x").await?;
    let call: orch::Call<u8, orch::Flow> = relative(1);
    call.await?;
    Ok(())
}
