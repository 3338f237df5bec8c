use orch::task;

#[task(retries = 3, backoff = exponental("1s", max = "10s"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
