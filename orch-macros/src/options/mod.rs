//! The options of an attribute: read, and each checked by itself. How they fit together is checked in `validate`.

mod backoff;
mod cache;
mod filter;
mod limits;
mod reader;
mod schedule;
mod trigger;
pub(crate) mod with;

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token, Type, bracketed, parenthesized};

pub(crate) use backoff::{Backoff, Curve};
pub(crate) use cache::{Cache, Key, Scope};
pub(crate) use limits::{Need, Permits, Rate};
pub(crate) use reader::Seen;
pub(crate) use schedule::Schedule;
pub(crate) use trigger::{On, Trigger};
pub(crate) use with::Input;

use crate::diagnostics::{Errors, mistake, unexpected};
use crate::model::Kind;

/// What the attribute says. An option that could not be read has its default here and an error beside.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) formerly: Vec<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) retries: Option<u32>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) retry_if: Option<Path>,
    pub(crate) retry_budget: Option<u64>,
    pub(crate) timeout: Option<u64>,
    pub(crate) cache: Option<Cache>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) inline: bool,
    pub(crate) once: bool,
    pub(crate) fallible: bool,
    pub(crate) error: Option<Type>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) strict: bool,
    /// `resume = "manual"`.
    pub(crate) resumes_by_hand: bool,
    /// What `limit` and `limits` say.
    pub(crate) needs: Vec<Need>,
    pub(crate) rate: Option<Rate>,
    pub(crate) per: Option<Key>,
    pub(crate) priority: Option<i32>,
    pub(crate) max_concurrent: Option<u32>,
    /// When the flow starts by itself; the first may be the one that is written without `schedule(…)`.
    pub(crate) schedules: Vec<Schedule>,
    /// What else starts the flow.
    pub(crate) triggers: Vec<Trigger>,
    /// What `with` says for them all.
    pub(crate) with: Vec<Input>,
    /// Something in the attribute is wrong, and may have been meant for what seems to be missing.
    pub(crate) misread: bool,
    pub(crate) root: Option<Path>,
    pub(crate) seen: Seen,
}

const TASK: [&str; 21] = [
    "name",
    "formerly",
    "version",
    "retries",
    "backoff",
    "retry_if",
    "retry_budget",
    "timeout",
    "cache",
    "skip",
    "inline",
    "once",
    "limit",
    "limits",
    "rate",
    "per",
    "priority",
    "fallible",
    "error",
    "tags",
    "crate",
];

/// Without those of schedules and `crate`, which come behind them in messages.
const FLOW: [&str; 15] = [
    "name",
    "formerly",
    "version",
    "retries",
    "backoff",
    "timeout",
    "strict",
    "resume",
    "max_concurrent",
    "skip",
    "fallible",
    "error",
    "tags",
    "on",
    "schedule",
];

/// Reads all options; what is wrong goes to `errors`.
pub(crate) fn parse(kind: Kind, attribute: TokenStream, errors: &mut Errors) -> Options {
    let mut options = Options::default();
    let known = match kind {
        Kind::Task => TASK.to_vec(),
        Kind::Flow => FLOW.into_iter().chain(schedule::SHORT).chain(["crate"]).collect(),
    };
    let elsewhere = |name: &str| elsewhere(kind, name);
    let list = reader::Options {
        owner: kind.attribute(),
        known: &known,
        repeated: &["schedule", "on"],
        elsewhere: &elsewhere,
    };
    let mut short = Schedule::default();
    let before = errors.len();
    let parsed = (|input: ParseStream<'_>| {
        let seen = reader::read_all(input, &list, errors, |name, keyword, input, errors| {
            if schedule::SHORT.contains(&name) {
                short.read(name, keyword, input, errors)
            } else {
                options.read(name, keyword, input, errors)
            }
        });
        options.seen = seen;
        Ok(())
    })
    .parse2(attribute);
    options.misread = errors.len() > before;
    short.misread = options.misread;
    short.seen = options.seen.only(&schedule::SHORT);
    if short.seen.is_only("with") && options.seen.keyword("on").is_some() {
        options.with = short.with.unwrap_or_default();
    } else if short.place().is_some() {
        options.schedules.insert(0, short);
    }
    // syn adds "unexpected token" for parentheses that a bad option left half read.
    if let Err(error) = parsed
        && errors.len() == before
    {
        errors.push(error);
    }
    options
}

