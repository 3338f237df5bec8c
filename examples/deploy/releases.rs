//! The flows: a release is installed, announced, or rolled back.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, ensure};
use orch::{ErrorKind, prelude::*};

use crate::{
    hosts::{FIRST, Fleet, HostError, is_healthy, put_version, version_of},
    people::Person,
    screen::Screen,
};

/// What the service keeps: the version that was last installed everywhere, and which migrations its data went through.
#[derive(Clone)]
pub(crate) struct Data(PathBuf);

impl Data {
    pub(crate) fn at(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        if !dir.join("version").exists() {
            fs::write(dir.join("version"), FIRST)?;
        }
        Ok(Self(dir))
    }

    /// The migrations so far, one in a line.
    pub(crate) fn migrations(&self) -> String {
        fs::read_to_string(self.0.join("migrations")).unwrap_or_default()
    }
}

/// Installs a release. A second one that comes meanwhile waits for its turn.
#[flow(max_concurrent = 1, tags("deploy"))]
pub(crate) async fn deploy(version: String, #[provided] person: &Person) -> anyhow::Result<String> {
    let hosts = hosts().await?;
    let (first, others) = hosts.split_first().context("there are no hosts")?;
    install(first, &version).await?;
    healthy(first, &version).await?;

    // What is no task runs again when the run goes on in another process: so the person there is asked too.
    person.ask(orch::ctx().run().context("a flow asks")?, &version);
    let approved = match orch::signal::<bool>("approve").timeout(Duration::from_secs(3600)).await {
        Err(error) if error.kind() == ErrorKind::TimedOut => false,
        answer => answer?,
    };
    ensure!(approved, "nobody approved {version}");

    migrate(&version).await?;
    orch::try_map(others.to_vec(), |host| {
        let version = &version;
        async move {
            install(&host, version).await?;
            healthy(&host, version).await
        }
    })
    .await?;
    keep(&version).await?;
    Ok(version)
}

/// Says that a release is installed. Nobody calls it.
#[flow(on = completed(deploy))]
async fn announce(version: String, #[provided] screen: &Screen) -> anyhow::Result<()> {
    screen.line(format_args!("{version}: installed on all hosts"))?;
    Ok(())
}

/// Puts the version that was there before back, wherever another one is. Nobody calls it either.
#[flow(on = failed(deploy), max_concurrent = 1)]
async fn roll_back(why: String, #[provided] screen: &Screen) -> anyhow::Result<()> {
    screen.line(format_args!("rolling back: {why}"))?;
    let version = kept().await?;
    orch::try_map(hosts().await?, |host| {
        let version = &version;
        async move {
            if installed(&host).await? != *version {
                install(&host, version).await?;
            }
            healthy(&host, version).await
        }
    })
    .await?;
    screen.line(format_args!("{version}: back on all hosts"))?;
    Ok(())
}

#[task]
fn hosts(#[provided] fleet: &Fleet) -> Vec<String> {
    fleet.hosts()
}

#[task(retries = 3, backoff = exponential("100ms", max = "5s", jitter))]
fn installed(host: &str, #[provided] fleet: &Fleet) -> Result<String, HostError> {
    version_of(fleet, host)
}

/// To install a release twice does no harm, so it may be tried again.
#[task(limit = "hosts", retries = 3, backoff = exponential("100ms", max = "5s", jitter), retry_if = HostError::may_pass)]
fn install(host: &str, version: &str, #[provided] fleet: &Fleet) -> Result<(), HostError> {
    put_version(fleet, host, version)
}

/// A host takes a moment to start, and is asked until it has.
#[task(limit = "hosts", retries = 10, backoff = fixed("100ms"), retry_if = HostError::may_pass)]
fn healthy(host: &str, version: &str, #[provided] fleet: &Fleet) -> Result<(), HostError> {
    is_healthy(fleet, host, version)
}

/// To migrate the data twice would ruin it. Where the process dies amid this, the run waits for a person who looks what
/// became of the data, and says so with `orch::resolve`.
#[task(once)]
fn migrate(version: &str, #[provided] data: &Data) -> io::Result<()> {
    let mut migrations = fs::OpenOptions::new().create(true).append(true).open(data.0.join("migrations"))?;
    writeln!(migrations, "{version}")
}

#[task]
fn keep(version: &str, #[provided] data: &Data) -> io::Result<()> {
    fs::write(data.0.join("version"), version)
}

#[task]
fn kept(#[provided] data: &Data) -> io::Result<String> {
    fs::read_to_string(data.0.join("version"))
}
