//! Lives of a program: the first one, and those that take it up where it was cut.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use orch::{
    DefinitionKind, RunId, RunState, TaskState,
    store::{Page, TaskRun},
    testing::{Rules, TestBuilder, TestRuntime},
};

use crate::{
    language::Program,
    model::{End, Model},
    strategy::Case,
    tasks::{Inside, program},
    world::{Body, Decided, Decision, Log, Place, World},
};

/// How cases are put to the test.
#[derive(Clone, Copy)]
pub struct Plan {
    pub rules: Rules,
    /// Cuts of the first life; each life that follows is cut half as often.
    pub cuts: usize,
    /// What a life may take before it counts as one that hangs.
    pub limit: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self { rules: Rules::default(), cuts: 4, limit: Duration::from_secs(120) }
    }
}

/// How often the flows of all cases have lived.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    pub lives: usize,
    pub bodies: usize,
    pub decisions: usize,
}

const VALUES: [u64; 2] = [1, 2];

/// One life that has ended, with what is left of those before it.
struct Life {
    runtime: Arc<TestRuntime>,
    run: RunId,
    log: Log,
    begun: usize,
}

/// Runs the case's program, cuts it and takes it up again.
pub async fn check(plan: Plan, case: &Case) -> Result<Tally, String> {
    let mut check = Check {
        plan,
        program: &case.program,
        rng: fastrand::Rng::with_seed(case.seed),
        tries: Arc::default(),
        tally: Tally::default(),
    };
    let life = check.first().await.map_err(|fault| format!("in the first life: {fault}"))?;
    check.cut(&life, plan.cuts).await?;
    Ok(check.tally)
}

struct Check<'a> {
    plan: Plan,
    program: &'a Program,
    rng: fastrand::Rng,
    tries: Arc<Mutex<HashMap<String, u32>>>,
    tally: Tally,
}

