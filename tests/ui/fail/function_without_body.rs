use orch::task;

trait Shop {
    #[task]
    async fn price(url: String) -> u32;
}

fn main() {}
