use orch::task;

#[task(limits(memory = || 2))]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
