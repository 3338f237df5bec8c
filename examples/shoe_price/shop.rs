//! A small shop on this machine, so that the example has a page to watch.

use std::{
    io::Cursor,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
};

use anyhow::Context;
use tiny_http::{Header, Request, Response, Server};

/// One answer of the shop.
#[derive(Clone, Copy)]
enum Answer {
    /// The product page with this price.
    Price(&'static str),
    /// 503, and nothing said about when to come back.
    Busy,
    /// 503, with a `Retry-After` of so many seconds.
    BusyFor(u32),
}
use Answer::{Busy, BusyFor, Price};

/// What the shop answers, request by request; the last answer stays.
const ANSWERS: [Answer; 14] = [
    Price("€ 1.149,00"),
    Price("€ 149,90"),
    Price("€ 149,90"),
    Busy,
    Price("€ 149,90"),
    Price("€ 139,-"),
    BusyFor(1),
    Price("€ 139,-"),
    Price("€ 149,90"),
    Busy,
    Busy,
    Price("€ 129,50"),
    Price("€ 129,50"),
    Price("€ 119,00"),
];

/// A shop that is open until it is dropped.
pub(crate) struct Shop {
    server: Arc<Server>,
    address: SocketAddr,
    keeper: Option<JoinHandle<()>>,
}

impl Shop {
    /// Opens the shop on a free port of the loopback interface.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let server = Server::http(("127.0.0.1", 0)).map_err(|error| anyhow::anyhow!(error));
        let server = Arc::new(server.context("the shop cannot open")?);
        let address = server.server_addr().to_ip().context("the shop has no address")?;
        let behind_the_counter = server.clone();
        let keeper = thread::Builder::new().name("shop".into()).spawn(move || {
            let mut answers = ANSWERS.into_iter();
            for request in behind_the_counter.incoming_requests() {
                let answer = match request.url() {
                    PATH => answers.next().or(ANSWERS.last().copied()),
                    _ => None,
                };
                serve(request, answer);
            }
        })?;
        Ok(Self { server, address, keeper: Some(keeper) })
    }

    /// The address of the product page.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
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

const PATH: &str = "/shoes/1";

fn serve(request: Request, answer: Option<Answer>) {
    let response = match answer {
        Some(Price(price)) => html(200, product_page(price)),
        Some(Busy) => html(503, "<h1>Too many customers</h1>".into()),
        Some(BusyFor(seconds)) => {
            let response = html(503, "<h1>Back in a moment</h1>".into());
            response.with_header(header("Retry-After", &seconds.to_string()))
        }
        None => html(404, "<h1>No such page</h1>".into()),
    };
    // A customer who has left needs no answer.
    let _ = request.respond(response);
}

fn html(status: u16, body: String) -> Response<Cursor<Vec<u8>>> {
    Response::from_string(body)
        .with_status_code(status)
        .with_header(header("Content-Type", "text/html; charset=utf-8"))
}

#[expect(clippy::expect_used, reason = "names and values of headers are constants of this file")]
fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("a header")
}

fn product_page(price: &str) -> String {
    format!(
        "<!doctype html>
<html lang=en>
<head><meta charset=utf-8><title>Running shoe</title></head>
<body>
<h1>Running shoe</h1>
<div class=product>
  <p>Size 42, 310 g, drop 8 mm.</p>
  <p class=price>Today: <b>{price}</b></p>
</div>
<aside>Others bought: <a href=/shoes/2>Laces</a> <span class=price>€ 4,50</span></aside>
</body>
</html>
"
    )
}
