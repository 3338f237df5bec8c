use orch::task;

#[task(name = "shop::f", formerly = ["shop::g", "shop::f"])]
async fn f(x: u8) -> u8 {
    x
}

fn main() {}
