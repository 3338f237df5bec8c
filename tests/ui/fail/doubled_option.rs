use orch::task;

#[task(timeout = "1s", retries = 1, timeout = "2s")]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
