use orch::flow;

struct Order {
    id: u64,
}

fn is_large(order: &Order) -> bool {
    order.id > 7
}

#[flow(on = event("order paid", filter = is_large))]
async fn f(id: u64) {
    let _ = id;
}

fn main() {}
