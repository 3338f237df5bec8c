//! Reading a comma-separated list of options so that one bad option spoils no other.

use proc_macro2::TokenTree;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Ident, LitInt, LitStr, Token, parenthesized};

use crate::diagnostics::{Errors, did_you_mean, enumerate, mistake, unexpected};

/// Which options a list may hold, and how it is called in messages.
pub(crate) struct Options<'a> {
    /// For example `` `#[task]` ``.
    pub(crate) owner: &'a str,
    pub(crate) known: &'a [&'static str],
    /// Which of them may stand there more than once.
    pub(crate) repeated: &'a [&'static str],
    /// What to write instead of a name that belongs elsewhere.
    pub(crate) elsewhere: &'a dyn Fn(&str) -> Option<String>,
}

/// The keywords that were written, well or badly.
///
/// "`backoff` needs `retries`" asks here, and so does not blame somebody for leaving out what they only mistyped.
#[derive(Default)]
pub(crate) struct Seen(Vec<(String, Ident)>);

impl Seen {
    /// The keyword as it stands in the source.
    pub(crate) fn keyword(&self, name: &str) -> Option<&Ident> {
        self.0.iter().find(|(seen, _)| seen == name).map(|(_, keyword)| keyword)
    }

    /// Whether this one was written, and no other.
    pub(crate) fn is_only(&self, name: &str) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(seen, _)| seen == name)
    }

    /// Only these of them.
    pub(crate) fn only(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| names.contains(&name.as_str())).cloned().collect())
    }
}

/// Reads all of `input`; `one` reads what follows a known, first-time keyword.
pub(crate) fn read_all(
    input: ParseStream<'_>,
    options: &Options<'_>,
    errors: &mut Errors,
    mut one: impl FnMut(&str, &Ident, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) -> Seen {
    let mut seen = Seen::default();
    while !input.is_empty() {
        match input.call(Ident::parse_any) {
            Ok(keyword) => {
                let name = keyword.unraw().to_string();
                let outcome = match accept(&name, &keyword, options, &seen) {
                    Ok(()) => {
                        seen.0.push((name.clone(), keyword.clone()));
                        one(&name, &keyword, input, errors)
                    }
                    Err(error) => Err(error),
                };
                if let Err(error) = outcome {
                    errors.push(error);
                    skip_to_comma(input);
                }
            }
            Err(_) => {
                let known = enumerate(options.known.iter().copied());
                errors.push(unexpected(
                    next(input),
                    &format!("{} takes options, and each starts with its name", options.owner),
                    &format!("the options are {known}"),
                ));
                skip_to_comma(input);
            }
        }
        comma(input, errors);
    }
    seen
}

fn accept(name: &str, keyword: &Ident, options: &Options<'_>, seen: &Seen) -> syn::Result<()> {
    if !options.known.contains(&name) {
        let fix = (options.elsewhere)(name)
            .or_else(|| {
                did_you_mean(name, options.known.iter().copied()).map(|it| format!("did you mean `{it}`?"))
            })
            .unwrap_or_else(|| format!("the options are {}", enumerate(options.known.iter().copied())));
        return Err(unexpected(keyword, &format!("{} has no option `{name}`", options.owner), &fix));
    }
    if seen.keyword(name).is_some() && !options.repeated.contains(&name) {
        return Err(unexpected(
            keyword,
            &format!("`{name}` is given twice, and each option has one value"),
            "keep one of the two",
        ));
    }
    Ok(())
}

/// Takes the comma between two options, or says that it is missing.
pub(super) fn comma(input: ParseStream<'_>, errors: &mut Errors) {
    if input.is_empty() || input.parse::<Token![,]>().is_ok() {
        return;
    }
    let another_option = input.peek(Ident::peek_any);
    errors.push(unexpected(
        next(input),
        "options are separated by commas",
        if another_option {
            "put a `,` before this"
        } else {
            "remove this, or put a `,` before the next option"
        },
    ));
    if !another_option {
        skip_to_comma(input);
        let _ = input.parse::<Token![,]>();
    }
}

pub(super) fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _ = input.parse::<TokenTree>();
    }
}

/// The next token, for the place of a message.
pub(crate) fn next(input: ParseStream<'_>) -> Option<TokenTree> {
    input.fork().parse().ok()
}

/// A value that could not be read: the message stands at the value, or at the keyword where there is none.
pub(super) fn wrong(keyword: &Ident, input: ParseStream<'_>, takes: &str, example: &str) -> syn::Error {
    let (rule, fix) = (format!("`{keyword}` takes {takes}"), format!("write `{example}`"));
    match next(input) {
        Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => unexpected(keyword, &rule, &fix),
        Some(token) => unexpected(token, &rule, &fix),
        None => unexpected(keyword, &rule, &fix),
    }
}

