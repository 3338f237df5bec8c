use orch::task;

struct Pool;

#[task(skip(db))]
async fn f(x: u8, #[provided] db: &Pool) -> u8 {
    let _ = db;
    x
}

fn main() {}