impl Check<'_> {
    fn prepare(&mut self, builder: TestBuilder) -> (Arc<TestRuntime>, World) {
        let world = World::new(self.rng.u64(..), self.tries.clone());
        let rules = self.plan.rules;
        let builder = builder.provide(world.clone()).with(|runtime| runtime.__rules(rules));
        let runtime = Arc::new(builder.build());
        let counted = Arc::downgrade(&runtime);
        world.count_with(move |run| {
            counted.upgrade().map_or(usize::MAX, |runtime| runtime.store().operations_of(run))
        });
        self.tally.lives += 1;
        (runtime, world)
    }

    async fn first(&mut self) -> Result<Life, String> {
        let (runtime, world) = self.prepare(orch::testing::builder());
        let inside = Inside {
            path: String::new(),
            salted: self.program.salted,
            block: self.program.body.clone(),
            values: VALUES.to_vec(),
            fails: 0,
            tolerant: false,
        };
        let ended =
            tokio::time::timeout(self.plan.limit, runtime.scope(async { program(inside).await })).await;
        let Ok(ended) = ended else { return Err(hangs(&runtime).await) };
        // Runs that it started are younger.
        let runs = runtime.runs(Default::default(), Page::all()).await.unwrap();
        let run = runs.last().expect("the program is a run").id;
        let log = world.log();
        let life = Life { runtime, run, log: log.clone(), begun: 1 };
        self.judge(&life, &log, ended, HashMap::new()).await?;
        Ok(life)
    }

    /// Cuts a life and checks the lives that follow.
    async fn cut(&mut self, life: &Life, cuts: usize) -> Result<(), String> {
        let all = life.runtime.store().operations();
        // The first operation submits the run, the last one ends it: nothing to resume before and after.
        let mut places: Vec<usize> = (life.begun..all).collect();
        self.rng.shuffle(&mut places);
        for cut in places.into_iter().take(cuts) {
            let next = self.resume(life, cut).await;
            let next = next.map_err(|fault| format!("cut after {cut} of {all} operations: {fault}"))?;
            if cuts > 1 {
                let deeper = Box::pin(self.cut(&next, cuts / 2)).await;
                deeper.map_err(|fault| format!("cut after {cut} of {all} operations, then {fault}"))?;
            }
        }
        Ok(())
    }

    async fn resume(&mut self, life: &Life, cut: usize) -> Result<Life, String> {
        let (runtime, world) = self.prepare(life.runtime.fork(cut));
        let before = states(&runtime).await;
        // A body that was under way had this attempt, whether it comes so far again or not.
        let safe = |decided: &Decided| {
            matches!(decided.decision, Decision::Attempt(_))
                || decided.at < runtime.store().operations_of(decided.run)
        };
        let safe: HashMap<&String, &Decided> =
            life.log.decisions.iter().filter(|(_, decided)| safe(decided)).collect();

        let resumed = tokio::time::timeout(self.plan.limit, runtime.resume::<u64>(life.run)).await;
        let Ok(ended) = resumed else { return Err(hangs(&runtime).await) };
        let log = world.log();
        // What was not safe is decided anew, or is nothing that anybody asks for.
        let mut whole = Log { bodies: life.log.bodies.clone(), ..Log::default() };
        whole.decisions.extend(safe.iter().map(|(path, decided)| ((*path).clone(), (*decided).clone())));
        whole.bodies.retain(|body| before.contains_key(&body.place));
        for (path, decided) in &log.decisions {
            let mut decided = decided.clone();
            if let Some(known) = safe.get(path).filter(|known| known.run == decided.run) {
                if known.decision != decided.decision && !matches!(known.decision, Decision::Attempt(_)) {
                    return Err(format!(
                        "at {path} life saw {:?}, replay {:?}",
                        known.decision, decided.decision
                    ));
                }
                decided.at = decided.at.min(known.at);
            }
            whole.decisions.insert(path.clone(), decided);
        }
        for body in &log.bodies {
            if let Some(known) = whole.bodies.iter().find(|known| known.place == body.place) {
                if known.label != body.label {
                    return Err(format!("{} has the place of {}", body.label, known.label));
                }
                if known.key != body.key {
                    return Err(format!("{} has another idempotency key than before", body.label));
                }
            }
        }
        whole.bodies.extend(log.bodies.iter().cloned());
        let next = Life { runtime, run: life.run, log: whole, begun: cut };
        self.judge(&next, &log, ended, before).await?;
        Ok(next)
    }

    /// Whether a life was as it has to be: what came out, which bodies ran, and that nobody got what is another's.
    async fn judge(
        &mut self,
        life: &Life,
        own: &Log,
        ended: Result<u64, orch::Error>,
        before: HashMap<Place, State>,
    ) -> Result<(), String> {
        self.tally.bodies += own.bodies.len();
        self.tally.decisions += own.decisions.len();
        if let Some(fault) = own.faults.first() {
            return Err(fault.clone());
        }
        ran_as_often_as_allowed(&own.bodies, &before)?;

        let mut model = Model::new(&life.log.decisions);
        let (expected, counts) = model.run(self.program, &VALUES);
        let came = match ended {
            Ok(value) => End::Value(value),
            Err(error) if error.kind() == orch::ErrorKind::Failed => End::Error(
                error.recorded().map_or_else(|| error.to_string(), |recorded| recorded.text().into()),
            ),
            Err(error) => return Err(format!("it ends with {error}")),
        };
        if came != expected {
            return Err(format!("it ends with {came:x?}, the model with {expected:x?}"));
        }
        model.drawn.sort();
        if let Some(two) = model.drawn.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(format!("{} and {} drew the same", two[0].1, two[1].1));
        }

        let after = states(&life.runtime).await;
        let labels: HashMap<Place, &str> =
            life.log.bodies.iter().map(|body| (body.place, body.label.as_str())).collect();
        let mut ended_well: HashMap<&str, usize> = HashMap::new();
        for (place, label) in &labels {
            // A called flow whose call was dropped is a run that nobody asks for any more.
            let state = after.get(place).filter(|state| !state.given_up).map(|state| state.state);
            if matches!(state, Some(TaskState::Completed | TaskState::Failed | TaskState::Cached)) {
                *ended_well.entry(label).or_default() += 1;
            }
        }
        for (label, must) in &counts.must.0 {
            // Whoever computes it, be it a call that nobody asks for any more.
            if label.starts_with("cached") && labels.values().any(|ran| ran == label) {
                continue;
            }
            let count = ended_well.get(label.as_str()).copied().unwrap_or(0);
            if count < *must {
                return Err(format!("{must} bodies of {label} have to run to their end, and {count} did"));
            }
        }
        // What was dropped is not recorded: its body may run once in every life.
        let places: HashMap<Place, &str> =
            own.bodies.iter().map(|body| (body.place, body.label.as_str())).collect();
        let mut ran: HashMap<&str, usize> = HashMap::new();
        places.values().for_each(|label| *ran.entry(label).or_default() += 1);
        // An error that was recorded and never handed over is not kept for a call that comes once more, as a value is.
        ended_well.retain(|label, _| !label.starts_with("failing"));
        for (label, count) in ran.into_iter().chain(ended_well) {
            let may = counts.may.0.get(label).copied().unwrap_or(0);
            if count > may && !model.vague {
                return Err(format!("{may} bodies of {label} may run, and {count} did"));
            }
        }
        Ok(())
    }
}

async fn hangs(runtime: &TestRuntime) -> String {
    format!("it hangs after {:#?}", runtime.event_lines().await.unwrap_or_default())
}

fn ran_as_often_as_allowed(bodies: &[Body], before: &HashMap<Place, State>) -> Result<(), String> {
    let mut seen = HashMap::new();
    for body in bodies {
        let (label, attempt) = (&body.label, body.attempt);
        if let Some(known) = before.get(&body.place) {
            if known.state.is_final() {
                return Err(format!("{label} was {} and its body ran again", known.state));
            }
            if attempt < known.attempt {
                return Err(format!(
                    "{label} was in attempt {} and its body ran in {attempt}",
                    known.attempt
                ));
            }
        }
        if seen.insert((body.place, attempt), ()).is_some() {
            return Err(format!("{label} ran twice in attempt {attempt}"));
        }
    }
    Ok(())
}

struct State {
    state: TaskState,
    given_up: bool,
    attempt: u32,
}

/// Task runs of all runs; a called flow has no body here, its run has.
async fn states(runtime: &TestRuntime) -> HashMap<Place, State> {
    let mut states = HashMap::new();
    for run in runtime.runs(Default::default(), Page::all()).await.unwrap() {
        let rows = runtime.task_runs(run.id, Page::all()).await.unwrap();
        let tasks = rows.into_iter().filter(|row| row.kind == DefinitionKind::Task);
        let given_up = matches!(run.state, RunState::Cancelling | RunState::Cancelled);
        let state = |row: &TaskRun| State { state: row.state, given_up, attempt: row.attempt };
        states.extend(tasks.map(|row| ((run.id, row.task), state(&row))));
    }
    states
}
