//! Options that do not fit the function or each other. What is refused gets its default, and the rest is expanded.

use syn::Type;
use syn::ext::IdentExt as _;

use super::starts::starts;
use crate::diagnostics::{Errors, did_you_mean, enumerate, mistake};
use crate::model::{Kind, Model, Output, Role};
use crate::options::{Curve, Key};
use crate::types::{peel, written};

/// Reports contradictions.
pub(crate) fn options(model: &mut Model, errors: &mut Errors) {
    retries(model, errors);
    errors_of_the_body(model, errors);
    inline(model, errors);
    once(model, errors);
    skip(model, errors);
    names(model, errors);
    cache(model, errors);
    limits(model, errors);
    starts(model, errors);
}

fn retries(model: &mut Model, errors: &mut Errors) {
    let options = &mut model.options;
    let seen = &options.seen;
    let none = seen.keyword("retries").is_none() || options.retries == Some(0);
    for name in ["backoff", "retry_if", "retry_budget"] {
        if let Some(keyword) = seen.keyword(name)
            && none
        {
            errors.refuse(
                keyword,
                &format!("`{name}` needs `retries`"),
                "without further attempts there is nothing to wait for or to decide",
                &format!("add `retries = 3`, or remove `{name}`"),
            );
        }
    }
    if let (Some(backoff), Some(retries), Some(keyword)) =
        (&options.backoff, options.retries, seen.keyword("backoff"))
        && let Curve::List(delays) = &backoff.curve
        && !none
        && delays.len() as u64 > u64::from(retries)
    {
        errors.refuse(
            keyword,
            &format!(
                "a list of delays is not longer than `retries`: {} delays, {retries} retries",
                delays.len()
            ),
            "the last delays would never be waited for",
            &format!("write `retries = {}`, or shorten the list", delays.len()),
        );
    }
}

/// `retry_if`, `error` and `fallible` speak about an error that the body returns.
fn errors_of_the_body(model: &mut Model, errors: &mut Errors) {
    if let Output::Alias(ty) = &model.output
        && let Some(keyword) = model.options.seen.keyword("fallible")
        && is_data(ty)
    {
        errors.refuse(
            keyword,
            "`fallible` needs a return type that is a `Result` under another name",
            &format!("`{}` is no `Result`", written(ty)),
            "remove `fallible`, or return a `Result`",
        );
        model.output = Output::Infallible(Some(ty.clone()));
        (model.options.retry_if, model.options.error) = (None, None);
        return;
    }
    if model.output.is_fallible() {
        return;
    }
    let options = &mut model.options;
    for name in ["retry_if", "error"] {
        if let Some(keyword) = options.seen.keyword(name)
            && !options.fallible
        {
            errors.refuse(
                keyword,
                &format!("`{name}` needs a function that returns a `Result`"),
                "this one returns no error that it could be about",
                &format!("return a `Result`, add `fallible` if the return type is an alias of one, or remove `{name}`"),
            );
        }
    }
    if let Some(keyword) = options.seen.keyword("fallible") {
        errors.refuse(
            keyword,
            "`fallible` needs a return type that is a `Result` under another name",
            "this function returns nothing",
            "return the alias, or remove `fallible`",
        );
    }
    (options.retry_if, options.error) = (None, None);
}

/// Whether the type is certainly no alias of `Result`.
fn is_data(ty: &Type) -> bool {
    const DATA: [&str; 19] = [
        "Option", "Vec", "String", "Box", "HashMap", "BTreeMap", "bool", "char", "u8", "u16", "u32", "u64",
        "usize", "i8", "i16", "i32", "i64", "f32", "f64",
    ];
    match peel(ty) {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| DATA.iter().any(|data| last.ident == data))
        }
        Type::Macro(_) => false,
        _ => true,
    }
}

fn inline(model: &mut Model, errors: &mut Errors) {
    let is_async = model.is_async();
    let options = &mut model.options;
    let Some(keyword) = options.seen.keyword("inline").filter(|_| options.inline) else {
        return;
    };
    if is_async {
        errors.refuse(
            keyword,
            "`inline` needs a function that is not `async`",
            "it runs a cheap synchronous body in place instead of on the blocking pool; an async body always runs in place",
            "remove `inline`, or `async`",
        );
        options.inline = false;
    } else if options.seen.keyword("timeout").is_some() {
        errors.refuse(
            keyword,
            "`inline` and `timeout` exclude each other",
            "a body that runs in place blocks the clock that would stop it",
            "remove one of them; a body that needs a limit belongs on the blocking pool",
        );
        options.inline = false;
    }
}

/// What would run the body of a `once` task again, or not at all.
fn once(model: &mut Model, errors: &mut Errors) {
    let options = &mut model.options;
    let Some(keyword) = options.seen.keyword("once").filter(|_| options.once) else {
        return;
    };
    if options.retries.is_some_and(|retries| retries > 0) {
        errors.refuse(
            keyword,
            "`once` and `retries` exclude each other",
            "a further attempt would run the body again, and what the failed one has done is not known",
            "remove one of them; the flow can look at the error and call the task again where that is safe",
        );
        options.once = false;
    }
    if options.cache.is_some() {
        errors.refuse(
            keyword,
            "`once` and `cache` exclude each other",
            "`once` is for what a body does, and a cached result stands for calls whose body does nothing",
            "remove one of them; what is worth keeping belongs into a task of its own",
        );
        options.once = false;
    }
}

