use orch::flow;

#[derive(Clone)]
struct Order;

struct Page;

struct Receipt;

#[flow]
fn f(id: u8, orders: Vec<Order>, page: Page) -> Receipt {
    let _ = (id, orders, page);
    Receipt
}

fn main() {}
