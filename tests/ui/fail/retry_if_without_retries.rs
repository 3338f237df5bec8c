use orch::task;

fn is_temporary(_: &String) -> bool {
    true
}

#[task(retry_if = is_temporary)]
async fn f(x: u8) -> Result<u8, String> {
    Ok(x)
}

fn main() {}
