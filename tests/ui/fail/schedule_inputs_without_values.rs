use orch::flow;

#[flow(cron = "0 9 * * *", with(budget))]
async fn f(budget: u32) {
    let _ = budget;
}

#[flow(cron = "0 9 * * *", with = 120)]
async fn g(budget: u32) {
    let _ = budget;
}

fn main() {}
