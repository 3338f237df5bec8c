//! The flows.

use orch::{prelude::*, testing::crash_matrix};

#[task]
async fn work(n: u64) -> u64 {
    n * 10
}

#[flow]
async fn sequence() -> Result<u64, Error> {
    let mut sum = 0;
    for n in 0..4 {
        sum += work(n).await?;
    }
    Ok(sum)
}

#[test]
fn a_sequence() {
    let matrix = crash_matrix(sequence);
    println!("{matrix}");
    matrix.assert_sound();
}
