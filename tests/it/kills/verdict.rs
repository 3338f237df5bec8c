//! What the effects tell about the store.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::Path,
};

use orch::RunState;

use super::{
    child,
    effects::Effects,
    programs::{SHARED, input},
};

/// What was found.
#[derive(Default, Debug)]
pub struct Verdict {
    pub kills: usize,
    /// Kills before the store was open and its runs were known.
    pub while_opening: usize,
    pub runs: usize,
    pub bodies: usize,
    /// Bodies that began again, which may be when they had not been recorded.
    pub again: usize,
    pub faults: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, while_opening, runs, bodies, again, faults } = self;
        write!(
            f,
            "{kills} kills, {while_opening} of them while opening; {runs} flows to their ends, {bodies} bodies, {again} \
             of them again; {} faults",
            faults.len()
        )
    }
}

/// A call of a program, and what it gave.
type Place = (u64, u64);
type Nonce = u64;

#[derive(Default)]
struct Judge {
    verdict: Verdict,
    open: bool,
    /// Identities of task runs, by what the store calls them.
    keys: HashMap<(String, String), String>,
    /// Identities and attempts that have begun.
    begun: HashSet<(String, String)>,
    /// Identities whose results the store has.
    recorded: HashSet<String>,
    /// Identities by what their last body gave.
    given: HashMap<Nonce, (u64, String)>,
    last_begun: HashMap<u64, String>,
    used: HashMap<Place, Nonce>,
    seen: HashSet<u64>,
}

impl Verdict {
    pub fn of(dir: &Path) -> Self {
        let mut judge = Judge::default();
        for line in Effects::read_from(dir, 0).lines() {
            let words: Vec<_> = line.split(' ').collect();
            judge.line(line, &words);
        }
        judge.ends(dir);
        judge.verdict
    }
}

impl Judge {
    fn fault(&mut self, fault: String) {
        self.verdict.faults.push(fault);
    }

    fn line(&mut self, line: &str, words: &[&str]) {
        match words {
            ["started"] => self.open = false,
            ["opened"] => self.open = true,
            ["killed", _] => {
                self.verdict.kills += 1;
                self.verdict.while_opening += usize::from(!self.open);
                self.open = false;
            }
            ["begin", run, task, key, attempt, of] => {
                self.verdict.bodies += 1;
                if self.recorded.contains(*key) {
                    self.fault(format!("repeated after it was recorded: {line}"));
                }
                let again = !self.begun.insert(((*key).into(), (*attempt).into()));
                self.verdict.again += usize::from(again);
                self.keys.insert(((*run).into(), (*task).into()), (*key).into());
                self.last_begun.insert(of.parse().unwrap(), (*key).into());
            }
            ["end", of, nonce] => {
                let of = of.parse().unwrap();
                // Bodies of one input do not overlap: it is one call's, or a cached one's that others wait for.
                let key = self.last_begun.get(&of).cloned().unwrap_or_default();
                self.given.insert(nonce.parse().unwrap(), (of, key));
            }
            ["recorded", run, task] => {
                if let Some(key) = self.keys.get(&((*run).into(), (*task).into())) {
                    self.recorded.insert(key.clone());
                }
            }
            ["uses", program, all @ ..] => {
                let program = program.parse().unwrap();
                for used in all {
                    let parts: Vec<u64> = used.split(':').map(|part| part.parse().unwrap()).collect();
                    self.uses(line, program, parts[0], parts[1], parts[2]);
                }
            }
            ["seen", program] => {
                if !self.seen.insert(program.parse().unwrap()) {
                    self.fault(format!("a flow ended twice: {line}"));
                }
            }
            ["finished"] => {}
            _ => self.fault(format!("it went wrong: {line}")),
        }
    }

    /// Somebody has in hand what the call at this place gave.
    fn uses(&mut self, line: &str, program: u64, place: u64, of: u64, nonce: Nonce) {
        if of != input(program, place) {
            self.fault(format!("swapped: place {place} has what was given for {of}: {line}"));
        }
        match self.given.get(&nonce).cloned() {
            Some((given, key)) if given == of => drop(self.recorded.insert(key)),
            other => self.fault(format!("nobody gave that for {of}, but {other:?}: {line}")),
        }
        let before = *self.used.entry((program, place)).or_insert(nonce);
        if before != nonce {
            self.fault(format!("lost: place {place} had {before} before: {line}"));
        }
    }

    /// What the store has in the end is what was seen.
    fn ends(&mut self, dir: &Path) {
        let left = child::left(dir);
        self.verdict.runs = left.len();
        for program in &self.seen.clone() {
            if !left.contains_key(program) {
                self.fault(format!("lost: program {program} is not in the store"));
            }
        }
        for (program, (state, value)) in left {
            if state != RunState::Completed {
                self.fault(format!("program {program} is {state}"));
            }
            // Where its caller was killed before it could see the end, what its bodies used is there all the same.
            let used = self.used.iter();
            let used =
                used.filter(|((of, place), _)| *of == program && (*place < 10 || SHARED.contains(place)));
            let missing: Vec<_> = used
                .filter(|(_, nonce)| !value.windows(8).any(|bytes| bytes == nonce.to_le_bytes()))
                .map(|((_, place), nonce)| {
                    format!("lost: program {program} does not have {nonce} at place {place}")
                })
                .collect();
            self.verdict.faults.extend(missing);
        }
    }
}
