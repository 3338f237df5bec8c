//! What a call has to have before it runs.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned as _;

use crate::model::Model;
use crate::options::Permits;

/// The definition's options about limits.
///
/// Input: `limits(api = 1, memory = |attempt| attempt << 30), rate = "100/min", per = |user| …, priority = 5`. Output:
///
/// ```text
/// .limits(const { &[Need::fixed("api", 1u64), Need::by_attempt("memory", __orch_permits_1)] })
/// .rate(Rate::new(100u32, millis(60000u64))).limited_per_key().priority(5i32)
/// ```
pub(super) fn options(model: &Model) -> TokenStream {
    let (options, span) = (&model.options, model.span);
    let need = model.paths.need();
    let needs = options.needs.iter().enumerate().map(|(at, wanted)| {
        let pool = &wanted.pool;
        match &wanted.permits {
            Permits::Fixed(permits) => quote_spanned!(span=> #need::fixed(#pool, #permits)),
            Permits::ByAttempt(_) => {
                let function = function_name(at, span);
                quote_spanned!(span=> #need::by_attempt(#pool, #function))
            }
        }
    });
    // A `const` block, because a borrowed temporary would not live as long as the static.
    let needs = (!options.needs.is_empty()).then(|| quote_spanned!(span=> .limits(const { &[#(#needs),*] })));
    let rate = options.rate.as_ref().map(|rate| {
        let (path, millis, count, window) =
            (model.paths.rate(), model.paths.millis(), rate.count, rate.window);
        quote_spanned!(span=> .rate(#path::new(#count, #millis(#window))))
    });
    let per = options.per.as_ref().map(|_| quote_spanned!(span=> .limited_per_key()));
    let priority = options.priority.map(|priority| quote_spanned!(span=> .priority(#priority)));
    quote!(#needs #rate #per #priority)
}

/// The closures of `limits(…)` as functions.
///
/// Input: `memory = |attempt| attempt << 30`. Output:
///
/// ```text
/// fn __orch_permits_1(attempt: u64) -> Result<u64, String> { permits({ attempt << 30 }) }
/// ```
pub(super) fn functions(model: &Model) -> TokenStream {
    let (permits, span) = (model.paths.permits(), model.span);
    let functions = model.options.needs.iter().enumerate().filter_map(|(at, need)| {
        let Permits::ByAttempt(closure) = &need.permits else { return None };
        let (function, body) = (function_name(at, span), &closure.body);
        let parameter = match closure.inputs.first()? {
            typed @ syn::Pat::Type(_) => quote!(#typed),
            bare => quote_spanned!(span=> #bare: u64),
        };
        // A wrong type is blamed where it was written.
        let permits = quote_spanned!(body.span().resolved_at(span)=> #permits(#body));
        Some(quote_spanned! {span=>
            fn #function(#parameter) -> ::core::result::Result<u64, ::std::string::String> {
                #permits
            }
        })
    });
    quote!(#(#functions)*)
}

fn function_name(at: usize, span: Span) -> Ident {
    format_ident!("__orch_permits_{at}", span = span)
}
