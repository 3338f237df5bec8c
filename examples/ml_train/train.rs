//! What is tried, and the task that tries it.

use std::{
    fmt, process,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use orch::{Shared, prelude::*};
use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};

use crate::flowers::{Fold, SPECIES};

/// The settings to try: each number of trees with each depth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grid {
    pub(crate) trees: Vec<u16>,
    pub(crate) depths: Vec<u16>,
}

impl Grid {
    pub(crate) fn forests(&self) -> Vec<Forest> {
        let row = |&depth: &u16| self.trees.iter().map(move |&trees| Forest { trees, depth });
        self.depths.iter().flat_map(row).collect()
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} trees of depths {:?}", self.trees, self.depths)
    }
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Forest {
    pub(crate) trees: u16,
    pub(crate) depth: u16,
}

impl fmt::Display for Forest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trees = if self.trees == 1 { "tree" } else { "trees" };
        write!(f, "{} {trees} of depth {}", self.trees, self.depth)
    }
}

/// How many flowers of each species (the first index) a forest held for which (the second).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Confusion(pub(crate) [[u32; SPECIES.len()]; SPECIES.len()]);

/// The names of what this process has trained, for a line on the screen and for tests; and when it dies.
pub(crate) struct Trained {
    names: Mutex<Vec<String>>,
    crash_after: Option<usize>,
}

impl Trained {
    pub(crate) fn new(crash_after: Option<usize>) -> Self {
        Self { names: Mutex::default(), crash_after }
    }

    pub(crate) fn names(&self) -> MutexGuard<'_, Vec<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, name: String) {
        let mut names = self.names();
        names.push(name);
        if self.crash_after == Some(names.len()) {
            process::abort();
        }
    }
}

/// What a person calls the training of a forest on a fold.
pub(crate) fn name(forest: Forest, fold: &Fold) -> String {
    format!("{forest}, fold {}", fold.number)
}

/// Trains a forest on what it may learn from, and asks it about the rest.
///
/// What decides the result is in the key of the cached result: the setting, the seed, the flowers, and the text of this
/// function. The library that does the work is not, so its version is named: with another one nothing is reused.
#[task(version = "smartcore 0.7", cache)]
pub(crate) fn train(
    forest: Forest,
    seed: u64,
    fold: Shared<Fold>,
    #[provided] trained: &Trained,
) -> anyhow::Result<Confusion> {
    let settings = RandomForestClassifierParameters::default()
        .with_n_trees(forest.trees)
        .with_max_depth(forest.depth)
        .with_seed(seed);
    let model = RandomForestClassifier::fit(&fold.learned.matrix()?, &fold.learned.species, settings)?;
    let answers = model.predict(&fold.asked.matrix()?)?;
    let mut confusion = Confusion::default();
    for (&species, &answer) in fold.asked.species.iter().zip(&answers) {
        let cell = confusion.0.get_mut(species as usize).and_then(|row| row.get_mut(answer as usize));
        *cell.context("a species that is none of the three")? += 1;
    }
    // Trained, and not yet recorded: there is no worse moment to die.
    trained.push(name(forest, &fold));
    Ok(confusion)
}
