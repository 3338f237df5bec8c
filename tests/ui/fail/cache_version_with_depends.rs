use orch::task;

#[task]
fn g(x: u8) -> u8 {
    x
}

#[task(cache(version = "2", depends(g)))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
