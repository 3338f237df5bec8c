use orch::task;

#[task(limits(memory = |attempt| attempt as f64 * 1.5))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
