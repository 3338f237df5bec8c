use orch::flow;

#[flow(cron = "0 9 * * *", with(url = 7, budget = "120"))]
async fn f(url: String, budget: u32) {
    let _ = (url, budget);
}

fn main() {}
