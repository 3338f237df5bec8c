use orch::flow;

#[flow(on = event("order paid"))]
async fn f<T>(value: T)
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
{
    let _ = value;
}

fn main() {}
