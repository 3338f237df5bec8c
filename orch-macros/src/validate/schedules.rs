//! Schedules that could not start their flow, or that say what has no effect.

use syn::Ident;

use super::starts::{known_parameters, values_for, without_value};
use crate::diagnostics::{Errors, enumerate};
use crate::model::Model;
use crate::options::Schedule;

/// Reports contradictions. What is refused is left out of the expansion.
pub(super) fn schedules(model: &mut Model, schedules: Vec<Schedule>, can_start: bool, errors: &mut Errors) {
    let before = errors.len();
    for (index, schedule) in schedules.iter().enumerate() {
        rule(schedule, errors);
        options(schedule, errors);
        name(schedule, &schedules[..index], errors);
        if can_start && errors.len() == before {
            inputs(model, schedule, errors);
        }
    }
    if can_start && errors.len() == before && !schedules.iter().any(|schedule| schedule.misread) {
        model.options.schedules = schedules;
    }
}

fn rule(schedule: &Schedule, errors: &mut Errors) {
    let rules: Vec<&Ident> =
        ["cron", "every", "at"].iter().filter_map(|name| schedule.seen.keyword(name)).collect();
    match rules.as_slice() {
        [] => {
            if let Some(place) = schedule.place().filter(|_| !schedule.misread) {
                errors.refuse(
                    place,
                    &match &schedule.keyword {
                        Some(_) => "a schedule says when it is due".to_owned(),
                        None => format!("`{place}` needs a schedule"),
                    },
                    "nothing here starts the flow by itself",
                    "add `cron = \"0 9 * * *\"`, `every = \"5m\"` or `at = \"2026-12-24 18:00\"`",
                );
            }
        }
        [_] => {}
        [first, rest @ ..] => {
            for second in rest {
                errors.refuse(
                    second,
                    &format!("`{first}` and `{second}` are two schedules"),
                    "each schedule has one rule, and a name by which it is paused or changed",
                    "write each of them in a `schedule(name = \"…\", …)` of its own",
                );
            }
        }
    }
}

/// Options without an effect on the rule that they stand beside.
fn options(schedule: &Schedule, errors: &mut Errors) {
    let seen = |name: &str| schedule.seen.keyword(name);
    let says_utc = schedule.tz.as_ref().is_some_and(|tz| tz.value().eq_ignore_ascii_case("UTC"));
    let universal = says_utc || seen("tz").is_none();
    let (every, by_clock) = (seen("every"), seen("cron").or(seen("at")));
    if let (Some(anchor), None, Some(_)) = (seen("anchor"), every, by_clock) {
        errors.refuse(
            anchor,
            "`anchor` needs `every`",
            "it is the moment from which periods are counted",
            "remove it, or write `every = \"5m\"`",
        );
    }
    if let (Some(dst), Some(_)) = (seen("dst"), every) {
        errors.refuse(
            dst,
            "`dst` and `every` exclude each other",
            "`every` counts the time that passes, whatever the clocks show",
            "remove `dst`, or write a `cron` expression",
        );
    } else if let (Some(dst), true, Some(_)) = (seen("dst"), universal, by_clock) {
        errors.refuse(
            dst,
            "`dst` needs a `tz` whose clocks are changed",
            "without one the schedule goes by universal time, which is never changed",
            "add `tz = \"Europe/Berlin\"`, or remove `dst`",
        );
    }
    if let (Some(tz), Some(_), None, None) = (seen("tz"), every, seen("anchor"), seen("until")) {
        errors.refuse(
            tz,
            "`tz` has no effect on `every` alone",
            "periods are counted in universal time, whatever the clocks show",
            "add `anchor = \"2026-01-01 06:30\"`, or write a `cron` expression",
        );
    }
    if let (Some(jitter), Some(spread), Some(period)) = (seen("jitter"), schedule.jitter, schedule.every)
        && spread > period
    {
        errors.refuse(
            jitter,
            "`jitter` is not longer than the period of `every`",
            "one tick would be started after the next one",
            "write a shorter one",
        );
    }
}

fn name(schedule: &Schedule, earlier: &[Schedule], errors: &mut Errors) {
    let named =
        |schedule: &Schedule| schedule.name.as_ref().map_or_else(|| DEFAULT.to_owned(), syn::LitStr::value);
    if !earlier.iter().any(|other| named(other) == named(schedule)) {
        return;
    }
    let (reason, fix) =
        ("its name tells a schedule from the others when it is paused or changed", "write another name");
    match (&schedule.name, schedule.place()) {
        (Some(name), _) => {
            let rule = format!("two schedules of one flow have the name \"{}\"", name.value());
            errors.refuse(name, &rule, reason, fix);
        }
        (None, Some(place)) => errors.refuse(
            place,
            "only one schedule of a flow is without a name",
            reason,
            "add `name = \"…\"` inside of `schedule(…)`",
        ),
        (None, None) => {}
    }
}

/// As the runtime calls a schedule without a name.
const DEFAULT: &str = "default";

fn inputs(model: &Model, schedule: &Schedule, errors: &mut Errors) {
    let values = schedule.with.as_deref().unwrap_or_default();
    if schedule.with.is_none() && schedule.seen.keyword("with").is_some() {
        return;
    }
    let before = errors.len();
    known_parameters(model, values, errors);
    // One that is misspelt would be missing too.
    if errors.len() > before {
        return;
    }
    let missing = without_value(model, values);
    if let (false, Some(place)) = (missing.is_empty(), schedule.place()) {
        let names = enumerate(missing.iter().map(String::as_str));
        let example = values_for(&missing);
        errors.refuse(
            schedule.seen.keyword("with").unwrap_or(place),
            &format!("the schedule has no value for {names}"),
            "a flow that starts by itself has nobody who passes arguments",
            &match schedule.seen.keyword("with") {
                Some(_) => format!("add `{example}`"),
                None => format!("add `with({example})`"),
            },
        );
    }
}
