use orch::task;

struct Pool;

#[task]
async fn f(x: u8, #[provided("main")] db: &Pool) -> u8 {
    let _ = db;
    x
}

fn main() {}