/// Options of the other attribute, and words that other libraries use.
fn elsewhere(kind: Kind, name: &str) -> Option<String> {
    let only = |other: &str| Some(format!("`{name}` is an option of {other}"));
    match (kind, name) {
        (Kind::Task, "strict") => only("`#[flow]`; a task has no journal that could differ from it"),
        (Kind::Task, "on") => only("`#[flow]`; a task runs when a flow calls it"),
        (Kind::Task, "schedule") => only("`#[flow]`; a task runs when a flow calls it"),
        (Kind::Task, name) if schedule::SHORT.contains(&name) => {
            only("`#[flow]`; a task runs when a flow calls it")
        }
        (Kind::Task, "resume") => only("`#[flow]`; a task is taken up with the flow that calls it"),
        (Kind::Flow, "cache") => only("`#[task]`; move the work whose result is kept into a task"),
        (Kind::Flow, "once") => {
            only("`#[task]`; a flow is resumed, and the task that must not be repeated is `once`")
        }
        (Kind::Flow, "inline") => only("`#[task]`; a flow is never cheap enough to run in place"),
        (Kind::Flow, "retry_if" | "retry_budget") => only("`#[task]`; put it on the task that fails"),
        (Kind::Task, "max_concurrent") => {
            only("`#[flow]`; a task takes a permit of a pool: `limit = \"api\"`")
        }
        (Kind::Flow, "limit" | "limits" | "rate" | "per" | "priority") => {
            only("`#[task]`; how many runs of a flow execute at once says `max_concurrent = 3`")
        }
        (Kind::Task, "concurrency" | "max_concurrency" | "semaphore" | "pool") => {
            Some("a task takes a permit of a pool: `limit = \"api\"`".to_owned())
        }
        (Kind::Flow, "concurrency" | "max_concurrency" | "max_runs") => {
            Some("did you mean `max_concurrent`?".to_owned())
        }
        (_, "rate_limit" | "throttle") => Some("write `rate = \"100/min\"`".to_owned()),
        (_, "attempts" | "max_attempts" | "retry") => {
            Some("write `retries = 2` for up to three attempts".to_owned())
        }
        (_, "delay" | "retry_delay" | "wait") => {
            Some("write `retries = 3, backoff = fixed(\"1s\")`".to_owned())
        }
        (Kind::Task, "memoize" | "memo" | "persist") => Some("did you mean `cache`?".to_owned()),
        (Kind::Task, "ttl" | "scope" | "key" | "depends" | "max_size") => {
            Some(format!("`{name}` is an option of `cache`: write it inside `cache(…)`"))
        }
        (Kind::Flow, "schedules") => Some("did you mean `schedule`? There may be several".to_owned()),
        (_, "provided") => Some("it stands before the parameter: `#[provided] db: &Pool`".to_owned()),
        (Kind::Flow, name) => trigger::elsewhere(name).or_else(|| schedule::elsewhere(name)),
        _ => None,
    }
}

