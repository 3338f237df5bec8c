#![deny(deprecated)]

use std::time::{Instant, SystemTime};

use orch::flow;

#[flow]
async fn f(id: Option<u64>) -> u64 {
    let started = Instant::now();
    let seconds = SystemTime::now().elapsed().map_or(0, |age| age.as_secs());
    let day = chrono::Utc::now();
    let drawn = rand::random::<u64>();
    let id = id.unwrap_or_else(uuid::Uuid::new_v4);
    started.elapsed().as_secs() + seconds + day + drawn + id
}

mod chrono {
    pub struct Utc;

    impl Utc {
        pub fn now() -> u64 {
            1
        }
    }
}

mod rand {
    pub fn random<T: From<u8>>() -> T {
        1.into()
    }
}

mod uuid {
    pub struct Uuid;

    impl Uuid {
        pub fn new_v4() -> u64 {
            1
        }
    }
}

fn main() {}
