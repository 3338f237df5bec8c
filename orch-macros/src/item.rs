//! The annotated function as it was written: a parsed signature and an unread body.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Signature, Token, Visibility};

use crate::diagnostics::mistake;
use crate::model::Kind;

/// A function with its attributes, split where the expansion puts them.
pub(crate) struct Item {
    /// Docs, lints and `cfg`: what concerns the name.
    pub(crate) outer: Vec<Attribute>,
    /// `#[inline]`, `#[instrument]` and the like: what concerns the body.
    pub(crate) inner: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The braces and all between them. It is never parsed: while somebody types, it often does not parse yet, and
    /// the compiler says better than we could what is wrong with it.
    pub(crate) block: TokenStream,
}

/// Reads the item that the attribute stands on.
pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> syn::Result<Item> {
    (|input: ParseStream<'_>| read(kind, input)).parse2(tokens)
}

fn read(kind: Kind, input: ParseStream<'_>) -> syn::Result<Item> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    if let Some(other) = other_item(input) {
        let rest: TokenStream = input.parse()?;
        return Err(mistake(
            rest.into_iter().next(),
            &format!("{} goes on a function, not on {other}", kind.attribute()),
            "an annotation makes the calls of a function tracked, and only a function is called",
            "move the attribute to the function that does the work",
        ));
    }
    let sig: Signature = input.parse()?;
    let token: TokenTree = input.parse()?;
    let Some(block) = braces(&token) else {
        input.parse::<TokenStream>()?;
        return Err(mistake(
            token,
            &format!("{} goes on a function with a body", kind.attribute()),
            "a declaration in a trait or an `extern` block has no code that could run",
            "annotate the function that holds the code",
        ));
    };
    let (outer, inner) = attrs.into_iter().partition(belongs_to_the_name);
    Ok(Item { outer, inner, vis, sig, block })
}

/// The block, also where `macro_rules` wrapped a `$body:block` into an invisible group.
fn braces(token: &TokenTree) -> Option<TokenStream> {
    let TokenTree::Group(group) = token else {
        return None;
    };
    match group.delimiter() {
        Delimiter::Brace => Some(token.clone().into()),
        Delimiter::None => {
            let mut inside = group.stream().into_iter();
            let block = braces(&inside.next()?)?;
            inside.next().is_none().then_some(block)
        }
        Delimiter::Parenthesis | Delimiter::Bracket => None,
    }
}

/// The kind of item that starts here, if it is certainly no function.
fn other_item(input: ParseStream<'_>) -> Option<&'static str> {
    if input.peek(Token![struct]) {
        Some("a `struct`")
    } else if input.peek(Token![enum]) {
        Some("an `enum`")
    } else if input.peek(Token![trait]) {
        Some("a `trait`")
    } else if input.peek(Token![impl]) {
        Some("an `impl` block")
    } else if input.peek(Token![mod]) {
        Some("a module")
    } else if input.peek(Token![static]) || (input.peek(Token![const]) && input.peek3(Token![:])) {
        Some("a constant")
    } else if input.peek(Token![use]) || input.peek(Token![type]) || input.peek(Token![macro]) {
        Some("this item")
    } else {
        None
    }
}

/// Whether the attribute stays on the function that callers see.
///
/// Lint levels reach the body from there, since they hold for everything inside an item. A bare `#[must_use]` goes
/// to the body: a `Call` is `must_use` by itself, and saying so twice is a lint of its own.
fn belongs_to_the_name(attribute: &Attribute) -> bool {
    const NAMES: [&str; 10] =
        ["doc", "cfg", "cfg_attr", "allow", "warn", "deny", "forbid", "expect", "deprecated", "rustfmt"];
    let path = attribute.path();
    let first = path.segments.first().map(|segment| segment.ident.to_string()).unwrap_or_default();
    let must_use_with_reason = first == "must_use" && attribute.meta.require_path_only().is_err();
    NAMES.contains(&first.as_str()) || must_use_with_reason
}
