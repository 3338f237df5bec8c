//! From the caller's arguments to an owned tuple, and from the tuple to the body's parameters.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use crate::model::{Model, Parameter, Pass, Role};
use crate::types::peel;

/// The tuple's type: `(String, Skipped<Progress>,)` for `url: &str, progress: Progress`.
pub(super) fn tuple_type(model: &Model) -> TokenStream {
    let types = model.arguments().map(|parameter| stored_type(model, parameter, model.span));
    quote_spanned!(model.span=> (#(#types,)*))
}

/// The types one by one, each where the user wrote it: `String, Skipped<Progress>`.
pub(super) fn types(model: &Model) -> impl Iterator<Item = TokenStream> {
    model
        .arguments()
        .map(|parameter| stored_type(model, parameter, parameter.ty.span().resolved_at(model.span)))
}

/// What a call owns of a parameter: `String` for `url: &str`.
pub(super) fn stored_type(model: &Model, parameter: &Parameter, span: Span) -> TokenStream {
    let owned = match &parameter.pass {
        Pass::Owned(ty) => quote!(#ty),
        Pass::Borrowed(ty) => quote_spanned!(ty.span()=> <#ty as ::std::borrow::ToOwned>::Owned),
    };
    match parameter.role {
        Role::Skipped => {
            let skipped = model.paths.at(span).skipped();
            quote_spanned!(span=> #skipped<#owned>)
        }
        Role::Data | Role::Provided => owned,
    }
}

/// The tuple taken apart: `(url, Skipped(progress),)`.
pub(super) fn tuple_pattern(model: &Model) -> TokenStream {
    let patterns = model.arguments().map(|parameter| {
        let name = &parameter.name;
        match parameter.role {
            Role::Skipped => {
                let skipped = model.paths.skipped();
                quote_spanned!(model.span=> #skipped(#name))
            }
            Role::Data | Role::Provided => quote!(#name),
        }
    });
    quote_spanned!(model.span=> (#(#patterns,)*))
}

/// The tuple made from what the caller passed: `(url.to_owned(), Skipped(progress),)`.
pub(super) fn tuple(model: &Model) -> TokenStream {
    let values = model.arguments().map(|parameter| owned(model, parameter));
    quote_spanned!(model.span=> (#(#values,)*))
}

/// One of them.
pub(super) fn owned(model: &Model, parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    let owned = match &parameter.pass {
        Pass::Owned(_) => quote!(#name),
        Pass::Borrowed(ty) => {
            quote_spanned!(ty.span()=> <#ty as ::std::borrow::ToOwned>::to_owned(#name))
        }
    };
    match parameter.role {
        Role::Skipped => {
            let skipped = model.paths.skipped();
            quote_spanned!(model.span=> #skipped(#owned))
        }
        Role::Data | Role::Provided => owned,
    }
}

/// What the body is called with, in the order of its parameters.
pub(super) fn passed(model: &Model) -> TokenStream {
    let values = model.parameters.iter().map(|parameter| {
        let name = &parameter.name;
        match (parameter.role, &parameter.pass) {
            (Role::Provided, Pass::Borrowed(_)) => quote_spanned!(model.span=> &*#name),
            (Role::Provided, Pass::Owned(ty)) => {
                quote_spanned!(ty.span()=> <#ty as ::core::clone::Clone>::clone(&*#name))
            }
            (_, Pass::Borrowed(ty)) => {
                quote_spanned!(ty.span()=> ::std::borrow::Borrow::<#ty>::borrow(&#name))
            }
            (_, Pass::Owned(_)) => quote!(#name),
        }
    });
    quote!(#(#values),*)
}

/// Fetches the `#[provided]` parameters from the runtime.
///
/// Input: `#[provided] db: &Pool`. Output:
///
/// ```text
/// let db = match provided::<Pool>("db") { Ok(value) => value, Err(error) => return Err(error) };
/// ```
pub(super) fn provided(model: &Model) -> TokenStream {
    let lookups =
        model.parameters.iter().filter(|parameter| parameter.role == Role::Provided).map(|parameter| {
            let (name, text) = (&parameter.name, parameter.name.to_string());
            let (Pass::Owned(ty) | Pass::Borrowed(ty)) = &parameter.pass;
            // The parentheses of `&(dyn Db + Send)` would be superfluous here.
            let ty = peel(ty);
            let provided = model.paths.at(ty.span().resolved_at(model.span)).provided();
            quote_spanned! {model.span=>
                let #name = match #provided::<#ty>(#text) {
                    ::core::result::Result::Ok(value) => value,
                    ::core::result::Result::Err(error) => return ::core::result::Result::Err(error),
                };
            }
        });
    quote!(#(#lookups)*)
}
