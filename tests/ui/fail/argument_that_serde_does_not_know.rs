use orch::task;

struct Order;

#[task]
async fn f(id: u8, order: Order) -> u8 {
    let _ = order;
    id
}

fn main() {}
