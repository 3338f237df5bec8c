use orch::flow;

#[flow(cron = "0 9 * * *", with(budget = 1, budget = 2))]
async fn f(budget: u32) {
    let _ = budget;
}

fn main() {}
