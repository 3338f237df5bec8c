//! A flow that is killed at every change of its journal, and resumed: what ran again, and whether the result is the
//! same.
//!
//! ```text
//! cargo run --features crash-points --example crash_matrix
//! ```

use orch::{prelude::*, testing::crash_matrix};

#[task]
async fn reserve(product: u64) -> u64 {
    product * 100
}

#[task(retries = 2, backoff = fixed("1ms"))]
async fn charge(payment: String, amount: u64) -> Result<u64, String> {
    if orch::ctx().attempt() == 1 {
        return Err(format!("the bank does not answer to {payment}"));
    }
    Ok(amount)
}

#[task]
async fn ship(product: u64, paid: u64) -> String {
    format!("product {product} for {paid}")
}

/// Every process that is killed in it leaves the next one to go on: nothing that was recorded is done again, and a payment
/// that was in flight has the same id.
#[flow]
async fn order(product: u64) -> Result<String, Error> {
    let reserved = reserve(product).await?;
    let payment = orch::uuid().await;
    let paid = charge(payment.to_string(), reserved).await?;
    ship(product, paid).await
}

fn main() {
    let matrix = crash_matrix(|| order(7));
    print_table(&matrix);
    matrix.assert_sound();
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn print_table(matrix: &orch::testing::CrashMatrix) {
    println!("{matrix}");
}
