use orch::task;

#[task]
fn f(count: u8) -> impl Iterator<Item = u8> {
    0..count
}

async fn caller() -> Result<(), orch::Error> {
    let _numbers = f(1).await?;
    Ok(())
}

fn main() {}
