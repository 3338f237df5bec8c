//! The triggers that attributes name.

use super::trigger::Trigger;
use crate::{
    definition::{Registered, TriggerDefinition, startable},
    engine::Startable,
    error::Result,
};

/// The triggers of all flows of this program.
///
/// # Errors
/// When two flows have one name.
pub(crate) fn triggers_of_attributes() -> Result<Vec<Trigger>> {
    let mut triggers = Vec::new();
    for Registered { definition, .. } in startable() {
        for trigger in definition.triggers {
            triggers.push(of_attribute(definition.name()?, trigger));
        }
    }
    Ok(triggers)
}

fn of_attribute(flow: &'static str, written: &'static TriggerDefinition) -> Trigger {
    let start = move |given: &super::Given<'_>| {
        let input = written.input(given)?;
        Ok(input.map(|input| Startable {
            core: None,
            definition: flow,
            input,
            label: None,
            tags: Vec::new(),
        }))
    };
    Trigger { name: format!("{flow}/{}", written.text()), on: written.on(), start: Box::new(start) }
}
