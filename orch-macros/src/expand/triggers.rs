//! What else starts a flow.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Ident, Path};

use super::arguments;
use super::schedules::value;
use crate::model::{Model, Parameter};
use crate::options::with::find;
use crate::options::{Input, On, Trigger};

/// What each trigger waits for, and what it makes of it.
///
/// Input: `on = event("order paid", filter = is_large), with(currency = "EUR")` before `fn ship(id: u64, total: u32,
/// currency: String)`. Output:
///
/// ```text
/// fn __orch_on_0() -> On { On::event("order paid") }
/// fn __orch_given_0(given: &Given<'_>) -> Result<Option<Bytes>, Error> {
///     if !given.passes(is_large)? {
///         return Ok(None);
///     }
///     let (id, total, currency,): (u64, u32, String,) =
///         (given.field("id")?, given.field("total")?, String::from("EUR"),);
///     given.input(&(id, total, currency,))
/// }
/// ```
pub(super) fn functions(model: &Model) -> TokenStream {
    let functions = model.options.triggers.iter().enumerate().map(|(index, trigger)| {
        let (on, given) = (on(model, index, trigger), given(model, index, trigger));
        quote!(#on #given)
    });
    quote!(#(#functions)*)
}

fn on_name(model: &Model, index: usize) -> Ident {
    format_ident!("__orch_on_{index}", span = model.span)
}

fn given_name(model: &Model, index: usize) -> Ident {
    format_ident!("__orch_given_{index}", span = model.span)
}

fn on(model: &Model, index: usize, trigger: &Trigger) -> TokenStream {
    let (span, name) = (model.span, on_name(model, index));
    let (on, millis) = (model.paths.on(), model.paths.millis());
    // Whether there is such a flow, and whether it is one, is said at its name.
    let named = |flow: &Path, constructor: &str, times: Option<Literal>| {
        let span = flow.span().resolved_at(span);
        let (on, constructor) = (model.paths.at(span).on(), Ident::new(constructor, span));
        let times = times.into_iter();
        quote_spanned!(span=> #on::#constructor(#flow #(, #times)*))
    };
    let made = match &trigger.on {
        On::Completed(flow) => named(flow, "completed", None),
        On::Failed(flow) => named(flow, "failed", None),
        On::Overrun { flow, factor, .. } => named(flow, "overrun", Some(Literal::f64_unsuffixed(*factor))),
        On::Event(event) => quote_spanned!(span=> #on::event(#event)),
        On::Absent { event, millis: within, .. } => {
            quote_spanned!(span=> #on::absent(#event, #millis(#within)))
        }
        On::File { pattern, settle } => {
            let settle = match settle {
                Some(settle) => quote_spanned!(span=> ::core::option::Option::Some(#millis(#settle))),
                None => quote_spanned!(span=> ::core::option::Option::None),
            };
            quote_spanned!(span=> #on::file(#pattern, #settle))
        }
    };
    quote_spanned!(span=> fn #name() -> #on { #made })
}

fn given(model: &Model, index: usize, trigger: &Trigger) -> TokenStream {
    let (span, name) = (model.span, given_name(model, index));
    let (given, bytes, error) = (model.paths.given(), model.paths.bytes(), model.paths.error());
    let filter = trigger.filter.as_ref().map(|filter| {
        let passes = quote_spanned!(filter.span().resolved_at(span)=> passes);
        quote_spanned! {span=>
            if !given.#passes(#filter)? {
                return ::core::result::Result::Ok(::core::option::Option::None);
            }
        }
    });
    let fixed = |parameter: &Parameter| find(trigger.with.iter().chain(&model.options.with), &parameter.name);
    let from_outside = model.arguments().filter(|parameter| fixed(parameter).is_none()).count();
    let read = Ident::new(if from_outside == 1 { "only" } else { "field" }, span);
    let arguments: Vec<_> =
        model.arguments().map(|parameter| argument(model, parameter, fixed(parameter), &read)).collect();
    let names = arguments.iter().map(|argument| argument.name);
    let types = arguments.iter().map(|argument| &argument.ty);
    let values = arguments.iter().map(|argument| &argument.value);
    let owned = arguments.iter().map(|argument| &argument.owned);
    let made = (!arguments.is_empty())
        .then(|| quote_spanned!(span=> let (#(#names,)*): (#(#types,)*) = (#(#values,)*);));
    quote_spanned! {span=>
        fn #name(given: &#given<'_>)
            -> ::core::result::Result<::core::option::Option<#bytes>, #error>
        {
            #filter
            #made
            given.input(&(#(#owned,)*))
        }
    }
}

struct Argument<'a> {
    name: &'a Ident,
    ty: TokenStream,
    value: TokenStream,
    /// What is stored of it.
    owned: TokenStream,
}

/// What is given is read as what the call owns; what `with` says is what a caller would write.
fn argument<'a>(
    model: &Model,
    parameter: &'a Parameter,
    fixed: Option<&Input>,
    read: &Ident,
) -> Argument<'a> {
    let (span, name, ty) = (model.span, &parameter.name, &parameter.ty);
    if let Some(input) = fixed {
        let owned = arguments::owned(model, parameter);
        return Argument { name, ty: quote!(#ty), value: value(input, parameter), owned };
    }
    let text = name.unraw().to_string();
    Argument {
        name,
        ty: arguments::stored_type(model, parameter, ty.span().resolved_at(span)),
        value: quote_spanned!(span=> given.#read(#text)?),
        owned: quote!(#name),
    }
}

/// Input: `on = completed(etl)`. Output:
///
/// ```text
/// .triggers(const { &[TriggerDefinition::new("completed(etl)", __orch_on_0, __orch_given_0, line!())] })
/// ```
pub(super) fn option(model: &Model) -> Option<TokenStream> {
    let (triggers, span) = (&model.options.triggers, model.span);
    if triggers.is_empty() {
        return None;
    }
    let definition = model.paths.trigger_definition();
    let written = triggers.iter().enumerate().map(|(index, trigger)| {
        let (text, on, given) = (trigger.text(), on_name(model, index), given_name(model, index));
        // The line of the user's token, as in the definition itself.
        let line = quote_spanned!(trigger.keyword.span()=> ::core::line!());
        quote_spanned!(span=> #definition::new(#text, #on, #given, #line))
    });
    // A `const` block, because a borrowed temporary would not live as long as the static.
    Some(quote_spanned!(span=> .triggers(const { &[#(#written),*] })))
}
