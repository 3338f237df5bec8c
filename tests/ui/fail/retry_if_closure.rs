use orch::task;

#[task(retries = 3, retry_if = |error| error.is_empty())]
async fn f(x: u8) -> Result<u8, String> {
    Ok(x)
}

fn main() {}
