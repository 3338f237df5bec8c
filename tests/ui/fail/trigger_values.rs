use orch::flow;

struct Pool;

#[flow]
async fn etl() {}

#[flow(on = event("order paid"), with(curency = "EUR"))]
async fn misspelt(id: u64, currency: String) {
    let _ = (id, currency);
}

#[flow(on = event("order paid", with(db = Pool)))]
async fn provided(id: u64, #[provided] db: &Pool) {
    let _ = (id, db);
}

#[flow(on = absent("heartbeat", "5m", with(a = 1)))]
async fn nothing_is_given(a: u8, b: u8, c: u8) {
    let _ = (a, b, c);
}

#[flow(on = failed(etl))]
async fn a_text_is_given(why: String, level: u8) {
    let _ = (why, level);
}

fn main() {}
