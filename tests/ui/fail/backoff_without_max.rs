use orch::task;

#[task(retries = 3, backoff = exponential("1s"))]
async fn f(x: u8) -> u8 {
    x
}

#[task(retries = 3, backoff = linear("1s", jitter))]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
