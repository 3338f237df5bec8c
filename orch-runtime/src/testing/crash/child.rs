//! What a child process does. It ends here, one way or the other.

use std::{fmt::Debug, io::Write, panic::AssertUnwindSafe, process::exit, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::role::Role;
use crate::{
    Call, Flow, Runtime, codec,
    crash::{Note, Notes, arm, note},
    definition::DefinitionKind,
    error::{BoxError, Error, ErrorKind},
    runtime::RuntimeBuilder,
    state::TaskState,
    store::{Page, Run, RunFilter, SledStore, Store, SyncMode},
};

/// The exit code of a child that could not do what it was told.
const FAILED: i32 = 87;

type Told = std::result::Result<(), BoxError>;

/// Does what the role says, and ends the process.
pub(super) fn live<T, F>(
    role: &Role,
    prepare: &(dyn Fn(RuntimeBuilder) -> RuntimeBuilder + Sync),
    flow: F,
) -> !
where
    T: Debug + Serialize + DeserializeOwned + Send + 'static,
    F: Fn() -> Call<T, Flow> + Send,
{
    // On a thread of its own, since the caller may be inside a tokio runtime.
    let ended = std::thread::scope(|scope| {
        let life = scope.spawn(|| {
            let life = AssertUnwindSafe(|| one_life(role, prepare, flow));
            std::panic::catch_unwind(life).unwrap_or_else(|_| Err("the child panicked".into()))
        });
        life.join().unwrap_or_else(|_| Err("the child panicked".into()))
    });
    let code = match ended {
        Ok(()) => {
            note(&Note::Over);
            0
        }
        Err(error) => {
            // It ends up in the matrix.
            let _ = writeln!(std::io::stderr(), "{error}");
            FAILED
        }
    };
    exit(code)
}

fn one_life<T, F>(role: &Role, prepare: &dyn Fn(RuntimeBuilder) -> RuntimeBuilder, flow: F) -> Told
where
    T: Debug + Serialize + DeserializeOwned + Send + 'static,
    F: Fn() -> Call<T, Flow>,
{
    let first = role.life.nth == 1;
    arm(Notes::create(&Role::notes(&role.dir, role.life))?, role.life.at);
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // What is handed to the operating system survives a process that is killed, so nothing need wait for the disk.
    let store = match SledStore::builder(role.dir.join("store")).durability(SyncMode::Process).open() {
        Ok(store) => Arc::new(store),
        Err(error) => {
            note(&Note::Damage(error.to_string()));
            return Err(error.into());
        }
    };
    if !first {
        // Before anything is resumed.
        tokio.block_on(note_what_is_recorded(&store))?;
    }
    let runtime = prepare(Runtime::builder()).store(store.clone()).build()?;
    tokio.block_on(async {
        let (name, result) = match first {
            true => call(&runtime, &flow).await,
            false => go_on(&runtime, &store, &flow).await?,
        };
        let text = match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => without_ids(&format!("error: {error}")),
        };
        note(&Note::Result { flow: name, text });
        runtime.close().await.map_err(BoxError::from)
    })?;
    tokio.block_on(note_what_is_left(&store))?;
    drop((runtime, tokio));
    drop(store);
    Ok(())
}

/// The flow from its beginning.
async fn call<T: 'static, F: Fn() -> Call<T, Flow>>(
    runtime: &Runtime,
    flow: &F,
) -> (String, Result<T, Error>) {
    runtime
        .scope(async {
            let call = flow();
            (call.name().to_owned(), call.await)
        })
        .await
}

/// The flow from where the process before was killed: from its beginning where nothing of it is there, else as the runtime
/// takes it up by itself.
async fn go_on<T, F>(
    runtime: &Runtime,
    store: &SledStore,
    flow: &F,
) -> std::result::Result<(String, Result<T, Error>), BoxError>
where
    T: Serialize + DeserializeOwned + 'static,
    F: Fn() -> Call<T, Flow>,
{
    let mut roots = store.runs(RunFilter::default(), Page::all()).await?;
    roots.retain(|run| run.parent.is_none());
    let Some(root) = roots.pop() else { return Ok(call(runtime, flow).await) };
    runtime.recover().await?;
    let result = match store.run(root.id).await? {
        Some(run) if run.state.is_final() => ended(&run),
        // It is one that a person takes up.
        _ => runtime.resume::<T>(root.id).await,
    };
    Ok((root.name.into_owned(), result))
}

/// What came out of a run, as its caller was told.
fn ended<T: Serialize + DeserializeOwned + 'static>(run: &Run) -> Result<T, Error> {
    let at = |kind, text: String| Error::at(&run.name, run.id, kind, text);
    match (&run.value, &run.error) {
        (Some(value), _) => codec::decode(value).map_err(|error| at(ErrorKind::Output, error.to_string())),
        (None, Some(error)) => Err(Error::recorded_at(&run.name, run.id, (**error).clone())),
        (None, None) => Err(at(ErrorKind::Store, format!("it is {} and nothing came out", run.state))),
    }
}

/// Notes which attempts have ended, as the store has it.
async fn note_what_is_recorded(store: &SledStore) -> Told {
    for run in store.runs(RunFilter::default(), Page::all()).await? {
        for task in store.task_runs(run.id, Page::all()).await? {
            for attempt in store.attempts(run.id, task.task).await? {
                if attempt.ended.is_some() {
                    let (run, key) = (run.id, task.key.digest());
                    note(&Note::Recorded { run, task: task.task, key, attempt: attempt.number });
                }
            }
        }
    }
    Ok(())
}

/// Notes what has its result, and what has no end.
async fn note_what_is_left(store: &SledStore) -> Told {
    for run in store.runs(RunFilter::default(), Page::all()).await? {
        if !run.state.is_final() {
            note(&Note::LeftOpen(format!("run {} of `{}` is {}", run.id, run.name, run.state)));
        }
        for task in store.task_runs(run.id, Page::all()).await? {
            if task.state == TaskState::Completed && task.kind == DefinitionKind::Task {
                let name = task.name.clone().into_owned();
                note(&Note::Completed { run: run.id, key: task.key.digest(), name });
            }
        }
    }
    Ok(())
}

/// The ids of runs differ from one run to the next, and the rest of a message does not.
fn without_ids(text: &str) -> String {
    let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
    for word in &mut words {
        let id = word.trim_end_matches([':', ',', ';', '.']).to_owned();
        if id.parse::<crate::RunId>().is_ok() {
            *word = word.replace(&id, "…");
        }
    }
    words.join(" ")
}
