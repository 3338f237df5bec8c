use orch::flow;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Order {
    id: u64,
}

#[flow(on = event("order paid", filter = |order| order.id > 7))]
async fn no_type(id: u64) {
    let _ = id;
}

#[flow(on = event("order paid", filter = |order: Order| order.id > 7))]
async fn by_value(id: u64) {
    let _ = id;
}

#[flow(on = event("order paid", filter = || true))]
async fn of_nothing(id: u64) {
    let _ = id;
}

#[flow(on = event("order paid", filter = "id > 7"))]
async fn a_text(id: u64) {
    let _ = id;
}

#[flow(on = absent("heartbeat", "5m", filter = |_: &()| true))]
async fn of_what_did_not_happen() {}

#[flow(on = event("order paid", when = |order: &Order| order.id > 7))]
async fn another_word(id: u64) {
    let _ = id;
}

#[flow(on = event("order paid", settle = "2s"))]
async fn of_files(id: u64) {
    let _ = id;
}

fn main() {}
