use orch::flow;

struct Pool;

#[flow(cron = "0 9 * * *", with(db = Pool))]
async fn f(#[provided] db: &Pool) {
    let _ = db;
}

fn main() {}
