//! A run of the store that is executed anew, as a run of its own.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::{Call, Flow, flow::stored, prepared::Prepared};
use crate::{
    definition::Setting,
    error::{Error, ErrorKind, Result},
    id::{RunId, TaskNumber},
    runtime::Core,
    store::{BoxFuture, Page, Reruns, Run, StoreError},
};

/// Task runs that are looked through at a time.
const PAGE: usize = 256;

/// The call of a run's flow with its stored input, but for what `set` replaces. With `from`, what the run recorded before
/// its first call of that task is reused. Its output is to be a `T`.
pub(crate) async fn rerun<T: 'static>(
    core: Arc<Core>,
    id: RunId,
    from: Option<String>,
    set: Vec<Setting>,
) -> Result<Call<T, Flow>> {
    let (run, mut prepared) = stored(&core, id).await?;
    prepared.gives::<T>(id, &run.name)?;
    for setting in set {
        replace(&mut prepared, &run, setting)?;
    }
    let from = match from {
        Some(task) => first_call(&core, &run, &task).await?,
        None => Vec::new(),
    };
    let keys = run.keys();
    let own = |tag: &Cow<'static, str>| !prepared.definition.tags.contains(&&**tag);
    let tags = run.tags.iter().filter(|tag| own(tag)).map(|tag| tag.to_string()).collect();
    let options = prepared.options_mut();
    (options.label, options.tags, options.started_by) = (run.label, tags, run.started_by);
    options.reruns = Some(Box::new(Reruns { run: id, from, keys }));
    options.core = Some(core);
    Ok(Call::of(Box::new(prepared)))
}

/// Puts a value in the place of an argument.
fn replace(prepared: &mut Prepared, run: &Run, setting: Setting) -> Result<()> {
    let parameters = prepared.definition.arguments;
    let (name, given) = (setting.parameter.clone(), setting.given);
    let refused = |text: String| Err(Error::at(&run.name, run.id, ErrorKind::Input, text));
    let place = parameters.iter().position(|parameter| *parameter == name);
    let Some((place, expected)) = place.and_then(|place| prepared.invocation.as_mut().argument_mut(place))
    else {
        return refused(match parameters {
            [] => format!("it has no parameter `{name}`, nor any other that is stored"),
            _ => format!("it has no parameter `{name}`; there are `{}`", parameters.join("`, `")),
        });
    };
    if setting.put(place) {
        return Ok(());
    }
    refused(format!("the parameter `{name}` is a `{expected}`, and a `{given}` was given"))
}

/// Where the first call of a task stands: its number in `run`, or that of the call of the flow in whose run it stands and
/// its number there, and so on.
async fn first_call(core: &Arc<Core>, run: &Run, task: &str) -> Result<Vec<TaskNumber>> {
    let mut names = BTreeSet::new();
    let found = search(core, run.id, task, &mut names).await;
    let found = found.map_err(|error| {
        Error::plain(ErrorKind::Store, format!("the task runs of run {} cannot be read: {error}", run.id))
    })?;
    found.ok_or_else(|| {
        let names: Vec<_> = names.into_iter().collect();
        let there = match &*names {
            [] => "it called none".to_owned(),
            names => format!("it called `{}`", names.join("`, `")),
        };
        Error::runtime(format!("run {} of `{}` did not call a task `{task}`; {there}", run.id, run.name))
    })
}

fn search<'a>(
    core: &'a Arc<Core>,
    run: RunId,
    wanted: &'a str,
    names: &'a mut BTreeSet<String>,
) -> BoxFuture<'a, Result<Option<Vec<TaskNumber>>, StoreError>> {
    Box::pin(async move {
        let mut page = Page::first(PAGE);
        loop {
            let tasks = core.store.task_runs(run, page).await?;
            let Some(last) = tasks.last().map(|task| task.task) else { return Ok(None) };
            for task in tasks {
                if is_named(&task.name, wanted) {
                    return Ok(Some(vec![task.task]));
                }
                names.insert(task.name.into_owned());
                if let Some(child) = task.child
                    && let Some(below) = search(core, child, wanted, names).await?
                {
                    return Ok(Some([vec![task.task], below].concat()));
                }
            }
            page = Page::after(last, PAGE);
        }
    })
}

/// Whether this is the full name, or its last part.
fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted || name.rsplit("::").next() == Some(wanted)
}
