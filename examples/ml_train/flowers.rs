//! The data: Fisher's irises of 1936, 150 flowers of three species with four measures each, as `smartcore` ships them.

use std::sync::LazyLock;

use orch::Shared;
use serde::{Deserialize, Serialize};
use smartcore::{
    dataset::{Dataset, iris},
    linalg::basic::matrix::DenseMatrix,
    model_selection::{BaseKFold, KFold},
};

pub(crate) const SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];

/// The measures of some flowers, and the species of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flowers {
    pub(crate) measures: Vec<Vec<f32>>,
    pub(crate) species: Vec<u32>,
}

/// One way to divide all flowers into those that a forest learns from and those that it is asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fold {
    /// From 1.
    pub(crate) number: usize,
    pub(crate) learned: Flowers,
    pub(crate) asked: Flowers,
}

/// The data is part of the program, so it is read once.
static IRISES: LazyLock<Dataset<f32, u32>> = LazyLock::new(iris::load_dataset);

impl Flowers {
    fn of(rows: &[usize]) -> Self {
        let width = IRISES.num_features;
        let row = |row: &usize| IRISES.data[row * width..][..width].to_vec();
        Self {
            measures: rows.iter().map(row).collect(),
            species: rows.iter().map(|row| IRISES.target[*row]).collect(),
        }
    }

    pub(crate) fn matrix(&self) -> anyhow::Result<DenseMatrix<f32>> {
        Ok(DenseMatrix::from_2d_vec(&self.measures)?)
    }
}

/// Every flower is asked about in exactly one of the folds. The same seed gives the same folds.
pub(crate) fn folds(folds: usize, seed: u64) -> Vec<Shared<Fold>> {
    let rows = vec![vec![0_u8]; IRISES.num_samples];
    // It divides rows by their number alone; a matrix as high as the data tells how many there are.
    let Ok(rows) = DenseMatrix::from_2d_vec(&rows) else { return Vec::new() };
    let divided = KFold::default().with_n_splits(folds).with_shuffle(true).with_seed(Some(seed)).split(&rows);
    let fold = |(at, (learned, asked)): (usize, (Vec<usize>, Vec<usize>))| {
        Shared::new(Fold { number: at + 1, learned: Flowers::of(&learned), asked: Flowers::of(&asked) })
    };
    divided.enumerate().map(fold).collect()
}
