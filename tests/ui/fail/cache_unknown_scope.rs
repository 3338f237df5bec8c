use orch::task;

#[task(cache(scope = runs))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
