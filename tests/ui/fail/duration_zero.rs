use orch::task;

#[task(timeout = "0s", cache(ttl = "0ms"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