impl Options {
    fn read(
        &mut self,
        name: &str,
        keyword: &Ident,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        match name {
            "name" => self.name = Some(reader::text(keyword, input, "name = \"shop::price\"")?),
            "formerly" => self.formerly = formerly(keyword, input, errors)?,
            "version" => self.version = Some(reader::text(keyword, input, "version = \"2\"")?),
            "retries" => self.retries = Some(reader::number(keyword, input)?),
            "backoff" => self.backoff = Some(backoff::parse(keyword, input)?),
            "retry_if" => self.retry_if = Some(retry_if(keyword, input)?),
            "retry_budget" => self.retry_budget = Some(reader::duration(keyword, input)?),
            "timeout" => self.timeout = Some(reader::duration(keyword, input)?),
            "cache" => {
                // What `cache(…)` says wrongly must not turn caching off and complain about that too.
                self.cache = Some(Cache::default());
                self.cache = Some(cache::parse(keyword, input, errors)?);
            }
            "skip" => self.skip = skip(keyword, input, errors)?,
            "inline" => {
                reader::flag(keyword, input)?;
                self.inline = true;
            }
            "once" => {
                reader::flag(keyword, input)?;
                self.once = true;
            }
            "limit" => {
                let need = limits::one(keyword, input)?;
                self.needs.push(need);
            }
            "limits" => {
                let needs = limits::several(keyword, input, errors)?;
                self.needs.extend(needs);
            }
            "rate" => self.rate = Some(limits::rate(keyword, input)?),
            "per" => self.per = Some(cache::key(keyword, input, "per = |user| user.to_owned()")?),
            "priority" => self.priority = Some(limits::priority(keyword, input)?),
            "max_concurrent" => self.max_concurrent = Some(limits::max_concurrent(keyword, input)?),
            "fallible" => {
                reader::flag(keyword, input)?;
                self.fallible = true;
            }
            "error" => {
                reader::equals(keyword, input, "a type", "error = MyError")?;
                self.error = Some(input.parse()?);
            }
            "tags" => self.tags = reader::texts_in_parentheses(keyword, input, errors)?,
            "strict" => {
                reader::flag(keyword, input)?;
                self.strict = true;
            }
            "schedule" => self.schedules.push(schedule::parse(keyword, input, errors)?),
            "on" => self.triggers.extend(trigger::parse(keyword, input, errors)?),
            "resume" => self.resumes_by_hand = resume(keyword, input)?,
            _ => {
                let example = "crate = ::my_crate::orch";
                reader::equals(keyword, input, "a path", example)?;
                self.root = Some(input.call(Path::parse_mod_style).map_err(|_| {
                    unexpected(keyword, "`crate` takes a path", &format!("write `{example}`, without quotes"))
                })?);
            }
        }
        Ok(())
    }
}

/// Whether interrupted runs wait for a person.
fn resume(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
    let example = "resume = \"manual\"";
    let when = reader::text(keyword, input, example)?;
    match when.value().as_str() {
        "auto" => Ok(false),
        "manual" => Ok(true),
        other => Err(unexpected(
            &when,
            &format!("`resume` is \"auto\" or \"manual\", not \"{other}\""),
            "\"auto\", the default, takes interrupted runs up when the program starts again; with \"manual\" they wait \
             for `Runtime::resume`",
        )),
    }
}

fn formerly(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<LitStr>> {
    let example = "formerly = [\"old::name\"]";
    let ahead = input.fork();
    if ahead.parse::<Token![=]>().is_ok() && ahead.peek(syn::token::Bracket) {
        input.parse::<Token![=]>()?;
        let content;
        bracketed!(content in input);
        return reader::texts(keyword, &content, example, errors);
    }
    Ok(vec![reader::text(keyword, input, "formerly = \"old::name\"")?])
}

fn retry_if(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Path> {
    reader::equals(keyword, input, "the path of a function", "retry_if = is_temporary")?;
    let wrong = |at: TokenStream| {
        mistake(
            at,
            "`retry_if` takes the path of a function",
            "the types of a closure would not be known where it is called",
            "write `fn is_temporary(error: &MyError) -> bool` (or `-> orch::Retry`), and `retry_if = is_temporary`",
        )
    };
    if input.peek(Token![|]) || input.peek(Token![move]) {
        let closure: syn::Expr = input.parse()?;
        return Err(wrong(quote::quote!(#closure)));
    }
    let path = input.parse().map_err(|_| wrong(quote::quote!(#keyword)))?;
    if input.peek(syn::token::Paren) {
        input.parse::<proc_macro2::TokenTree>()?;
        return Err(wrong(quote::quote!(#path)));
    }
    Ok(path)
}

fn skip(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Ident>> {
    let wrong = |at: TokenStream| {
        unexpected(at, "`skip` takes names of parameters in parentheses", "write `skip(progress)`")
    };
    if !input.peek(syn::token::Paren) {
        return Err(wrong(quote::quote!(#keyword)));
    }
    let content;
    parenthesized!(content in input);
    let names = Punctuated::<Ident, Token![,]>::parse_terminated(&content).map_err(|_| {
        let _ = content.parse::<TokenStream>();
        wrong(quote::quote!(#keyword))
    })?;
    if names.is_empty() {
        return Err(wrong(quote::quote!(#keyword)));
    }
    let mut kept: Vec<Ident> = Vec::new();
    for name in names {
        if kept.iter().any(|earlier| earlier.unraw() == name.unraw()) {
            errors.refuse(
                &name,
                &format!("`{name}` stands twice in `skip`"),
                "naming it again changes nothing",
                "keep one of the two",
            );
        } else {
            kept.push(name);
        }
    }
    Ok(kept)
}
