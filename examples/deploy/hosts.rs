//! The hosts that the service runs on: small servers on the loopback interface, and the client that speaks to them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Context;
use orch::prelude::*;
use tiny_http::{Method, Request, Response, Server};
use ureq::{Agent, http::StatusCode};

/// The version that every host has at first.
pub(crate) const FIRST: &str = "1.0";

/// How often a host says that it is starting before it is healthy.
const STARTING: u32 = 2;

/// Hosts that are on until this is dropped.
pub(crate) struct Hosts(Vec<Host>);

struct Host {
    server: Arc<Server>,
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    version: String,
    asked: u32,
}

impl Hosts {
    /// Switches so many on, each on a free port.
    pub(crate) fn open(count: usize) -> anyhow::Result<Self> {
        (0..count).map(|_| Host::open()).collect::<anyhow::Result<_>>().map(Self)
    }

    /// What is installed where.
    pub(crate) fn versions(&self) -> Vec<String> {
        let version = |host: &Host| locked(&host.state).version.clone();
        self.0.iter().map(version).collect()
    }
}

fn locked(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    fn open() -> anyhow::Result<Self> {
        let server = Server::http(("127.0.0.1", 0)).map_err(|error| anyhow::anyhow!(error));
        let server = Arc::new(server.context("a host cannot be switched on")?);
        let address = server.server_addr().to_ip().context("a host has no address")?;
        let state = Arc::new(Mutex::new(State { version: FIRST.into(), asked: STARTING }));
        let (inside, told) = (server.clone(), state.clone());
        let thread = thread::Builder::new().name("host".into()).spawn(move || {
            for request in inside.incoming_requests() {
                answer(request, &mut locked(&told));
            }
        })?;
        Ok(Self { server, address, state, thread: Some(thread) })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so on standard error.
            let _ = thread.join();
        }
    }
}

fn answer(mut request: Request, state: &mut State) {
    let mut body = String::new();
    let read = request.as_reader().read_to_string(&mut body);
    let (status, text) = match (request.method(), request.url()) {
        _ if read.is_err() => (400, String::new()),
        (Method::Put, "/version") => {
            *state = State { version: body, asked: 0 };
            (200, String::new())
        }
        (Method::Get, "/version") => (200, state.version.clone()),
        (Method::Get, "/health") if state.asked < STARTING => {
            state.asked += 1;
            (503, "starting".to_owned())
        }
        (Method::Get, "/health") if state.version.ends_with("broken") => (500, "out of order".to_owned()),
        (Method::Get, "/health") => (200, state.version.clone()),
        _ => (404, String::new()),
    };
    // A client that is gone does not want the answer.
    let _ = request.respond(Response::from_string(text).with_status_code(status));
}

/// What is known of the hosts, and the client for them.
#[derive(Clone)]
pub(crate) struct Fleet {
    /// Their addresses by their names: a host keeps its name when it gets another address.
    hosts: BTreeMap<String, SocketAddr>,
    agent: Agent,
}

impl Fleet {
    pub(crate) fn of(hosts: &Hosts) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .proxy(None);
        let hosts = (1..).zip(&hosts.0).map(|(number, host)| (format!("host-{number}"), host.address));
        let hosts = hosts.collect();
        Self { hosts, agent: config.build().into() }
    }

    pub(crate) fn hosts(&self) -> Vec<String> {
        self.hosts.keys().cloned().collect()
    }

    fn uri(&self, host: &str, path: &str) -> Result<String, HostError> {
        let address = self.hosts.get(host).ok_or_else(|| HostError::Unknown(host.to_owned()))?;
        Ok(format!("http://{address}/{path}"))
    }
}

/// Why a host does not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    #[error("{0} says {1}: {2}")]
    Refused(String, StatusCode, String),
    #[error("{0} has version {1}")]
    Another(String, String),
    #[error("there is no host `{0}`")]
    Unknown(String),
    #[error("{0} does not answer: {1}")]
    Silent(String, ureq::Error),
}

impl HostError {
    /// A host that is starting, or silent, may come round; one that is out of order stays so.
    pub(crate) fn may_pass(&self) -> Retry {
        match self {
            Self::Refused(_, StatusCode::SERVICE_UNAVAILABLE, _) | Self::Silent(..) => Retry::Yes,
            Self::Refused(..) | Self::Another(..) | Self::Unknown(_) => {
                Retry::Stop("it does not pass".into())
            }
        }
    }
}

pub(crate) fn version_of(fleet: &Fleet, host: &str) -> Result<String, HostError> {
    let answer = fleet.agent.get(fleet.uri(host, "version")?).call();
    text(host, answer)
}

pub(crate) fn put_version(fleet: &Fleet, host: &str, version: &str) -> Result<(), HostError> {
    let answer = fleet.agent.put(fleet.uri(host, "version")?).send(version);
    text(host, answer).map(drop)
}

pub(crate) fn is_healthy(fleet: &Fleet, host: &str, version: &str) -> Result<(), HostError> {
    let healthy = text(host, fleet.agent.get(fleet.uri(host, "health")?).call())?;
    if healthy == version { Ok(()) } else { Err(HostError::Another(host.to_owned(), healthy)) }
}

fn text(
    host: &str,
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<String, HostError> {
    let silent = |error| HostError::Silent(host.to_owned(), error);
    let (parts, mut body) = answer.map_err(silent)?.into_parts();
    let text = body.read_to_string().map_err(silent)?;
    if parts.status.is_success() {
        Ok(text)
    } else {
        Err(HostError::Refused(host.to_owned(), parts.status, text))
    }
}
