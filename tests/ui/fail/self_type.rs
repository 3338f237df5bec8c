use orch::task;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Shop;

impl Shop {
    #[task]
    async fn copy(shop: Self) -> u32 {
        let _ = shop;
        1
    }
}

async fn caller() -> Result<u32, orch::Error> {
    Shop::copy(Shop).await
}

fn main() {}
