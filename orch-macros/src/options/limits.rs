//! `limit = "api"`, `limits(api = 1, memory = "2GiB", gpu = |attempt| attempt)`, `rate = "100/min"`, `priority = 5`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Expr, ExprClosure, Ident, LitInt, LitStr, ReturnType, Token, parenthesized};

use super::reader;
use crate::diagnostics::{Errors, mistake, unexpected};
use crate::units;

/// What a call takes of one pool.
pub(crate) struct Need {
    pub(crate) pool: LitStr,
    pub(crate) permits: Permits,
}

pub(crate) enum Permits {
    Fixed(u64),
    /// The whole closure, which takes the number of the attempt.
    ByAttempt(Box<ExprClosure>),
}

/// `count` starts in so many milliseconds.
pub(crate) struct Rate {
    pub(crate) count: u32,
    pub(crate) window: u64,
}

const EXAMPLE: &str = "limits(api = 1, memory = \"2GiB\")";

/// How many starts a window remembers at most.
const MOST_STARTS: u32 = 100_000;

/// Reads what follows `limit`.
pub(crate) fn one(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Need> {
    let pool = reader::text(keyword, input, "limit = \"api\"")?;
    Ok(Need { pool: checked(pool)?, permits: Permits::Fixed(1) })
}

/// Reads what follows `limits`.
pub(crate) fn several(
    keyword: &Ident,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<Vec<Need>> {
    let wrong = |at: TokenStream| {
        unexpected(at, "`limits` takes pools, and how many permits of each", &format!("write `{EXAMPLE}`"))
    };
    if !input.peek(syn::token::Paren) {
        return Err(wrong(quote::quote!(#keyword)));
    }
    let content;
    parenthesized!(content in input);
    let mut needs: Vec<Need> = Vec::new();
    let mut read = || -> syn::Result<()> {
        while !content.is_empty() {
            let pool = pool(&content).map_err(|_| wrong(content.fork().parse().unwrap_or_default()))?;
            content.parse::<Token![=]>().map_err(|_| wrong(quote::quote!(#pool)))?;
            let permits = permits(&pool, &content)?;
            if needs.iter().any(|other| other.pool.value() == pool.value()) {
                errors.refuse(
                    &pool,
                    &format!("the pool `{}` stands twice in `limits`", pool.value()),
                    "a call takes all its permits of a pool at once",
                    "write it once, with the sum",
                );
            } else {
                needs.push(Need { pool: checked(pool)?, permits });
            }
            if !content.is_empty() {
                content
                    .parse::<Token![,]>()
                    .map_err(|_| wrong(content.fork().parse().unwrap_or_default()))?;
            }
        }
        Ok(())
    };
    if let Err(error) = read() {
        let _ = content.parse::<TokenStream>();
        return Err(error);
    }
    if needs.is_empty() {
        return Err(wrong(quote::quote!(#keyword)));
    }
    Ok(needs)
}

fn pool(input: ParseStream<'_>) -> syn::Result<LitStr> {
    if input.peek(LitStr) {
        return input.parse();
    }
    let name = input.call(Ident::parse_any)?;
    Ok(LitStr::new(&name.unraw().to_string(), name.span()))
}

/// What the environment could not name is refused here rather than when the program runs.
fn checked(pool: LitStr) -> syn::Result<LitStr> {
    let name = pool.value();
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(letters) && !name.to_ascii_lowercase().ends_with("_per_key") {
        return Ok(pool);
    }
    Err(mistake(
        &pool,
        "the name of a pool is made of ASCII letters, digits, `_` and `-`, and does not end in `_per_key`",
        "the environment names it too: `ORCH_LIMIT_API=4`",
        "write for example \"api\"",
    ))
}

fn permits(pool: &LitStr, input: ParseStream<'_>) -> syn::Result<Permits> {
    let name = pool.value();
    let zero = |at: &dyn quote::ToTokens| {
        mistake(
            at.to_token_stream(),
            "a call takes at least 1 permit of each pool that it names",
            "one that takes none is not limited by the pool",
            &format!("write a larger number, or leave `{name}` out"),
        )
    };
    if input.peek(LitStr) {
        let size: LitStr = input.parse()?;
        return match units::size(&size)? {
            0 => Err(zero(&size)),
            bytes => Ok(Permits::Fixed(bytes)),
        };
    }
    if input.peek(LitInt) {
        let number: LitInt = input.parse()?;
        let fits = |_| unexpected(&number, "a number of permits fits in 64 bits", "write a smaller one");
        return match number.base10_parse::<u64>().map_err(fits)? {
            0 => Err(zero(&number)),
            permits => Ok(Permits::Fixed(permits)),
        };
    }
    let value: Expr = input.parse()?;
    match value {
        Expr::Closure(closure)
            if closure.asyncness.is_none()
                && closure.capture.is_none()
                && closure.inputs.len() == 1
                && matches!(closure.output, ReturnType::Default) =>
        {
            Ok(Permits::ByAttempt(Box::new(closure)))
        }
        other => Err(unexpected(
            &other,
            "permits are a whole number, a size in quotes, or a closure that takes the number of the attempt",
            &format!("write `{name} = 2`, `{name} = \"2GiB\"` or `{name} = |attempt| 2 * attempt`"),
        )),
    }
}

/// Reads what follows `rate`.
pub(crate) fn rate(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Rate> {
    let example = "rate = \"100/min\"";
    let literal = reader::text(keyword, input, example)?;
    let text = literal.value();
    let wrong = |reason: &str, fix: &str| {
        mistake(
            &literal,
            "a rate is a whole number of starts, `/`, and the time in which they may be (`s`, `min`, `h`, `d`, or a duration)",
            reason,
            fix,
        )
    };
    let Some((count, window)) = text.split_once('/') else {
        return Err(wrong("there is no `/`", &format!("write for example `{example}`")));
    };
    let Ok(count) = count.trim().parse::<u32>() else {
        return Err(wrong(
            &format!("`{count}` is no whole number"),
            &format!("write for example `{example}`"),
        ));
    };
    if count == 0 {
        return Err(wrong("with 0 nothing could ever start", &format!("write for example `{example}`")));
    }
    if count > MOST_STARTS {
        return Err(wrong(
            &format!(
                "{count} is more than {MOST_STARTS}, and each start is remembered until its time is over"
            ),
            "choose another time: `60000/min` is `1000/s`",
        ));
    }
    let window = match window.trim() {
        "s" | "sec" | "second" => 1_000,
        "m" | "min" | "minute" => 60_000,
        "h" | "hour" => 3_600_000,
        "d" | "day" => 86_400_000,
        other if other.starts_with(|c: char| c.is_ascii_digit()) => {
            let duration = LitStr::new(other, literal.span());
            reader::nonzero(&duration, keyword)?
        }
        other => {
            return Err(wrong(
                &format!("`{other}` is no time"),
                "write for example \"10/s\", \"100/min\", \"1000/h\" or \"5/10s\"",
            ));
        }
    };
    Ok(Rate { count, window })
}

/// Reads what follows `priority`.
pub(crate) fn priority(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<i32> {
    reader::equals(keyword, input, "a whole number", "priority = 5")?;
    let minus = input.parse::<Option<Token![-]>>()?;
    let wrong = |at: TokenStream| {
        mistake(
            at,
            "`priority` takes a whole number from -100 to 100",
            "one step goes before what came up to 1,000 calls earlier, so a hundred steps are more than enough",
            "write for example `priority = 5`; the default is 0, and what is higher goes first",
        )
    };
    if !input.peek(LitInt) {
        return Err(wrong(
            reader::next(input).map_or_else(|| quote::quote!(#keyword), |token| quote::quote!(#token)),
        ));
    }
    let number: LitInt = input.parse()?;
    match number.base10_parse::<i32>() {
        Ok(priority) if priority <= 100 => Ok(if minus.is_some() { -priority } else { priority }),
        _ => Err(wrong(quote::quote!(#number))),
    }
}

/// Reads what follows `max_concurrent`.
pub(crate) fn max_concurrent(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<u32> {
    let value = input.fork();
    match reader::number(keyword, input)? {
        0 => {
            let _ = value.parse::<Token![=]>();
            Err(mistake(
                reader::next(&value),
                "`max_concurrent` is at least 1",
                "no run could ever execute",
                "write a larger number, or leave the option out",
            ))
        }
        runs => Ok(runs),
    }
}
