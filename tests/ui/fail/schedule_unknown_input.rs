use orch::flow;

#[flow(cron = "0 9 * * *", with(urll = "https://shop.example/1"))]
async fn f(url: String) {
    let _ = url;
}

#[flow(cron = "0 9 * * *", with(budget = 120))]
async fn g() {}

fn main() {}
