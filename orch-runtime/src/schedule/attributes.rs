//! The schedules that attributes name: stored when somebody serves, and what the attributes say from then on.

use std::sync::Arc;

use super::{
    keeper::{unreadable, unwritable},
    put::{Made, put},
    stored::{PREFIX, Source, Stored, key},
    told::Told,
};
use crate::{
    definition::{Definition, Registered, ScheduleDefinition, startable},
    error::{Error, ErrorKind, Result},
    observe,
    runtime::Core,
    store::{StarterChange, Starters},
};

/// Schedules of one flow that are read at a time: more than any attribute names.
const PAGE: usize = 256;

/// Stores the schedules of all flows of this program; says how many there are.
///
/// # Errors
/// When one cannot be what its attribute says, or the store fails.
pub(crate) async fn store_attributes(core: &Arc<Core>, told: &Told) -> Result<usize> {
    let mut count = 0;
    for Registered { definition, .. } in startable() {
        if !definition.is_flow() {
            continue;
        }
        let name = definition.display_name();
        for schedule in definition.schedules {
            // Two of one name would take each other's schedules.
            definition.name()?;
            count += 1;
            store(core, told, definition, name, schedule).await?;
        }
        forget_others(core, told, definition, name).await?;
    }
    Ok(count)
}

async fn store(
    core: &Arc<Core>,
    told: &Told,
    definition: &'static Definition,
    name: &'static str,
    schedule: &'static ScheduleDefinition,
) -> Result<()> {
    let wrong = |error: &dyn std::fmt::Display| {
        let (own, place) = (schedule.name(), definition.place());
        let text = format!("schedule `{own}` of `{name}` ({}:{}): {error}", place.file, schedule.line());
        Error::plain(ErrorKind::Definition, text)
    };
    let new = Stored {
        name: schedule.name().to_owned(),
        rule: schedule.rule().map_err(|error| wrong(&error))?,
        policy: schedule.policy().map_err(|error| wrong(&error))?,
        source: Source::Attribute,
        input: schedule.input().map_err(|error| wrong(&error))?,
        label: None,
        tags: Vec::new(),
        next: None,
        paused: false,
        fired: 0,
        active: Vec::new(),
    };
    match put(core, name, new).await? {
        Made::New(schedule) => told.line(&format!("{schedule}: new")),
        Made::Same(schedule) => told.line(&schedule.to_string()),
        Made::Changed(schedule, before) => {
            let text = format!("the attribute of `{name}` has changed: {schedule}; it was: {before}");
            observe::warn_outside(&text);
        }
    }
    Ok(())
}

/// Removes what an attribute named before, and names no more.
async fn forget_others(
    core: &Arc<Core>,
    told: &Told,
    definition: &'static Definition,
    name: &'static str,
) -> Result<()> {
    for known in definition.formerly.iter().chain([&name]) {
        let which = Starters::Listed { prefix: format!("{PREFIX}{known}/"), after: None };
        for starter in core.store.starters(which, PAGE).await.map_err(unreadable)? {
            let Ok(stored) = Stored::of(&starter) else { continue };
            let named = definition.schedules.iter().any(|own| key(name, own.name()) == starter.key);
            if stored.source != Source::Attribute || named {
                continue;
            }
            let text = format!(
                "schedule `{}` is removed, because the attribute of `{name}` does not name it any more; it was: {}",
                stored.name,
                stored.describe()
            );
            observe::warn_outside(&text);
            told.line(&text);
            let (key, at) = (starter.key, core.clock.now());
            let expect = Some(starter.revision);
            let change = StarterChange { key, expect, put: None, entries: Vec::new(), run: None, at };
            // Should somebody else have changed it just now, the next start removes it.
            core.store.change_starter(change).await.map_err(unwritable)?;
        }
    }
    Ok(())
}
