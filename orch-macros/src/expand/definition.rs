//! The static data.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;

use super::{flow, limits, schedules, task, triggers};
use crate::model::{Kind, Model, Role};
use crate::options::{Backoff, Curve};

/// Where the function stands, what it is made of, and its options.
///
/// Input: `#[task(retries = 3, timeout = "10s")] fn find_price(url: &str, …)`. Output:
///
/// ```text
/// fn __orch_path() -> &'static str { ::core::any::type_name_of_val(&__orch_path) }
/// static __ORCH_DEFINITION: Definition = Definition::task(
///     Place { name: "find_price", module: module_path!(), file: file!(), line: line!(), column: column!(), path: __orch_path },
///     0x…u64,
///     &["url"],
/// )
/// .retries(3u32)
/// .timeout(millis(10000u64));
/// ```
pub(super) fn definition(model: &Model) -> TokenStream {
    let span = model.span;
    let (definition, place) = (model.paths.definition(), model.paths.place());
    let constructor = match model.kind {
        Kind::Task => quote_spanned!(span=> #definition::task),
        Kind::Flow => quote_spanned!(span=> #definition::flow),
    };
    let name = model.item.sig.ident.unraw().to_string();
    // `line!()` answers for the place of its own tokens: these have the user's span, and so name the function's line
    // and not the attribute's.
    let source = quote_spanned! {model.item.sig.ident.span()=>
        file: ::core::file!(), line: ::core::line!(), column: ::core::column!()
    };
    let mut hash: Literal =
        format!("{:#018x}u64", model.hash).parse().unwrap_or_else(|_| Literal::u64_suffixed(model.hash));
    hash.set_span(span);
    let hashed = model
        .parameters
        .iter()
        .filter(|parameter| parameter.role == Role::Data)
        .map(|parameter| parameter.name.unraw().to_string());
    let depends = task::depends(model);
    let permits = limits::functions(model);
    let inputs = schedules::inputs(model);
    let triggers = triggers::functions(model);
    let shared = shared_options(model);
    let own = match model.kind {
        Kind::Task => task::options(model),
        Kind::Flow => flow::options(model),
    };
    quote_spanned! {span=>
        fn __orch_path() -> &'static str {
            ::core::any::type_name_of_val(&__orch_path)
        }
        #depends
        #permits
        #inputs
        #triggers
        static __ORCH_DEFINITION: #definition = #constructor(
            #place { name: #name, module: ::core::module_path!(), #source, path: __orch_path },
            #hash,
            &[#(#hashed),*],
        ) #shared #own;
    }
}

/// The options that tasks and flows share.
fn shared_options(model: &Model) -> TokenStream {
    let (options, span) = (&model.options, model.span);
    let millis = model.paths.millis();
    let name = options.name.as_ref().map(|name| quote_spanned!(span=> .named(#name)));
    let formerly = &options.formerly;
    let formerly = (!formerly.is_empty()).then(|| quote_spanned!(span=> .formerly(&[#(#formerly),*])));
    let version = options.version.as_ref().map(|version| quote_spanned!(span=> .version(#version)));
    let retries = options.retries.map(|retries| quote_spanned!(span=> .retries(#retries)));
    let backoff = options.backoff.as_ref().map(|it| {
        let backoff = backoff(model, it);
        quote_spanned!(span=> .backoff(#backoff))
    });
    let timeout = options.timeout.map(|timeout| quote_spanned!(span=> .timeout(#millis(#timeout))));
    let tags = &options.tags;
    let tags = (!tags.is_empty()).then(|| quote_spanned!(span=> .tags(&[#(#tags),*])));
    quote! { #name #formerly #version #retries #backoff #timeout #tags }
}

fn backoff(model: &Model, written: &Backoff) -> TokenStream {
    let span = model.span;
    let (backoff, millis, jitter) = (model.paths.backoff(), model.paths.millis(), written.jitter);
    match &written.curve {
        Curve::Fixed(delay) => quote_spanned!(span=> #backoff::fixed(#millis(#delay), #jitter)),
        Curve::Linear { step, max } => {
            quote_spanned!(span=> #backoff::linear(#millis(#step), #millis(#max), #jitter))
        }
        Curve::Exponential { first, max } => {
            quote_spanned!(span=> #backoff::exponential(#millis(#first), #millis(#max), #jitter))
        }
        // A `const` block, because a borrowed temporary would not live as long as the static.
        Curve::List(delays) => {
            quote_spanned!(span=> #backoff::list(const { &[#(#millis(#delays)),*] }, #jitter))
        }
    }
}
