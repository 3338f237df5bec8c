//! Warnings, which stable macros can only give by using something deprecated.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Ident;

use crate::model::Model;

/// A use of a deprecated constant for each, at the token that it is about.
///
/// Input: `tokio::time::sleep(wait).await`. Output:
///
/// ```text
/// const _: () = {
///     #[deprecated(note = "…")]
///     const NOT_RECORDED: () = ();
///     NOT_RECORDED
/// };
/// ```
pub(super) fn warnings(model: &Model) -> TokenStream {
    let span = model.span;
    let warnings = model.warnings.iter().map(|warning| {
        let (text, at) = (&warning.text, Ident::new("NOT_RECORDED", warning.at.resolved_at(span)));
        quote_spanned! {span=>
            const _: () = {
                #[deprecated(note = #text)]
                const NOT_RECORDED: () = ();
                #at
            };
        }
    });
    warnings.collect()
}
