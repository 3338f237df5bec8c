use orch::task;

#[task(retrise = 3)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