fn skip(model: &Model, errors: &mut Errors) {
    for name in &model.options.skip {
        match model.parameter(name) {
            None => {
                let known = callers_see(model);
                errors.push(unknown_parameter(name, "skip", &known));
            }
            Some(parameter) if parameter.role == Role::Provided => errors.refuse(
                name,
                "`skip` names parameters that callers pass",
                &format!("`{name}` is `#[provided]`, which is neither hashed nor stored anyway"),
                &format!("remove `{name}` from `skip`"),
            ),
            Some(_) => {}
        }
    }
}

fn names(model: &Model, errors: &mut Errors) {
    let Some(name) = &model.options.name else { return };
    for former in &model.options.formerly {
        if former.value() == name.value() {
            errors.refuse(
                former,
                "`formerly` names an earlier name",
                &format!("\"{}\" is the name it has now", name.value()),
                "write the name under which the old records lie",
            );
        }
    }
}

fn cache(model: &mut Model, errors: &mut Errors) {
    let Some(cache) = &model.options.cache else { return };
    if let (Some(version), Some(_)) = (cache.seen.keyword("version"), cache.seen.keyword("depends")) {
        errors.refuse(
            version,
            "`version` and `depends` exclude each other",
            "with `version` results stay valid until that text changes, whatever the bodies say; `depends` looks at bodies",
            "remove one of them",
        );
    }
    let roles: Vec<Role> = model.arguments().map(|argument| argument.role).collect();
    let all_skipped = !roles.is_empty() && roles.iter().all(|role| *role == Role::Skipped);
    if all_skipped && let Some(keyword) = model.options.seen.keyword("cache") {
        errors.refuse(
            keyword,
            "`cache` needs an argument that is hashed",
            "`skip` leaves all arguments out of the key, so every call would get the result of the first",
            "take an argument out of `skip`, or remove `cache`",
        );
    }
    let faults = cache.key.as_ref().map(|key| key_faults(model, key, "key")).unwrap_or_default();
    if !faults.is_empty() {
        faults.into_iter().for_each(|fault| errors.push(fault));
        if let Some(cache) = &mut model.options.cache {
            cache.key = None;
        }
    }
}

/// What a call takes has to be said once, and for something.
fn limits(model: &mut Model, errors: &mut Errors) {
    let seen = &model.options.seen;
    let waits = ["limit", "limits", "rate"].iter().any(|name| seen.keyword(name).is_some());
    if let (Some(_), Some(limit)) = (seen.keyword("limits"), seen.keyword("limit")) {
        errors.refuse(
            limit,
            "`limit` and `limits` exclude each other",
            "a call takes all its permits at once, and `limits` says which",
            "write it into `limits(…)`: `limits(api = 1, memory = \"2GiB\")`",
        );
    }
    let on_pool = model.kind == Kind::Task && !model.is_async() && !model.options.inline;
    if let Some(per) = seen.keyword("per")
        && !waits
        && !on_pool
    {
        errors.refuse(
            per,
            "`per` needs `limit`, `limits` or `rate`",
            "it says whose call it is, and without a limit nobody asks",
            "add for example `limit = \"api\"`, or remove `per`",
        );
    }
    if let Some(priority) = seen.keyword("priority")
        && !waits
        && !on_pool
    {
        errors.refuse(
            priority,
            "`priority` needs `limit`, `limits` or `rate`",
            "where nothing waits, nothing goes first",
            "add for example `limit = \"api\"`, or remove `priority`",
        );
    }
    let faults = model.options.per.as_ref().map(|key| key_faults(model, key, "per")).unwrap_or_default();
    if !faults.is_empty() {
        faults.into_iter().for_each(|fault| errors.push(fault));
        model.options.per = None;
    }
}

fn key_faults(model: &Model, key: &Key, option: &str) -> Vec<syn::Error> {
    let mut faults = Vec::new();
    if key.parameters.is_empty() {
        faults.push(mistake(
            &key.body,
            &format!("`{option}` is computed from arguments"),
            match option {
                "key" => {
                    "a closure without parameters gives every call one key, and so the result of the first"
                }
                _ => {
                    "a closure without parameters gives every call one key, and a limit per key would be none"
                }
            },
            &format!("name a parameter of the function: `{option} = |url| …`"),
        ));
    }
    for bound in &key.parameters {
        let name = &bound.name;
        match model.parameter(name).map(|parameter| parameter.role) {
            Some(Role::Data) => {}
            Some(Role::Skipped) if option == "per" => {}
            Some(Role::Skipped) => faults.push(mistake(
                name,
                "`key` does not use what `skip` leaves out",
                &format!("`skip({name})` says that `{name}` is never hashed"),
                &format!("remove `{name}` from one of the two"),
            )),
            Some(Role::Provided) => faults.push(mistake(
                name,
                &format!("`{option}` does not use `#[provided]` values"),
                "they belong to the runtime, not to the call, and are looked up after the key",
                &format!("remove `{name}` from the closure"),
            )),
            None => faults.push(unknown_parameter(name, option, &callers_see(model))),
        }
    }
    faults
}

fn callers_see(model: &Model) -> Vec<String> {
    model.arguments().map(|parameter| parameter.name.unraw().to_string()).collect()
}

pub(super) fn unknown_parameter(name: &syn::Ident, option: &str, known: &[String]) -> syn::Error {
    let known = || known.iter().map(String::as_str);
    let fix = did_you_mean(&name.unraw().to_string(), known()).map_or_else(
        || match known().next() {
            Some(_) => format!("the parameters are {}", enumerate(known())),
            None => format!("the function has no parameters; remove `{option}`"),
        },
        |it| format!("did you mean `{it}`?"),
    );
    mistake(
        name,
        &format!("`{option}` names parameters of the function"),
        &format!("there is none called `{name}`"),
        &fix,
    )
}
