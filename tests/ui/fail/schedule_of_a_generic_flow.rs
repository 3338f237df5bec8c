use orch::flow;

#[flow(every = "5m", with(x = 1))]
async fn f<T: serde::Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static>(x: T) {
    let _ = x;
}

fn main() {}
