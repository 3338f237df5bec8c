use orch::task;

#[task(retries = 0, retry_budget = "10m")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
