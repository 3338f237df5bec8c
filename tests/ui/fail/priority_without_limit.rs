use orch::task;

#[task(priority = 3)]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
