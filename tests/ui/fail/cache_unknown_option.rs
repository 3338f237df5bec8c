use orch::task;

#[task(cache(tll = "5m"))]
async fn f(x: u8) -> u8 {
    x
}

#[task(cache(refresh))]
async fn g(x: u8) -> u8 {
    x
}

fn main() {}
