//! When a flow starts by itself: `cron = "0 9 * * *", tz = "Europe/Berlin"`, or `schedule(name = "mornings", …)`.

use orch_schedule::{CatchUp, Cron, Doubled, Dst, Missing, Moment, Overlap, RuleError, Zone};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Ident, LitStr, Token, bracketed, parenthesized};

use super::reader::{self, Seen};
use super::with::{self, Input};
use crate::diagnostics::{Errors, did_you_mean, enumerate, mistake, unexpected};

/// One schedule. What could not be read is missing here and an error beside.
#[derive(Default)]
pub(crate) struct Schedule {
    /// `schedule`, where it is written so.
    pub(crate) keyword: Option<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) cron: Option<LitStr>,
    /// In milliseconds.
    pub(crate) every: Option<u64>,
    pub(crate) anchor: Option<LitStr>,
    pub(crate) at: Vec<LitStr>,
    pub(crate) tz: Option<LitStr>,
    pub(crate) dst: Option<Dst>,
    /// What `with` says, if it could be read.
    pub(crate) with: Option<Vec<Input>>,
    pub(crate) catch_up: Option<CatchUp>,
    pub(crate) max_late: Option<u64>,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) jitter: Option<u64>,
    pub(crate) until: Option<LitStr>,
    pub(crate) max_runs: Option<u32>,
    pub(crate) seen: Seen,
    /// Something beside what was read is wrong, and may have been meant for what seems to be missing.
    pub(crate) misread: bool,
}

/// What stands directly in the attribute for its only schedule.
pub(crate) const SHORT: [&str; 13] = [
    "cron", "tz", "every", "anchor", "at", "with", "catch_up", "max_late", "overlap", "jitter", "dst",
    "until", "max_runs",
];

const KNOWN: [&str; 14] = [
    "name", "cron", "tz", "every", "anchor", "at", "with", "catch_up", "max_late", "overlap", "jitter",
    "dst", "until", "max_runs",
];

const EXAMPLE: &str = "schedule(name = \"mornings\", cron = \"0 9 * * *\")";

