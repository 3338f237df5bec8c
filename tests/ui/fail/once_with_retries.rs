use orch::task;

#[task(once, retries = 3)]
async fn f(x: u8) -> Result<u8, String> {
    Ok(x)
}

fn main() {}
