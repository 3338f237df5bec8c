//! The shop's server on this machine: a day's orders, page by page.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use anyhow::Context;
use tiny_http::{Request, Response, Server};

use super::data;

/// Pages that are not there at once: so many requests for each are answered with 503 first.
const BUSY_PAGES: [&str; 2] = ["3", "11"];
const BUSY_REQUESTS: u32 = 2;

/// A shop that is open until it is dropped.
pub(crate) struct Shop {
    server: Arc<Server>,
    address: SocketAddr,
    requests: Arc<Mutex<HashMap<String, u32>>>,
    keeper: Option<JoinHandle<()>>,
}

impl Shop {
    /// Opens the shop on a free port of the loopback interface.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let server = Server::http(("127.0.0.1", 0)).map_err(|error| anyhow::anyhow!(error));
        let server = Arc::new(server.context("the shop cannot open")?);
        let address = server.server_addr().to_ip().context("the shop has no address")?;
        let requests = Arc::new(Mutex::new(HashMap::new()));
        let (behind_the_counter, counted) = (server.clone(), requests.clone());
        let keeper = thread::Builder::new().name("shop".into()).spawn(move || {
            for request in behind_the_counter.incoming_requests() {
                let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
                let count = counted.entry(request.url().to_owned()).or_insert(0);
                *count += 1;
                serve(request, *count);
            }
        })?;
        Ok(Self { server, address, requests, keeper: Some(keeper) })
    }

    /// The address below which the orders are.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often each path was asked for.
    #[allow(dead_code, reason = "one of the two examples asks only in its tests")]
    pub(crate) fn requests(&self) -> HashMap<String, u32> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(keeper) = self.keeper.take() {
            // A keeper who panicked has said so on standard error.
            let _ = keeper.join();
        }
    }
}

/// `/orders/DAY` says how many pages there are, `/orders/DAY/PAGE` gives one.
fn serve(request: Request, count: u32) {
    let path: Vec<_> = request.url().split('/').skip(1).collect();
    let (status, text) = match path[..] {
        ["orders", _, page] if BUSY_PAGES.contains(&page) && count <= BUSY_REQUESTS => {
            (503, "too many customers".to_owned())
        }
        ["orders", _] => (200, data::PAGES.to_string()),
        ["orders", day, page] => {
            match page.parse().ok().and_then(|page: usize| data::pages(day).into_iter().nth(page)) {
                Some(rows) => (200, data::csv(&rows)),
                None => (404, "no such page".to_owned()),
            }
        }
        _ => (404, "no such path".to_owned()),
    };
    // A customer who has left needs no answer.
    let _ = request.respond(Response::from_string(text).with_status_code(status));
}
