use orch::task;

#[task(cache(max_size = "100mb"))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
