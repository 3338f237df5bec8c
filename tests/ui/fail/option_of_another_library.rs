use orch::task;

#[task(max_attempts = 3, retry_delay = "1s")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
