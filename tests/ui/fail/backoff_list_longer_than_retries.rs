use orch::task;

#[task(retries = 2, backoff = ["1s", "5s", "30s"])]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