/// Reads what follows `schedule`.
pub(crate) fn parse(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Schedule> {
    if !input.peek(syn::token::Paren) {
        return Err(unexpected(
            keyword,
            "`schedule` takes its options in parentheses",
            &format!("write `{EXAMPLE}`, or `cron = \"0 9 * * *\"` for the only schedule of a flow"),
        ));
    }
    let content;
    parenthesized!(content in input);
    let mut schedule = Schedule { keyword: Some(keyword.clone()), ..Schedule::default() };
    let before = errors.len();
    let options =
        reader::Options { owner: "`schedule`", known: &KNOWN, repeated: &[], elsewhere: &elsewhere };
    let seen = reader::read_all(&content, &options, errors, |name, keyword, input, errors| {
        schedule.read(name, keyword, input, errors)
    });
    schedule.seen = seen;
    schedule.misread = errors.len() > before;
    Ok(schedule)
}

/// Words that other libraries use.
pub(super) fn elsewhere(name: &str) -> Option<String> {
    match name {
        "zone" | "timezone" | "time_zone" => Some("did you mean `tz`?".to_owned()),
        "interval" | "period" => Some("write `every = \"5m\"`".to_owned()),
        "start" | "starting" | "from" => {
            Some("`anchor = \"2026-01-01 06:30\"` is a moment from which `every` counts".to_owned())
        }
        "end" | "stop" => Some("did you mean `until`?".to_owned()),
        "catchup" | "misfire" => Some("write `catch_up = none`, `last` or `all`".to_owned()),
        "args" | "inputs" | "parameters" | "arguments" => {
            Some("write `with(url = \"…\", budget = 120)`".to_owned())
        }
        _ => None,
    }
}

impl Schedule {
    /// Reads the value of one option.
    pub(crate) fn read(
        &mut self,
        name: &str,
        keyword: &Ident,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        match name {
            "name" => self.name = Some(reader::text(keyword, input, "name = \"mornings\"")?),
            "cron" => {
                let takes = "a cron expression in quotes";
                let literal = reader::literal(keyword, input, takes, "cron = \"0 9 * * MON-FRI\"")?;
                self.cron = checked(literal, |text| Cron::parse(text).map(drop), errors);
            }
            "tz" => {
                let takes = "the name of a time zone in quotes";
                let literal = reader::literal(keyword, input, takes, "tz = \"Europe/Berlin\"")?;
                self.tz = checked(literal, |text| Zone::named(text).map(drop), errors);
            }
            "every" => self.every = Some(period(keyword, input)?),
            "anchor" => self.anchor = moment(keyword, input, errors)?,
            "at" => self.at = moments(keyword, input, errors)?,
            "with" => self.with = Some(with::parse(keyword, input, errors)?),
            "catch_up" => self.catch_up = Some(catch_up(keyword, input)?),
            "max_late" => self.max_late = Some(reader::duration(keyword, input)?),
            "overlap" => self.overlap = Some(overlap(keyword, input)?),
            "jitter" => self.jitter = Some(reader::duration(keyword, input)?),
            "dst" => self.dst = Some(dst(keyword, input, errors)?),
            "until" => self.until = moment(keyword, input, errors)?,
            _ => self.max_runs = Some(max_runs(keyword, input)?),
        }
        Ok(())
    }

    /// Where a message about the schedule as a whole stands: at what makes it due, or else at what there is of it.
    pub(crate) fn place(&self) -> Option<&Ident> {
        let rule = ["cron", "every", "at"].iter().find_map(|name| self.seen.keyword(name));
        rule.or(self.keyword.as_ref()).or_else(|| SHORT.iter().find_map(|name| self.seen.keyword(name)))
    }
}

/// The literal if its text is right; each thing that is wrong with it is an error at the literal.
fn checked(
    literal: LitStr,
    check: impl FnOnce(&str) -> Result<(), RuleError>,
    errors: &mut Errors,
) -> Option<LitStr> {
    let text = literal.value();
    let Err(error) = check(&text) else { return Some(literal) };
    for wrong in error.mistakes() {
        // The compiler can point at the literal, and not into it.
        if wrong.text().is_empty() || wrong.text() == text.trim() {
            errors.push(unexpected(&literal, wrong.rule(), wrong.fix()));
        } else {
            let part = format!("this is about `{}` in \"{text}\"", wrong.text());
            errors.push(mistake(&literal, wrong.rule(), &part, wrong.fix()));
        }
    }
    None
}

fn period(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<u64> {
    let literal = reader::literal(keyword, input, "a duration in quotes", "every = \"5m\"")?;
    match crate::units::duration(&literal)? {
        0 => Err(mistake(
            &literal,
            "the period of `every` is longer than zero",
            "between two moments that are due some time has to pass",
            "write for example \"5m\"",
        )),
        millis => Ok(millis),
    }
}

fn is_moment(text: &str) -> Result<(), RuleError> {
    Moment::parse(text).map(drop)
}

fn moment(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<LitStr>> {
    let example = format!("{keyword} = \"2026-12-24 18:00\"");
    let literal = reader::literal(keyword, input, "a date with a time in quotes", &example)?;
    Ok(checked(literal, is_moment, errors))
}

fn moments(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<LitStr>> {
    let ahead = input.fork();
    if ahead.parse::<Token![=]>().is_ok() && ahead.peek(syn::token::Bracket) {
        input.parse::<Token![=]>()?;
        let content;
        bracketed!(content in input);
        let example = "at = [\"2026-12-24 18:00\", \"2026-12-31 18:00\"]";
        let literals = reader::texts(keyword, &content, example, errors)?;
        return Ok(literals.into_iter().filter_map(|literal| checked(literal, is_moment, errors)).collect());
    }
    Ok(moment(keyword, input, errors)?.into_iter().collect())
}

/// `keyword = word`, one of a few.
fn choice<T: Copy>(keyword: &Ident, input: ParseStream<'_>, choices: &[(&'static str, T)]) -> syn::Result<T> {
    let names = || choices.iter().map(|(name, _)| *name);
    let takes = format!("one of {}", enumerate(names()));
    let example = format!("{keyword} = {}", names().next().unwrap_or_default());
    reader::equals(keyword, input, &takes, &example)?;
    let value = reader::next(input);
    let Ok(word) = input.call(Ident::parse_any) else {
        let fix = format!("write `{example}`, without quotes");
        return Err(unexpected(value, &format!("`{keyword}` takes {takes}"), &fix));
    };
    let written = word.to_string();
    if let Some((_, chosen)) = choices.iter().find(|(name, _)| *name == written) {
        return Ok(*chosen);
    }
    let fix = did_you_mean(&written, names())
        .map_or_else(|| format!("write {takes}"), |near| format!("did you mean `{near}`?"));
    Err(unexpected(&word, &format!("`{keyword}` has no choice `{written}`"), &fix))
}

fn catch_up(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<CatchUp> {
    choice(keyword, input, &[("none", CatchUp::None), ("last", CatchUp::Last), ("all", CatchUp::All)])
}

fn overlap(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Overlap> {
    let choices = [
        ("allow", Overlap::Allow),
        ("skip", Overlap::Skip),
        ("queue", Overlap::Queue),
        ("cancel", Overlap::Cancel),
    ];
    choice(keyword, input, &choices)
}

fn dst(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Dst> {
    if !input.peek(syn::token::Paren) {
        return Err(unexpected(
            keyword,
            "`dst` takes its options in parentheses",
            "write `dst(missing = shift, doubled = first)`, the default, or `skip`, `last`, `both`",
        ));
    }
    let content;
    parenthesized!(content in input);
    let mut dst = Dst::DEFAULT;
    let known = ["missing", "doubled"];
    let options = reader::Options { owner: "`dst`", known: &known, repeated: &[], elsewhere: &|_| None };
    reader::read_all(&content, &options, errors, |name, keyword, input, _| {
        match name {
            "missing" => {
                dst.missing = choice(keyword, input, &[("shift", Missing::Shift), ("skip", Missing::Skip)])?;
            }
            _ => {
                let choices = [("first", Doubled::First), ("last", Doubled::Last), ("both", Doubled::Both)];
                dst.doubled = choice(keyword, input, &choices)?;
            }
        }
        Ok(())
    });
    Ok(dst)
}

fn max_runs(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<u32> {
    match reader::number(keyword, input)? {
        0 => Err(mistake(
            keyword,
            "`max_runs` is at least 1",
            "a schedule that starts nothing is none",
            "write a number of runs, or remove the schedule",
        )),
        runs => Ok(runs),
    }
}
