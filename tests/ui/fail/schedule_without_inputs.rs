use orch::flow;

#[flow(cron = "0 9 * * *")]
async fn f(url: String, budget: u32) {
    let _ = (url, budget);
}

#[flow(schedule(name = "mornings", cron = "0 9 * * *", with(url = "https://shop.example/1")))]
async fn g(url: String, budget: u32) {
    let _ = (url, budget);
}

fn main() {}
