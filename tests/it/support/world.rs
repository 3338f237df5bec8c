//! A world in which things are broken until somebody mends them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use orch::{
    RunId, Runtime,
    prelude::*,
    store::{Page, RunFilter},
    testing::{TestBuilder, TestRuntime},
};

/// What bodies see of the world, and what the world sees of them.
#[derive(Clone, Default)]
pub struct World(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    broken: BTreeSet<String>,
    ran: Vec<String>,
}

impl World {
    /// A world in which these are broken.
    pub fn with_broken(names: &[&str]) -> Self {
        let world = Self::default();
        world.breaks(names);
        world
    }

    pub fn breaks(&self, names: &[&str]) {
        self.0.lock().unwrap().broken.extend(names.iter().map(|name| (*name).to_owned()));
    }

    pub fn mend(&self) {
        self.0.lock().unwrap().broken.clear();
    }

    /// The bodies that ran since this was last asked.
    pub fn ran(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().ran)
    }

    /// The same without their order.
    pub fn ran_in_any_order(&self) -> Vec<String> {
        let mut ran = self.ran();
        ran.sort();
        ran
    }

    pub fn enter(&self, name: &str) -> Result<(), String> {
        let mut inner = self.0.lock().unwrap();
        inner.ran.push(name.to_owned());
        if inner.broken.contains(name) { Err(format!("{name} is broken")) } else { Ok(()) }
    }

    pub fn runtime(&self) -> TestRuntime {
        self.in_runtime(orch::testing::builder())
    }

    pub fn in_runtime(&self, builder: TestBuilder) -> TestRuntime {
        builder.provide(self.clone()).build()
    }
}

/// Does what its name says, unless that is broken.
#[task]
pub async fn work(name: &str, #[provided] world: &World) -> Result<String, String> {
    world.enter(name)?;
    Ok(name.to_owned())
}

/// The run of the flow whose name ends so.
pub async fn run_of(runtime: &Runtime, flow: &str) -> RunId {
    let runs = runtime.runs(RunFilter::default(), Page::all()).await.unwrap();
    let found: Vec<_> = runs.iter().filter(|run| run.name.ends_with(flow)).map(|run| run.id).collect();
    assert_eq!(found.len(), 1, "{flow}: {runs:#?}");
    found[0]
}
