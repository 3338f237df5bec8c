//! Flows that start by themselves, whatever starts them.

use syn::Ident;
use syn::ext::IdentExt as _;

use super::options::unknown_parameter;
use super::schedules::schedules;
use super::triggers::triggers;
use crate::diagnostics::Errors;
use crate::model::{Model, Role};
use crate::options::with::find;
use crate::options::{Input, Schedule};

/// Reports what could not start its flow. What is refused is left out of the expansion.
pub(super) fn starts(model: &mut Model, errors: &mut Errors) {
    let timed = std::mem::take(&mut model.options.schedules);
    let others = std::mem::take(&mut model.options.triggers);
    let scheduled = timed.iter().find_map(Schedule::place);
    let place = scheduled.or_else(|| others.first().map(|trigger| &trigger.keyword)).cloned();
    let before = errors.len();
    if let Some(place) = place {
        startable(model, &place, errors);
    }
    let can_start = errors.len() == before;
    schedules(model, timed, can_start, errors);
    triggers(model, others, can_start, errors);
}

/// Whether the flow can be started by name at all.
fn startable(model: &Model, place: &Ident, errors: &mut Errors) {
    if model.is_generic() {
        errors.refuse(
            place,
            "a flow that starts by itself has no type parameters",
            "nobody would say which of its functions is to be started",
            "write a flow with the types that are meant, and let it call this one",
        );
    }
    if let Some(skipped) = model.parameters.iter().find(|parameter| parameter.role == Role::Skipped) {
        errors.refuse(
            place,
            "a flow that starts by itself skips no parameter",
            &format!(
                "`skip({})` says that the value is not stored, and such a run starts from what is stored",
                skipped.name
            ),
            "make it a `#[provided]` value of the runtime, or data",
        );
    }
}

/// Refuses what `with` gives to nobody.
pub(super) fn known_parameters(model: &Model, inputs: &[Input], errors: &mut Errors) {
    for input in inputs {
        match model.parameter(&input.parameter).map(|parameter| parameter.role) {
            None => {
                let known: Vec<String> =
                    model.arguments().map(|argument| argument.name.unraw().to_string()).collect();
                errors.push(unknown_parameter(&input.parameter, "with", &known));
            }
            Some(Role::Provided) => errors.refuse(
                &input.parameter,
                "`with` gives values to parameters that callers pass",
                &format!("`{}` is `#[provided]` by the runtime", input.parameter),
                "remove it from `with`",
            ),
            Some(Role::Data | Role::Skipped) => {}
        }
    }
}

/// The parameters that `with` says nothing about.
pub(super) fn without_value<'a>(
    model: &Model,
    inputs: impl IntoIterator<Item = &'a Input> + Clone,
) -> Vec<String> {
    model
        .arguments()
        .filter(|argument| find(inputs.clone(), &argument.name).is_none())
        .map(|argument| argument.name.unraw().to_string())
        .collect()
}

/// What to write into `with` for them.
pub(super) fn values_for(parameters: &[String]) -> String {
    let values: Vec<String> = parameters.iter().map(|name| format!("{name} = …")).collect();
    values.join(", ")
}
