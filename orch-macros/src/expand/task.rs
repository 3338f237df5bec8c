//! What only tasks have.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::limits;
use crate::model::Model;
use crate::options::{Cache, Scope};

/// The definition's options that only tasks have.
///
/// Input: `retry_budget = "10m", cache(ttl = "5m", scope = run), inline, once`. Output:
///
/// ```text
/// .retry_budget(millis(600000u64)).cache(CachePolicy::new().ttl(millis(300000u64)).scope(CacheScope::Run)).inline().once()
/// ```
pub(super) fn options(model: &Model) -> TokenStream {
    let (options, span) = (&model.options, model.span);
    let millis = model.paths.millis();
    let retry_budget =
        options.retry_budget.map(|budget| quote_spanned!(span=> .retry_budget(#millis(#budget))));
    let cache = options.cache.as_ref().map(|cache| {
        let policy = policy(model, cache);
        quote_spanned!(span=> .cache(#policy))
    });
    let inline = options.inline.then(|| quote_spanned!(span=> .inline()));
    let once = options.once.then(|| quote_spanned!(span=> .once()));
    let limits = limits::options(model);
    quote! { #retry_budget #cache #inline #once #limits }
}

fn policy(model: &Model, cache: &Cache) -> TokenStream {
    let span = model.span;
    let (policy, millis) = (model.paths.cache_policy(), model.paths.millis());
    let ttl = cache.ttl.map(|ttl| quote_spanned!(span=> .ttl(#millis(#ttl))));
    let version = cache.version.as_ref().map(|version| quote_spanned!(span=> .version(#version)));
    let scope = cache.scope.map(|scope| {
        let names = model.paths.cache_scope();
        let scope = match scope {
            Scope::Run => quote_spanned!(span=> #names::Run),
            Scope::Flow => quote_spanned!(span=> #names::Flow),
            Scope::Global => quote_spanned!(span=> #names::Global),
        };
        quote_spanned!(span=> .scope(#scope))
    });
    let max_size = cache.max_size.map(|bytes| quote_spanned!(span=> .max_size(#bytes)));
    let keyed = cache.key.as_ref().map(|_| quote_spanned!(span=> .keyed()));
    let depends = (!cache.depends.is_empty()).then(|| quote_spanned!(span=> .depends(__orch_depends)));
    quote_spanned!(span=> #policy::new() #ttl #version #scope #max_size #keyed #depends)
}

/// The function behind `cache(depends(…))`.
///
/// Input: `depends(parse, clean)`. Output:
///
/// ```text
/// fn __orch_depends() -> ::std::vec::Vec<&'static str> {
///     ::std::vec![dependency(parse), dependency(clean)]
/// }
/// ```
pub(super) fn depends(model: &Model) -> Option<TokenStream> {
    let functions = &model.options.cache.as_ref()?.depends;
    if functions.is_empty() {
        return None;
    }
    let dependency = model.paths.dependency();
    Some(quote_spanned! {model.span=>
        fn __orch_depends() -> ::std::vec::Vec<&'static str> {
            ::std::vec![#(#dependency(#functions)),*]
        }
    })
}
