use orch::{flow, task};

#[task]
struct Shop {
    name: String,
}

#[flow]
impl Shop {
    fn name(&self) -> &str {
        &self.name
    }
}

fn caller(shop: Shop) -> usize {
    shop.name().len()
}

fn main() {}
