//! What else starts a flow: `on = completed(etl)`, `on = event("order paid", filter = |order: &Order| …)`.

use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Expr, Ident, Lit, LitStr, Path, Token, parenthesized};

use super::reader;
use super::with::{self, Input};
use crate::diagnostics::{Errors, did_you_mean, enumerate, mistake, unexpected};

/// One trigger that could be read.
pub(crate) struct Trigger {
    /// `on`.
    pub(crate) keyword: Ident,
    /// `completed`, `event`, …
    pub(crate) kind: Ident,
    pub(crate) on: On,
    pub(crate) filter: Option<Expr>,
    pub(crate) with: Vec<Input>,
    /// Something beside what was read is wrong.
    pub(crate) misread: bool,
}

/// What a trigger waits for.
pub(crate) enum On {
    Completed(Path),
    Failed(Path),
    Event(LitStr),
    Absent {
        event: LitStr,
        within: LitStr,
        millis: u64,
    },
    File {
        pattern: LitStr,
        settle: Option<u64>,
    },
    /// With the number as it is written, and what it is.
    Overrun {
        flow: Path,
        times: Lit,
        factor: f64,
    },
}

const KINDS: [&str; 6] = ["completed", "failed", "event", "absent", "file", "overrun"];

impl Trigger {
    /// What it waits for, as it is written. It tells the triggers of one flow from each other, so what they do with it (a
    /// filter, fixed values) can change without making another one of it.
    pub(crate) fn text(&self) -> String {
        match &self.on {
            On::Completed(flow) => format!("completed({})", path_text(flow)),
            On::Failed(flow) => format!("failed({})", path_text(flow)),
            On::Event(event) => format!("event({:?})", event.value()),
            On::Absent { event, within, .. } => format!("absent({:?}, {:?})", event.value(), within.value()),
            On::File { pattern, .. } => format!("file({:?})", pattern.value()),
            On::Overrun { flow, times, .. } => {
                format!("overrun({}, {})", path_text(flow), times.to_token_stream())
            }
        }
    }
}

