use orch::task;

struct Shop;

impl Shop {
    #[task]
    async fn price(&self, url: &str) -> Result<u32, String> {
        Ok(url.len() as u32)
    }
}

async fn caller() -> Result<u32, orch::Error> {
    Shop.price("x").await
}

fn main() {}
