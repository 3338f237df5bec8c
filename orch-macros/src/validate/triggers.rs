//! Triggers that could not start their flow, or would start it for ever.

use syn::Path;
use syn::ext::IdentExt as _;

use super::starts::{known_parameters, values_for, without_value};
use crate::diagnostics::{Errors, enumerate};
use crate::model::Model;
use crate::options::{On, Trigger};

/// Reports contradictions. What is refused is left out of the expansion.
pub(super) fn triggers(model: &mut Model, triggers: Vec<Trigger>, can_start: bool, errors: &mut Errors) {
    let before = errors.len();
    known_parameters(model, &model.options.with, errors);
    for (index, trigger) in triggers.iter().enumerate() {
        twice(trigger, &triggers[..index], errors);
        itself(model, trigger, errors);
        known_parameters(model, &trigger.with, errors);
    }
    // A parameter that is misspelt in `with`, or stands where `with` could not be read, would be missing too.
    if errors.len() == before && can_start && !model.options.misread {
        triggers.iter().for_each(|trigger| values(model, trigger, errors));
    }
    if errors.len() == before && can_start && !triggers.iter().any(|trigger| trigger.misread) {
        model.options.triggers = triggers;
    }
}

fn twice(trigger: &Trigger, earlier: &[Trigger], errors: &mut Errors) {
    if earlier.iter().any(|other| other.text() == trigger.text()) {
        errors.refuse(
            &trigger.kind,
            &format!("`on = {}` stands there twice", trigger.text()),
            "each thing that happens starts the flow once",
            "keep one of the two; `filter` may say `||`",
        );
    }
}

fn itself(model: &Model, trigger: &Trigger, errors: &mut Errors) {
    let (flow, why, fix) = match &trigger.on {
        On::Completed(flow) => (
            flow,
            "each run that completes would start the next one, for ever",
            "name another flow; what is to come again and again has a schedule: `every = \"5m\"`",
        ),
        On::Failed(flow) => (
            flow,
            "each run that fails would start the next one, for as long as it fails",
            "name another flow; what is to be tried again has `retries = 3` and a `backoff`",
        ),
        _ => return,
    };
    if is_here(flow)
        && flow.segments.last().is_some_and(|last| last.ident.unraw() == model.item.sig.ident.unraw())
    {
        errors.refuse(flow, "a flow does not start after itself", why, fix);
    }
}

/// Whether a path says nothing of another module, in which a flow of the same name may be.
fn is_here(path: &Path) -> bool {
    let outer = path.segments.iter().rev().skip(1);
    path.leading_colon.is_none() && outer.into_iter().all(|segment| segment.ident == "self")
}

/// What happened gives some parameters their values, and `with` the others.
fn values(model: &Model, trigger: &Trigger, errors: &mut Errors) {
    let missing = without_value(model, trigger.with.iter().chain(&model.options.with));
    let (kind, names) = (&trigger.kind, enumerate(missing.iter().map(String::as_str)));
    match &trigger.on {
        On::Absent { .. } if !missing.is_empty() => errors.refuse(
            kind,
            &format!("`absent` has no value for {names}"),
            "nothing has happened, so nothing is given",
            &format!("add `with({})`", values_for(&missing)),
        ),
        On::Failed(_) if missing.len() > 1 => errors.refuse(
            kind,
            &format!("`failed` has one value for {names}"),
            "a run that failed gives its reason, which is a text and has no fields",
            &format!("take one `String`, or add `with({})`", values_for(&missing[1..])),
        ),
        _ => {}
    }
}
