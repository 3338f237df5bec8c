//! What a search has found.

use std::{cmp::Reverse, fmt};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    flowers::SPECIES,
    train::{Confusion, Forest},
};

/// A setting and what came of it, fold by fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Score {
    pub(crate) forest: Forest,
    pub(crate) trials: Vec<Confusion>,
}

/// All settings, and which of them is the best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) scores: Vec<Score>,
    pub(crate) best: Score,
}

impl Confusion {
    /// How many answers were right.
    pub(crate) fn right(&self) -> u32 {
        self.0.iter().enumerate().map(|(species, row)| row[species]).sum()
    }

    fn all(&self) -> u32 {
        self.0.iter().flatten().sum()
    }

    pub(crate) fn accuracy(&self) -> f64 {
        f64::from(self.right()) / f64::from(self.all())
    }
}

impl Score {
    /// The mean of the folds' accuracies.
    pub(crate) fn mean(&self) -> f64 {
        self.trials.iter().map(Confusion::accuracy).sum::<f64>() / self.trials.len() as f64
    }

    /// Their standard deviation.
    pub(crate) fn spread(&self) -> f64 {
        let (mean, count) = (self.mean(), self.trials.len() as f64);
        let squares = self.trials.iter().map(|trial| (trial.accuracy() - mean).powi(2));
        (squares.sum::<f64>() / count).sqrt()
    }

    /// All folds together: each flower once, as a forest saw it that had not learned from it.
    pub(crate) fn confusion(&self) -> Confusion {
        let mut sum = Confusion::default();
        let cells = self.trials.iter().flat_map(|trial| trial.0.iter().flatten().enumerate());
        for (at, count) in cells {
            sum.0[at / SPECIES.len()][at % SPECIES.len()] += count;
        }
        sum
    }

    /// How many flowers were told right. Settings are compared by this whole number: two means of the same folds in
    /// another order may differ in their last bit.
    pub(crate) fn right(&self) -> u32 {
        self.trials.iter().map(Confusion::right).sum()
    }
}

impl Report {
    /// The best is right most often. Among equals it is the one with fewer trees, then with shallower ones.
    pub(crate) fn new(scores: Vec<Score>) -> anyhow::Result<Self> {
        let best = scores.iter().max_by_key(|score| (score.right(), Reverse(score.forest)));
        let best = best.context("the grid has no setting")?.clone();
        Ok(Self { scores, best })
    }

    /// How many trainings it is made of.
    pub(crate) fn trials(&self) -> usize {
        self.scores.iter().map(|score| score.trials.len()).sum()
    }

    /// The settings by depth; within a row by the number of trees.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[Score]> {
        self.scores.chunk_by(|one, next| one.forest.depth == next.forest.depth)
    }
}

/// The table of the grid, the best setting, and what it confuses.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5}", "depth")?;
        for score in self.rows().next().unwrap_or_default() {
            write!(f, "  {:>13}", format!("trees {}", score.forest.trees))?;
        }
        writeln!(f)?;
        for row in self.rows() {
            write!(f, "{:>5}", row[0].forest.depth)?;
            for score in row {
                let mark = if score.forest == self.best.forest { '*' } else { ' ' };
                write!(f, "  {mark}{:.3} ± {:.3}", score.mean(), score.spread())?;
            }
            writeln!(f)?;
        }
        let (forest, right) = (self.best.forest, self.best.right());
        writeln!(f, "\nbest: {forest}, accuracy {:.3} ± {:.3}", self.best.mean(), self.best.spread())?;
        let confusion = self.best.confusion();
        writeln!(f, "{right} of {} flowers told right; of these, told as those:\n", confusion.all())?;
        write!(f, "{:>10}", "")?;
        for told in SPECIES {
            write!(f, "  {told:>10}")?;
        }
        for (species, row) in SPECIES.iter().zip(confusion.0) {
            write!(f, "\n{species:>10}")?;
            for count in row {
                write!(f, "  {count:>10}")?;
            }
        }
        writeln!(f)
    }
}
