//! What a matrix found out.

use std::fmt;

use crate::crash::CrashPoint;

/// The longest text of a column, in characters.
const COLUMN: usize = 60;

/// What came of a flow that was killed at every boundary of its changes; see [`crash_matrix`](super::crash_matrix).
///
/// Printed, it is a table with a line per boundary.
#[derive(Clone, Debug, Default)]
pub struct CrashMatrix {
    pub(super) flow: String,
    pub(super) result: String,
    pub(super) bodies: usize,
    pub(super) boundaries: Vec<Boundary>,
    pub(super) missed: usize,
}

/// One change at one point: the flow was killed there, and resumed.
#[derive(Clone, Debug)]
pub struct Boundary {
    pub(super) point: CrashPoint,
    pub(super) number: u64,
    pub(super) change: String,
    pub(super) result: String,
    pub(super) runs: Vec<Runs>,
    pub(super) faults: Vec<String>,
}

/// How often the bodies of a task with one input ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// The task's full name.
    pub task: String,
    /// The input, as a text.
    pub input: String,
    /// How often its body began before the kill, attempts included.
    pub before: usize,
    /// How many of these had been recorded.
    pub recorded: usize,
    /// How often its body began after the kill.
    pub after: usize,
    /// How many of these repeat one that began before the kill.
    pub repeated: usize,
}

impl Runs {
    pub(super) fn none(task: &str, input: &str) -> Self {
        let (task, input) = (task.to_owned(), input.to_owned());
        Self { task, input, before: 0, recorded: 0, after: 0, repeated: 0 }
    }
}

impl CrashMatrix {
    /// What a child has whose matrix is another one.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    /// The flow's full name.
    pub fn flow(&self) -> &str {
        &self.flow
    }

    /// What the undisturbed flow gave, as a text: a value as its `Debug` shows it, or an error with its message.
    pub fn result(&self) -> &str {
        &self.result
    }

    /// Every boundary at which the flow was killed.
    pub fn boundaries(&self) -> &[Boundary] {
        &self.boundaries
    }

    /// How many boundaries of the undisturbed run no child came to: concurrent work sends its changes in other groups
    /// each time.
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// The boundaries behind which something was wrong.
    pub fn unsound(&self) -> impl Iterator<Item = &Boundary> {
        self.boundaries.iter().filter(|boundary| !boundary.faults.is_empty())
    }

    /// That every boundary is sound: the store opens, the result is the undisturbed one, what was recorded did not run
    /// again, what was in flight ran at most once more, and nothing was left open.
    ///
    /// # Panics
    /// When one is not, with what was wrong there; when the flow was killed nowhere, or more than one boundary in ten
    /// was missed.
    #[track_caller]
    pub fn assert_sound(&self) {
        if self.flow.is_empty() {
            // Another matrix is this child's.
            return;
        }
        let unsound: Vec<_> = self.unsound().collect();
        assert!(
            unsound.is_empty(),
            "{} of {} boundaries of `{}` are not sound:\n{}",
            unsound.len(),
            self.boundaries.len(),
            self.flow,
            unsound.iter().map(|boundary| boundary.told()).collect::<String>()
        );
        let (killed, missed) = (self.boundaries.len(), self.missed);
        assert!(killed > missed * 9, "`{}` was killed at {killed} boundaries and missed {missed}", self.flow);
    }
}

impl Boundary {
    /// Where on its way the change was.
    pub fn point(&self) -> CrashPoint {
        self.point
    }

    /// Which passing of the point it was, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What the change was.
    pub fn change(&self) -> &str {
        &self.change
    }

    /// What came out after the kill, as a text.
    pub fn result(&self) -> &str {
        &self.result
    }

    /// How often each body ran.
    pub fn runs(&self) -> &[Runs] {
        &self.runs
    }

    /// What was wrong; nothing, if it is sound.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    fn count(&self, count: impl Fn(&Runs) -> usize) -> usize {
        self.runs.iter().map(count).sum()
    }

    fn told(&self) -> String {
        let faults: String = self.faults.iter().map(|fault| format!("      {fault}\n")).collect();
        let runs = self.runs.iter().map(|runs| {
            let Runs { task, input, before, recorded, after, repeated } = runs;
            format!(
                "      `{task}` {input}: {before} before ({recorded} recorded), {after} after ({repeated} again)\n"
            )
        });
        format!("  {} {}: {}\n{faults}{}", self.point, self.number, self.change, runs.collect::<String>())
    }
}

/// As much of a text as a column has room for.
fn column(text: &str) -> String {
    let mut column: String = text.chars().take(COLUMN).collect();
    if column.len() < text.len() {
        column.pop();
        column.push('…');
    }
    column
}

impl fmt::Display for CrashMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flow, result, bodies, boundaries, missed } = self;
        writeln!(
            f,
            "`{flow}` gives {} after {bodies} bodies; killed at {} boundaries",
            column(result),
            boundaries.len()
        )?;
        let before = "before  recorded  after  again  verdict";
        writeln!(f, "  {:7} {:>4}  {:COLUMN$}  {before}", "point", "nth", "change")?;
        for boundary in boundaries {
            let Boundary { point, number, change, .. } = boundary;
            write!(f, "  {point:7} {number:>4}  {:COLUMN$}  ", column(change))?;
            let [before, recorded] =
                [boundary.count(|runs| runs.before), boundary.count(|runs| runs.recorded)];
            let [after, again] = [boundary.count(|runs| runs.after), boundary.count(|runs| runs.repeated)];
            write!(f, "{before:>6}  {recorded:>8}  {after:>5}  {again:>5}  ")?;
            match boundary.faults.len() {
                0 => writeln!(f, "sound")?,
                _ => writeln!(f, "{}", boundary.faults.join("; "))?,
            }
        }
        if *missed > 0 {
            writeln!(f, "  no child came to {missed} further boundaries")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(faults: &[&str], boundaries: usize, missed: usize) -> CrashMatrix {
        let boundary = Boundary {
            point: CrashPoint::Written,
            number: 3,
            change: "flow: run Completed".into(),
            result: "1".into(),
            runs: vec![Runs { before: 1, after: 1, repeated: 1, ..Runs::none("work", "(1)") }],
            faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
        };
        let (flow, result) = ("flow".into(), "1".into());
        CrashMatrix { flow, result, bodies: 1, boundaries: vec![boundary; boundaries], missed }
    }

    #[test]
    fn a_table_has_a_line_for_each_boundary() {
        let sound = matrix(&[], 10, 1);
        sound.assert_sound();
        let lines = sound.to_string();
        assert_eq!(lines.lines().count(), 1 + 1 + 10 + 1, "{lines}");
        assert!(lines.lines().nth(2).is_some_and(|line| line.ends_with("sound")), "{lines}");
    }

    #[test]
    #[should_panic(
        expected = "written 3: flow: run Completed\n      it gives 2 instead of 1\n      `work` (1): 1 before"
    )]
    fn what_is_wrong_is_said_where_it_is() {
        matrix(&["it gives 2 instead of 1"], 1, 0).assert_sound();
    }

    #[test]
    #[should_panic(expected = "missed 1")]
    fn too_many_missed_boundaries_prove_nothing() {
        matrix(&[], 9, 1).assert_sound();
    }

    #[test]
    fn the_matrix_of_another_child_is_nothing() {
        CrashMatrix::nothing().assert_sound();
    }
}
