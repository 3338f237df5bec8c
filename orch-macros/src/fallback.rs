//! What stays in the user's module when the attribute has to refuse, so that one mistake is one message.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{FnArg, ReturnType, Safety};

use crate::diagnostics::Errors;
use crate::expand;
use crate::model::Model;
use crate::types::{Part, walk};

/// The tokens as they were written, and the errors beside them.
pub(crate) fn echo(tokens: TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote! { #tokens #errors }
}

/// A function of the same name that returns a `Call`, so that callers compile, around the body, so that it is
/// checked and completed.
///
/// Input:
///
/// ```text
/// async fn price(&self, url: &str) -> anyhow::Result<u32> { … }
/// ```
///
/// Output:
///
/// ```text
/// fn price(&self, url: &str) -> ::orch::Call<u32> {
///     compile_error! { … }
///     let _ = async move || -> anyhow::Result<u32> { let url: &str = url; { … } };   // an inner function without `self`
///     ::core::unreachable!()
/// }
/// ```
pub(crate) fn stand_in(model: &Model, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    let (item, sig, span) = (&model.item, &model.item.sig, model.span);
    let (outer, vis, name, block, written) = (&item.outer, &item.vis, &sig.ident, &item.block, &sig.output);
    let (generics, where_clause) = (&sig.generics, &sig.generics.where_clause);
    let unsafety = match &sig.safety {
        Safety::Unsafe(unsafety) => Some(unsafety),
        _ => None,
    };
    let asyncness = &sig.asyncness;
    let inputs = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    let receiver = sig.receiver();
    let parameters = model.arguments().map(|parameter| {
        let cfg = parameter.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let (name, ty) = (&parameter.name, &parameter.ty);
        quote! { #(#cfg)* #name: #ty }
    });
    let parameters = receiver.map(|receiver| quote!(#receiver)).into_iter().chain(parameters);
    let nameable = !has_unnameable(written);
    let output = if nameable { expand::output_type(model) } else { quote!(()) };
    let call = expand::call_type(model, &output);
    let body = if receiver.is_none() && !mentions_self(model) {
        quote! { #asyncness #unsafety fn __orch_body #generics (#(#inputs),*) #written #where_clause #block }
    } else if nameable {
        let written = match written {
            ReturnType::Default => quote!(-> ()),
            ReturnType::Type(..) => quote!(#written),
        };
        let patterns = inputs.zip(&model.parameters).map(|(typed, parameter)| {
            let (pattern, ty, name) = (&typed.pat, &typed.ty, &parameter.name);
            quote_spanned!(span=> let #pattern: #ty = #name;)
        });
        quote_spanned! {span=> let _ = #asyncness move || #written { #(#patterns)* #block }; }
    } else {
        TokenStream::new()
    };
    // The compiler would complain about any other return type of the program's `main`.
    let returns = (sig.ident != "main").then(|| quote_spanned!(span=> -> #call));
    quote_spanned! {span=>
        #(#outer)*
        #[allow(unused)]
        #vis #unsafety fn #name #generics (#(#parameters),*) #returns #where_clause {
            #errors
            #body
            ::core::unreachable!()
        }
    }
}

/// Whether the signature says `Self`, which an inner function does not know.
fn mentions_self(model: &Model) -> bool {
    let mut found = false;
    let output = match &model.item.sig.output {
        ReturnType::Type(_, ty) => Some(&**ty),
        ReturnType::Default => None,
    };
    for ty in model.parameters.iter().map(|parameter| &parameter.ty).chain(output) {
        walk(ty, &mut |part| {
            found |= matches!(part, Part::Path(path) if path.segments.iter().any(|segment| segment.ident == "Self"));
        });
    }
    found
}

/// Whether the return type cannot stand inside `Call<…>`.
fn has_unnameable(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else {
        return false;
    };
    let mut found = false;
    walk(ty, &mut |part| found |= matches!(part, Part::ImplTrait(_) | Part::Never(_)));
    found
}