/// The `=` before a value.
pub(crate) fn equals(keyword: &Ident, input: ParseStream<'_>, takes: &str, example: &str) -> syn::Result<()> {
    input.parse::<Token![=]>().map(drop).map_err(|_| wrong(keyword, input, takes, example))
}

/// `keyword` alone.
pub(crate) fn flag(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) || input.peek(Ident::peek_any) {
        return Ok(());
    }
    Err(wrong(keyword, input, "no value", &keyword.to_string()))
}

/// `keyword = "…"`: a literal that is read further.
pub(crate) fn literal(
    keyword: &Ident,
    input: ParseStream<'_>,
    takes: &str,
    example: &str,
) -> syn::Result<LitStr> {
    equals(keyword, input, takes, example)?;
    let value = input.fork();
    input.parse().map_err(|_| wrong(keyword, &value, takes, example))
}

/// `keyword = "text"`.
pub(crate) fn text(keyword: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<LitStr> {
    let takes = "a text in quotes";
    not_blank(literal(keyword, input, takes, example)?, &keyword.to_string())
}

/// Refuses texts that could not be told apart in a log.
pub(crate) fn not_blank(literal: LitStr, keyword: &str) -> syn::Result<LitStr> {
    let value = literal.value();
    if value.is_empty() || value.trim() != value || value.contains(char::is_control) {
        return Err(mistake(
            literal,
            &format!("a text of `{keyword}` is neither empty nor starts or ends with white space"),
            "people find records by it, and such texts look alike",
            "write a short word or path",
        ));
    }
    Ok(literal)
}

/// `keyword = "10s"` in milliseconds; never zero.
pub(crate) fn duration(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<u64> {
    let (takes, example) = ("a duration in quotes", format!("{keyword} = \"10s\""));
    nonzero(&literal(keyword, input, takes, &example)?, keyword)
}

/// A duration literal that is not zero.
pub(crate) fn nonzero(literal: &LitStr, keyword: &Ident) -> syn::Result<u64> {
    match crate::units::duration(literal)? {
        0 => Err(mistake(
            literal,
            &format!("the duration of `{keyword}` is longer than zero"),
            "a limit of zero would end everything at once, and a wait of zero is none",
            "write a longer one, or leave the option out",
        )),
        millis => Ok(millis),
    }
}

/// `keyword = 3`.
pub(crate) fn number(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<u32> {
    let (takes, example) = ("a whole number that fits in 32 bits", format!("{keyword} = 3"));
    equals(keyword, input, takes, &example)?;
    let ahead = input.fork();
    match ahead.parse::<LitInt>().and_then(|literal| literal.base10_parse()) {
        Ok(value) => {
            input.parse::<LitInt>()?;
            Ok(value)
        }
        Err(_) => Err(wrong(keyword, input, takes, &example)),
    }
}

/// `keyword("a", "b")`, without doubles.
pub(crate) fn texts_in_parentheses(
    keyword: &Ident,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<Vec<LitStr>> {
    let example = format!("{keyword}(\"a\", \"b\")");
    if !input.peek(syn::token::Paren) {
        return Err(wrong(keyword, input, "texts in parentheses", &example));
    }
    let content;
    parenthesized!(content in input);
    texts(keyword, &content, &example, errors)
}

/// The rest of `input` as texts; bad ones are reported and left out.
pub(crate) fn texts(
    keyword: &Ident,
    input: ParseStream<'_>,
    example: &str,
    errors: &mut Errors,
) -> syn::Result<Vec<LitStr>> {
    let takes = "one or more texts in quotes";
    if input.is_empty() {
        return Err(wrong(keyword, input, takes, example));
    }
    let list = Punctuated::<LitStr, Token![,]>::parse_terminated(input).map_err(|_| {
        let error = wrong(keyword, input, takes, example);
        let _ = input.parse::<proc_macro2::TokenStream>();
        error
    })?;
    let mut kept: Vec<LitStr> = Vec::new();
    for literal in list {
        if kept.iter().any(|earlier| earlier.value() == literal.value()) {
            let rule = format!("`{}` stands twice in `{keyword}`", literal.value());
            errors.refuse(&literal, &rule, "naming it again changes nothing", "keep one of the two");
            continue;
        }
        match not_blank(literal, &keyword.to_string()) {
            Ok(literal) => kept.push(literal),
            Err(error) => errors.push(error),
        }
    }
    Ok(kept)
}
