use orch::task;

struct Pool;

#[task]
async fn f(#[skip] x: u8, #[inject] db: &Pool) -> u8 {
    let _ = db;
    x
}

fn main() {}