fn path_text(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

/// Words that other libraries use for the option itself.
pub(super) fn elsewhere(name: &str) -> Option<String> {
    match name {
        "trigger" | "triggers" | "when" | "after" | "depends_on" | "upstream" | "follows" => Some(
            "write `on = completed(etl)` to follow a flow, or `on = event(\"order paid\")` for an event"
                .to_owned(),
        ),
        "on_success" | "on_completion" | "on_completed" => Some("write `on = completed(etl)`".to_owned()),
        "on_failure" | "on_error" | "on_failed" => Some("write `on = failed(etl)`".to_owned()),
        "event" | "on_event" => Some("write `on = event(\"order paid\")`".to_owned()),
        "filter" => Some(
            "it stands in the trigger: `on = event(\"order paid\", filter = |order: &Order| …)`".to_owned(),
        ),
        name if KINDS.contains(&name) => Some(format!("write `{}`", example(name))),
        _ => None,
    }
}

/// Words that other libraries use for what has happened.
fn other_word(name: &str) -> Option<String> {
    let write = |kind: &str| Some(format!("write `{}`", example(kind)));
    match name {
        "success" | "succeeded" | "succeeds" | "after" | "flow" | "then" => write("completed"),
        "failure" | "error" | "fails" | "crashed" | "cancelled" | "timed_out" => write("failed"),
        "finished" | "done" | "ended" | "end" | "any" => Some(
            "write `on = completed(etl)` for runs that give a value, and `on = failed(etl)` for all others"
                .to_owned(),
        ),
        "emitted" | "emit" | "message" | "signal" | "webhook" | "topic" => write("event"),
        "absence" | "missing" | "silence" | "no_event" => write("absent"),
        "files" | "path" | "watch" | "created" | "changed" | "glob" => write("file"),
        "slow" | "late" | "timeout" | "overdue" | "sla" => write("overrun"),
        "cron" | "every" | "at" | "schedule" | "interval" | "time" => {
            Some("moments stand in the attribute itself: `#[flow(cron = \"0 9 * * *\")]`".to_owned())
        }
        _ => None,
    }
}

fn example(kind: &str) -> String {
    let inside = match kind {
        "completed" | "failed" => "etl",
        "event" => "\"order paid\"",
        "absent" => "\"heartbeat\", \"5m\"",
        "file" => "\"incoming/*.csv\"",
        _ => "etl, 3.0",
    };
    format!("on = {kind}({inside})")
}

/// Reads what follows `on`. Nothing where what it waits for could not be read, which is an error then.
pub(super) fn parse(
    keyword: &Ident,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<Option<Trigger>> {
    reader::equals(keyword, input, "what starts the flow", &example("completed"))?;
    if let Ok(text) = input.fork().parse::<LitStr>() {
        let fix =
            format!("write `on = event({:?})`, or `on = completed(etl)` to follow a flow", text.value());
        return Err(unexpected(&text, "`on` takes what starts the flow, and a text does not say that", &fix));
    }
    let place = reader::next(input);
    let Ok(kind) = input.call(Ident::parse_any) else {
        let (rule, fix) = ("`on` takes what starts the flow", format!("write `{}`", example("completed")));
        return Err(match place {
            Some(place) => unexpected(place, rule, &fix),
            None => unexpected(keyword, rule, &fix),
        });
    };
    let name = kind.unraw().to_string();
    if !KINDS.contains(&name.as_str()) {
        let fix = other_word(&name)
            .or_else(|| did_you_mean(&name, KINDS).map(|near| format!("did you mean `{near}`?")))
            .unwrap_or_else(|| match input.peek(syn::token::Paren) {
                true => format!("what can start a flow is {}", enumerate(KINDS)),
                false => format!("write `on = completed({name})` to follow a flow"),
            });
        return Err(unexpected(&kind, &format!("`on` has no choice `{name}`"), &fix));
    }
    if !input.peek(syn::token::Paren) {
        return Err(unexpected(
            &kind,
            &format!("`{name}` says in parentheses what it is about"),
            &format!("write `{}`", example(&name)),
        ));
    }
    let content;
    parenthesized!(content in input);
    let before = errors.len();
    let on = subject(&kind, &name, &content).map_err(|error| {
        errors.push(error);
        skip_to_option(&content);
    });
    reader::comma(&content, errors);
    let (mut filter, mut with, mut settled) = (None, Vec::new(), None);
    let owner = format!("`{name}`");
    let known: &[&str] = match name.as_str() {
        "absent" => &["with"],
        "file" => &["filter", "with", "settle"],
        _ => &["filter", "with"],
    };
    let elsewhere = |option: &str| misplaced(&name, option);
    let options = reader::Options { owner: &owner, known, repeated: &[], elsewhere: &elsewhere };
    reader::read_all(&content, &options, errors, |option, keyword, input, errors| {
        match option {
            "filter" => filter = Some(super::filter::parse(keyword, input)?),
            "with" => with = with::parse(keyword, input, errors)?,
            _ => settled = Some(reader::duration(keyword, input)?),
        }
        Ok(())
    });
    let misread = errors.len() > before;
    Ok(on.ok().map(|on| {
        let on = match on {
            On::File { pattern, .. } => On::File { pattern, settle: settled },
            other => other,
        };
        Trigger { keyword: keyword.clone(), kind, on, filter, with, misread }
    }))
}

/// What stands behind a value that could not be read may be its second half.
fn skip_to_option(content: ParseStream<'_>) {
    while !content.is_empty() {
        reader::skip_to_comma(content);
        if content.peek2(Ident::peek_any) && (content.peek3(Token![=]) || content.peek3(syn::token::Paren)) {
            return;
        }
        let _ = content.parse::<Token![,]>();
    }
}

fn misplaced(kind: &str, option: &str) -> Option<String> {
    match (kind, option) {
        ("absent", "filter" | "if" | "when" | "where" | "condition" | "predicate") => {
            Some("remove it; nothing has come that it could look at".to_owned())
        }
        (_, "settle") => Some("it is an option of `file`".to_owned()),
        ("file", "debounce" | "delay" | "wait" | "stable") => Some("did you mean `settle`?".to_owned()),
        (_, "if" | "when" | "where" | "condition" | "predicate") => Some("did you mean `filter`?".to_owned()),
        (_, "args" | "inputs" | "parameters" | "arguments") => {
            Some("write `with(currency = \"EUR\")`".to_owned())
        }
        ("absent", "within" | "after") => Some("write `absent(\"heartbeat\", \"5m\")`".to_owned()),
        ("overrun", "times" | "factor") => Some("write `overrun(etl, 3.0)`".to_owned()),
        _ => None,
    }
}

fn subject(kind: &Ident, name: &str, content: ParseStream<'_>) -> syn::Result<On> {
    let example = example(name);
    match name {
        "completed" => flow(kind, "the name of a flow", &example, content).map(On::Completed),
        "failed" => flow(kind, "the name of a flow", &example, content).map(On::Failed),
        "event" => text(kind, "the name of an event in quotes", &example, content).map(On::Event),
        "absent" => {
            let takes = "the name of an event and a duration, both in quotes";
            let event = text(kind, takes, &example, content)?;
            second(kind, takes, &example, content)?;
            let within = literal(kind, takes, &example, content)?;
            let millis = reader::nonzero(&within, kind)?;
            Ok(On::Absent { event, within, millis })
        }
        "file" => {
            let pattern = text(kind, "the pattern of a path in quotes", &example, content)?;
            Ok(On::File { pattern, settle: None })
        }
        _ => {
            let takes = "the name of a flow, and how many times longer than usual its run takes";
            let flow = flow(kind, takes, &example, content)?;
            second(kind, takes, &example, content)?;
            let (times, factor) = times(kind, takes, &example, content)?;
            Ok(On::Overrun { flow, times, factor })
        }
    }
}

/// The comma before a second value.
fn second(kind: &Ident, takes: &str, example: &str, content: ParseStream<'_>) -> syn::Result<()> {
    content.parse::<Token![,]>().map(drop).map_err(|_| reader::wrong(kind, content, takes, example))
}

fn literal(kind: &Ident, takes: &str, example: &str, content: ParseStream<'_>) -> syn::Result<LitStr> {
    let value = content.fork();
    content.parse().map_err(|_| reader::wrong(kind, &value, takes, example))
}

fn text(kind: &Ident, takes: &str, example: &str, content: ParseStream<'_>) -> syn::Result<LitStr> {
    reader::not_blank(literal(kind, takes, example, content)?, &kind.to_string())
}

fn flow(kind: &Ident, takes: &str, example: &str, content: ParseStream<'_>) -> syn::Result<Path> {
    if let Ok(text) = content.fork().parse::<LitStr>() {
        let meant = syn::parse_str::<Path>(&text.value()).map_or_else(|_| "etl".to_owned(), |_| text.value());
        return Err(mistake(
            &text,
            &format!("`{kind}` takes the flow itself, and not a text"),
            "the compiler then knows that there is one, and what it gives",
            &format!("write `{meant}` without quotes"),
        ));
    }
    let value = content.fork();
    let path: Path = content.parse().map_err(|_| reader::wrong(kind, &value, takes, example))?;
    if content.peek(syn::token::Paren) {
        let rule = format!("`{kind}` names a flow and does not call it");
        return Err(unexpected(reader::next(content), &rule, "remove the parentheses behind it"));
    }
    if path.segments.iter().any(|segment| !segment.arguments.is_none()) {
        return Err(unexpected(
            &path,
            &format!("`{kind}` names a flow without type parameters"),
            "write a flow with the types that are meant, let it call this one, and name that",
        ));
    }
    Ok(path)
}

fn times(kind: &Ident, takes: &str, example: &str, content: ParseStream<'_>) -> syn::Result<(Lit, f64)> {
    let value = content.fork();
    let read = content.parse::<Lit>().ok().and_then(|literal| {
        let factor = match &literal {
            Lit::Int(whole) => whole.base10_parse::<f64>().ok(),
            Lit::Float(float) => float.base10_parse().ok(),
            _ => None,
        };
        factor.filter(|factor: &f64| factor.is_finite()).map(|factor| (literal, factor))
    });
    match read {
        None => Err(reader::wrong(kind, &value, takes, example)),
        Some((literal, factor)) if factor <= 1.0 => Err(mistake(
            &literal,
            "`overrun` takes a number above 1",
            "every other run takes longer than the usual one",
            &format!("write for example `{example}`"),
        )),
        Some(read) => Ok(read),
    }
}
