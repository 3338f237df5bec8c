//! `with(url = "…", budget = 120)`: values for parameters of a flow that starts by itself.

use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Expr, Ident, Token, parenthesized};

use super::reader;
use crate::diagnostics::{Errors, unexpected};

/// `url = "…"` inside of `with`.
pub(crate) struct Input {
    pub(crate) parameter: Ident,
    pub(crate) value: Expr,
}

/// What one of several `with` says about a parameter.
pub(crate) fn find<'a>(inputs: impl IntoIterator<Item = &'a Input>, parameter: &Ident) -> Option<&'a Input> {
    inputs.into_iter().find(|input| input.parameter.unraw() == parameter.unraw())
}

/// Reads what follows `with`.
pub(super) fn parse(keyword: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Input>> {
    let wrong = |at: proc_macro2::TokenStream| {
        unexpected(
            at,
            "`with` takes values for parameters in parentheses",
            "write `with(url = \"https://…\", budget = 120)`",
        )
    };
    if !input.peek(syn::token::Paren) {
        return Err(wrong(quote::quote!(#keyword)));
    }
    let content;
    parenthesized!(content in input);
    let mut inputs: Vec<Input> = Vec::new();
    while !content.is_empty() {
        let next = reader::next(&content);
        let read = (|| {
            let parameter = content.call(Ident::parse_any)?;
            content.parse::<Token![=]>()?;
            Ok::<_, syn::Error>(Input { parameter, value: content.parse()? })
        })();
        let Ok(read) = read else {
            let _ = content.parse::<proc_macro2::TokenStream>();
            return Err(wrong(quote::quote!(#next)));
        };
        if inputs.iter().any(|earlier| earlier.parameter.unraw() == read.parameter.unraw()) {
            errors.push(unexpected(
                &read.parameter,
                &format!("`{}` is given twice in `with`, and each parameter has one value", read.parameter),
                "keep one of the two",
            ));
        } else {
            inputs.push(read);
        }
        if !content.is_empty() && content.parse::<Token![,]>().is_err() {
            let next = reader::next(&content);
            let _ = content.parse::<proc_macro2::TokenStream>();
            return Err(unexpected(
                next,
                "the values of `with` are separated by commas",
                "put a `,` before this",
            ));
        }
    }
    Ok(inputs)
}
