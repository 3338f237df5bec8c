use orch::task;

fn is_temporary(_: &std::io::Error) -> bool {
    true
}

#[task(retries = 3, retry_if = is_temporary)]
async fn f(x: u8) -> Result<u8, String> {
    Ok(x)
}

fn main() {}
