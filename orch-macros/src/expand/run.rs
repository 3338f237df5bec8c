//! One attempt.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;
use syn::spanned::Spanned as _;

use super::{arguments, output_type, turbofish};
use crate::model::{Model, Output};

/// Calls the body with owned arguments and turns its answer into what the runtime records. This is the only place
/// where the user's error type is known, so `retry_if` is asked here.
///
/// Input: `#[task(retry_if = is_temporary)] async fn find_price(url: &str) -> anyhow::Result<u32>`. Output:
///
/// ```text
/// fn __orch_run((url,): (String,)) -> impl Future<Output = BodyResult<u32>> + Send {
///     async move {
///         match __orch_body(Borrow::<str>::borrow(&url)).await {
///             Ok(value) => Ok(value),
///             Err(error) => Err({
///                 let verdict = verdict(is_temporary(&error));
///                 body_error(error).verdict(verdict)
///             }),
///         }
///     }
/// }
/// ```
pub(super) fn run(model: &Model) -> TokenStream {
    let span = model.span;
    let (generics, _, where_clause) = model.item.sig.generics.split_for_impl();
    let (pattern, tuple) = (arguments::tuple_pattern(model), arguments::tuple_type(model));
    let output = output_type(model);
    let body_result = model.paths.body_result();
    let (provided, answer) = (arguments::provided(model), answer(model));
    if model.is_async() {
        quote_spanned! {span=>
            fn __orch_run #generics (#pattern: #tuple)
                -> impl ::core::future::Future<Output = #body_result<#output>> + ::core::marker::Send
            #where_clause {
                async move { #provided #answer }
            }
        }
    } else {
        quote_spanned! {span=>
            fn __orch_run #generics (#pattern: #tuple) -> #body_result<#output> #where_clause {
                #provided
                #answer
            }
        }
    }
}

fn answer(model: &Model) -> TokenStream {
    let span = model.span;
    let (turbofish, passed) = (turbofish(model), arguments::passed(model));
    let wait = model.is_async().then(|| quote_spanned!(span=> .await));
    let called = quote_spanned!(span=> __orch_body #turbofish (#passed) #wait);
    let result = match &model.output {
        Output::Infallible(_) => return quote_spanned!(span=> ::core::result::Result::Ok(#called)),
        Output::Result(..) => called,
        Output::Alias(ty) => {
            let span = ty.span().resolved_at(span);
            let fallible = model.paths.at(span).fallible();
            quote_spanned!(span=> #fallible::into_result(#called))
        }
    };
    let failed = failed(model);
    quote_spanned! {span=>
        match #result {
            ::core::result::Result::Ok(value) => ::core::result::Result::Ok(value),
            ::core::result::Result::Err(error) => ::core::result::Result::Err(#failed),
        }
    }
}

/// The recorded form of `error`. Each mention of it stands where a message about its type belongs.
fn failed(model: &Model) -> TokenStream {
    let span = model.span;
    let error_at =
        |place: Option<Span>| Ident::new("error", place.map_or(span, |place| place.resolved_at(span)));
    let recorded = match &model.options.error {
        None => {
            let error = error_at(model.output.error_span());
            let body_error = model.paths.at(error.span()).body_error();
            quote_spanned!(error.span()=> #body_error(#error))
        }
        Some(ty) => {
            let error = error_at(Some(ty.span()));
            let body_error = model.paths.at(error.span()).body_error_typed();
            quote_spanned!(error.span()=> #body_error::<#ty>(#error))
        }
    };
    match &model.options.retry_if {
        None => recorded,
        Some(path) => {
            let error = error_at(Some(path.span()));
            let verdict = model.paths.at(error.span()).verdict();
            quote_spanned!(error.span()=> {
                let verdict = #verdict(#path(&#error));
                #recorded.verdict(verdict)
            })
        }
    }
}
