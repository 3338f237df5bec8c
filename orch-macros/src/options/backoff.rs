//! `backoff = fixed("1s")`, `linear("1s", max = "10s")`, `exponential("500ms", max = "30s", jitter)` or
//! `["1s", "5s"]`.

use syn::parse::ParseStream;
use syn::{Ident, LitStr, Token, bracketed, parenthesized};

use super::reader;
use crate::diagnostics::{did_you_mean, mistake, unexpected};

/// The wait between attempts, in milliseconds.
pub(crate) struct Backoff {
    pub(crate) curve: Curve,
    pub(crate) jitter: bool,
}

pub(crate) enum Curve {
    Fixed(u64),
    Linear { step: u64, max: u64 },
    Exponential { first: u64, max: u64 },
    List(Vec<u64>),
}

const CURVES: [&str; 3] = ["fixed", "linear", "exponential"];
const EXAMPLES: &str = "write `fixed(\"1s\")`, `linear(\"1s\", max = \"10s\")`, \
                        `exponential(\"500ms\", max = \"30s\", jitter)` or `[\"1s\", \"5s\"]`";

/// Reads what follows `backoff`.
pub(crate) fn parse(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Backoff> {
    reader::equals(keyword, input, "a curve or a list of delays", "backoff = fixed(\"1s\")")?;
    let content;
    if input.peek(syn::token::Bracket) {
        bracketed!(content in input);
        let arguments = Arguments::parse(keyword, &content)?;
        if arguments.delays.is_empty() {
            return Err(unexpected(keyword, "a list of delays is not empty", EXAMPLES));
        }
        arguments.without_max("a list of delays")?;
        let delays = arguments.delays.iter().map(crate::units::duration).collect::<syn::Result<_>>()?;
        return Ok(Backoff { curve: Curve::List(delays), jitter: arguments.jitter });
    }
    let value = input.fork();
    let curve: Ident = input.parse().map_err(|_| {
        unexpected(reader::next(&value), "`backoff` takes a curve or a list of delays", EXAMPLES)
    })?;
    let name = curve.to_string();
    if !CURVES.contains(&name.as_str()) {
        let fix = did_you_mean(&name, CURVES)
            .map_or_else(|| EXAMPLES.to_owned(), |it| format!("did you mean `{it}`?"));
        return Err(unexpected(curve, &format!("there is no back-off curve `{name}`"), &fix));
    }
    if !input.peek(syn::token::Paren) {
        return Err(unexpected(&curve, &format!("`{name}` takes its first delay in parentheses"), EXAMPLES));
    }
    parenthesized!(content in input);
    let arguments = Arguments::parse(&curve, &content)?;
    let first = arguments.only_delay(&curve)?;
    let curve = match name.as_str() {
        "fixed" => {
            arguments.without_max("`fixed`")?;
            Curve::Fixed(first)
        }
        "linear" => Curve::Linear { step: first, max: arguments.max(&curve, first)? },
        _ => Curve::Exponential { first, max: arguments.max(&curve, first)? },
    };
    Ok(Backoff { curve, jitter: arguments.jitter })
}

/// What stands in the parentheses or brackets.
#[derive(Default)]
struct Arguments {
    delays: Vec<LitStr>,
    max: Option<(Ident, LitStr)>,
    jitter: bool,
}

impl Arguments {
    fn parse(owner: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            if input.peek(Ident) {
                let name: Ident = input.parse()?;
                match name.to_string().as_str() {
                    "jitter" if arguments.jitter => {
                        return Err(unexpected(name, "`jitter` is given twice", "keep one of the two"));
                    }
                    "jitter" => arguments.jitter = true,
                    "max" if arguments.max.is_some() => {
                        return Err(unexpected(name, "`max` is given twice", "keep one of the two"));
                    }
                    "max" => {
                        let example = "max = \"30s\"";
                        let literal = reader::literal(&name, input, "a duration in quotes", example)?;
                        arguments.max = Some((name, literal));
                    }
                    other => {
                        let fix = did_you_mean(other, ["max", "jitter"])
                            .map_or_else(|| EXAMPLES.to_owned(), |it| format!("did you mean `{it}`?"));
                        return Err(unexpected(&name, &format!("a back-off has no option `{other}`"), &fix));
                    }
                }
            } else {
                let value = input.fork();
                let literal = input.parse::<LitStr>().map_err(|_| {
                    unexpected(reader::next(&value), "a delay is a duration in quotes", EXAMPLES)
                })?;
                arguments.delays.push(literal);
            }
            if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                return Err(unexpected(
                    owner,
                    "the arguments of a back-off are separated by commas",
                    EXAMPLES,
                ));
            }
        }
        Ok(arguments)
    }

    fn only_delay(&self, curve: &Ident) -> syn::Result<u64> {
        match self.delays.as_slice() {
            [only] => reader::nonzero(only, curve),
            [] => {
                Err(unexpected(curve, &format!("`{curve}` takes its first delay in parentheses"), EXAMPLES))
            }
            [_, second, ..] => Err(unexpected(
                second,
                &format!("`{curve}` takes one delay"),
                "name the cap `max = \"…\"`, or write a list of delays: `backoff = [\"1s\", \"5s\"]`",
            )),
        }
    }

    fn max(&self, curve: &Ident, first: u64) -> syn::Result<u64> {
        let Some((_, literal)) = &self.max else {
            return Err(mistake(
                curve,
                &format!("`{curve}` needs `max`"),
                "a back-off that grows without a cap turns an outage of a night into a wait of a week",
                &format!("add the longest wait: `{curve}(\"500ms\", max = \"30s\")`"),
            ));
        };
        let max = reader::nonzero(literal, curve)?;
        if max < first {
            return Err(mistake(
                literal,
                "`max` is not shorter than the first delay",
                "every wait would be cut to `max`, and the curve would have no effect",
                "make `max` longer, or write `fixed(…)`",
            ));
        }
        Ok(max)
    }

    fn without_max(&self, owner: &str) -> syn::Result<()> {
        self.max.as_ref().map_or(Ok(()), |(name, _)| {
            Err(mistake(name, &format!("{owner} takes no `max`"), "its delays do not grow", "remove `max`"))
        })
    }
}
