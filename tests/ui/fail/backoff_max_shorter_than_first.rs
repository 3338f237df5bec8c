use orch::task;

#[task(retries = 3, backoff = linear("10s", max = "5s"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
