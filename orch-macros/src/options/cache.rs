//! `cache` and `cache(ttl = "5m", key = |url| …)`.

use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprClosure, Ident, LitStr, Pat, Path, ReturnType, Token, Type, parenthesized};

use super::reader::{self, Seen};
use crate::diagnostics::{Errors, did_you_mean, enumerate, mistake, unexpected};

/// How results are kept.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) ttl: Option<u64>,
    pub(crate) version: Option<LitStr>,
    pub(crate) key: Option<Key>,
    pub(crate) scope: Option<Scope>,
    pub(crate) depends: Vec<Path>,
    pub(crate) max_size: Option<u64>,
    pub(crate) seen: Seen,
}

/// `key = |url, n: &u32| expression`.
pub(crate) struct Key {
    pub(crate) parameters: Vec<KeyParameter>,
    pub(crate) body: Expr,
}

/// A parameter of the key closure; it is bound to the function's parameter of the same name.
pub(crate) struct KeyParameter {
    pub(crate) name: Ident,
    pub(crate) ty: Option<Type>,
}

#[derive(Clone, Copy)]
pub(crate) enum Scope {
    Run,
    Flow,
    Global,
}

const KNOWN: [&str; 6] = ["ttl", "version", "key", "scope", "depends", "max_size"];

/// Reads what follows `cache`.
pub(crate) fn parse(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Cache> {
    let mut cache = Cache::default();
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(cache);
    }
    if !input.peek(syn::token::Paren) {
        return Err(unexpected(
            keyword,
            "`cache` stands alone or takes its options in parentheses",
            "write `cache` or `cache(ttl = \"5m\")`",
        ));
    }
    let content;
    parenthesized!(content in input);
    let options = reader::Options { owner: "`cache`", known: &KNOWN, repeated: &[], elsewhere: &elsewhere };
    cache.seen = {
        let cache = &mut cache;
        reader::read_all(&content, &options, errors, |name, keyword, input, errors| {
            match name {
                "ttl" => cache.ttl = Some(reader::duration(keyword, input)?),
                "version" => cache.version = Some(reader::text(keyword, input, "version = \"2\"")?),
                "key" => cache.key = Some(key(keyword, input, "key = |url| url.to_lowercase()")?),
                "scope" => cache.scope = Some(scope(keyword, input)?),
                "max_size" => cache.max_size = Some(max_size(keyword, input)?),
                _ => cache.depends = depends(keyword, input, errors)?,
            }
            Ok(())
        })
    };
    Ok(cache)
}

fn elsewhere(name: &str) -> Option<String> {
    match name {
        "skip" => Some("`skip` stands beside `cache`: `#[task(skip(progress), cache)]`".to_owned()),
        "refresh" => Some("say it on the call: `f(…).refresh().await`".to_owned()),
        "expires" | "max_age" | "timeout" | "time_to_live" => Some("did you mean `ttl`?".to_owned()),
        "size" | "capacity" | "limit" => Some("did you mean `max_size`?".to_owned()),
        _ => None,
    }
}

/// A closure over parameters of the function.
pub(super) fn key(keyword: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<Key> {
    let wrong = |at: &dyn quote::ToTokens, rule: &str| {
        unexpected(at.to_token_stream(), rule, &format!("write for example `{example}`"))
    };
    reader::equals(keyword, input, "a closure", example)?;
    let value: Expr = input.parse()?;
    let Expr::Closure(ExprClosure {
        asyncness: None,
        capture: None,
        inputs,
        output: ReturnType::Default,
        body,
        ..
    }) = value
    else {
        let rule = format!("`{keyword}` takes a plain closure over parameters of the function");
        return Err(wrong(&value, &rule));
    };
    let parameters = inputs.into_iter().map(|pattern| key_parameter(keyword, pattern, &wrong));
    let parameters = parameters.collect::<syn::Result<_>>()?;
    Ok(Key { parameters, body: *body })
}

fn key_parameter(
    keyword: &Ident,
    pattern: Pat,
    wrong: &dyn Fn(&dyn quote::ToTokens, &str) -> syn::Error,
) -> syn::Result<KeyParameter> {
    let (pattern, ty) = match pattern {
        Pat::Type(typed) => (*typed.pat, Some(*typed.ty)),
        other => (other, None),
    };
    match pattern {
        Pat::Ident(plain)
            if plain.by_ref.is_none() && plain.mutability.is_none() && plain.subpat.is_none() =>
        {
            Ok(KeyParameter { name: plain.ident, ty })
        }
        other => Err(wrong(
            &other,
            &format!("the closure of `{keyword}` names parameters of the function, and takes no patterns"),
        )),
    }
}

fn scope(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Scope> {
    let names = ["run", "flow", "global"];
    reader::equals(keyword, input, &format!("one of {}", enumerate(names)), "scope = run")?;
    let name: Ident = input.parse().map_err(|_| {
        unexpected(
            keyword,
            &format!("`scope` takes one of {}", enumerate(names)),
            "write `scope = run`, without quotes",
        )
    })?;
    match name.to_string().as_str() {
        "run" => Ok(Scope::Run),
        "flow" => Ok(Scope::Flow),
        "global" => Ok(Scope::Global),
        other => Err(unexpected(
            &name,
            &format!("there is no cache scope `{other}`"),
            &did_you_mean(other, names).map_or_else(
                || format!("the scopes are {}", enumerate(names)),
                |it| format!("did you mean `{it}`?"),
            ),
        )),
    }
}

fn max_size(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<u64> {
    let (takes, example) = ("a size in quotes", "max_size = \"100MB\"");
    let literal = reader::literal(keyword, input, takes, example)?;
    match crate::units::size(&literal)? {
        0 => Err(mistake(
            literal,
            "`max_size` is more than zero",
            "nothing could be kept",
            "write a larger size, or remove `cache`",
        )),
        bytes => Ok(bytes),
    }
}

fn depends(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Path>> {
    let wrong = || {
        mistake(
            keyword,
            "`depends` takes the names of annotated functions",
            "a change of their bodies makes results of this one stale, and only annotated functions have a hash",
            "write `depends(parse, clean)`",
        )
    };
    if !input.peek(syn::token::Paren) {
        return Err(wrong());
    }
    let content;
    parenthesized!(content in input);
    let paths = Punctuated::<Path, Token![,]>::parse_terminated(&content).map_err(|_| {
        let _ = content.parse::<proc_macro2::TokenStream>();
        wrong()
    })?;
    if paths.is_empty() {
        return Err(wrong());
    }
    let text = |path: &Path| quote::quote!(#path).to_string();
    let mut kept: Vec<Path> = Vec::new();
    for path in paths {
        if kept.iter().any(|earlier| text(earlier) == text(&path)) {
            errors.refuse(
                &path,
                "a function stands twice in `depends`",
                "naming it again changes nothing",
                "keep one of the two",
            );
        } else {
            kept.push(path);
        }
    }
    Ok(kept)
}
