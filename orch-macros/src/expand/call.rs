//! What a caller runs into: the table entry that makes the function known by name, and the call itself.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::{arguments, output_type, turbofish};
use crate::model::{Kind, Model, Pass, Role};
use crate::options::Key;

/// Makes the body ready to run, for a caller or with stored arguments: the only place where something is asked of the
/// argument and result types, so a type that does not do is one message, at the type.
///
/// Input: `async fn find_price(url: &str, budget: u32) -> anyhow::Result<u32>`. Output:
///
/// ```text
/// fn __orch_start(from: Source<'_, (String, u32,)>) -> Started<u32> {
///     start_async_2::<String, u32, u32, _, _>(PhantomData, from, __orch_run)
/// }
/// ```
pub(super) fn start(model: &Model) -> TokenStream {
    let span = model.span;
    let (generics, _, where_clause) = model.item.sig.generics.split_for_impl();
    let (source, started) = (model.paths.source(), model.paths.started());
    let (tuple, turbofish) = (arguments::tuple_type(model), turbofish(model));
    let (types, output) = (arguments::types(model), output_type(model));
    let start = model.paths.start(model.is_async(), model.arguments().count());
    let body = if model.is_async() { quote_spanned!(span=> _, _) } else { quote_spanned!(span=> _) };
    quote_spanned! {span=>
        fn __orch_start #generics (from: #source<'_, #tuple>) -> #started<#output> #where_clause {
            #start::<#(#types,)* #output, #body>(::core::marker::PhantomData, from, __orch_run #turbofish)
        }
    }
}

/// Enters the definition into the program's list, with a function that makes it ready with stored arguments.
///
/// Left out for generic functions, where there is one definition and many functions, and where a skipped parameter
/// could not be restored. Output:
///
/// ```text
/// submit! { Registered::new(&__ORCH_DEFINITION, |bytes| decoded(__orch_start(Source::Stored(bytes)))) }
/// ```
pub(super) fn registration(model: &Model) -> Option<TokenStream> {
    let skips = model.parameters.iter().any(|parameter| parameter.role == Role::Skipped);
    if model.is_generic() || skips {
        return None;
    }
    let (submit, registered) = (model.paths.submit(), model.paths.registered());
    let (decoded, source) = (model.paths.decoded(), model.paths.source());
    Some(quote_spanned! {model.span=>
        #submit {
            #registered::new(&__ORCH_DEFINITION, |bytes| #decoded(__orch_start(#source::Stored(bytes))))
        }
    })
}

/// Makes the `Call`.
///
/// Input: `#[task(cache(key = |url| url.len()))] async fn find_price(url: &str, budget: u32)`. Output:
///
/// ```text
/// fn __orch_key(url: &str) -> Result<KeyDigest, Error> { cache_key(&{ url.len() }) }
/// let key = __orch_key(url);
/// call(__orch_start(Source::Arguments {
///     definition: &__ORCH_DEFINITION,
///     type_arguments: "",
///     arguments: (url.to_owned(), budget,),
/// }))
/// .__cache_key(key)
/// ```
pub(super) fn call(model: &Model) -> TokenStream {
    let span = model.span;
    let call = match model.kind {
        Kind::Task => model.paths.call(),
        Kind::Flow => model.paths.flow(),
    };
    let source = model.paths.source();
    let (tuple, turbofish) = (arguments::tuple(model), turbofish(model));
    let type_arguments = if model.is_generic() {
        quote_spanned!(span=> ::core::any::type_name_of_val(&__orch_run #turbofish))
    } else {
        quote!("")
    };
    let call = quote_spanned! {span=>
        #call(__orch_start #turbofish (#source::Arguments {
            definition: &__ORCH_DEFINITION,
            type_arguments: #type_arguments,
            arguments: #tuple,
        }))
    };
    let call = match model.options.cache.as_ref().and_then(|cache| cache.key.as_ref()) {
        None => call,
        Some(key) => {
            let name = Ident::new("__orch_key", span);
            let (function, arguments) =
                (key_function(model, key, &name, &model.paths.cache_key()), key_arguments(model, key));
            quote_spanned! {span=>
                #function
                let key = __orch_key #turbofish (#(#arguments),*);
                #call.__cache_key(key)
            }
        }
    };
    match &model.options.per {
        None => call,
        Some(key) => {
            let name = Ident::new("__orch_per", span);
            let (function, arguments) =
                (key_function(model, key, &name, &model.paths.limit_key()), key_arguments(model, key));
            quote_spanned! {span=>
                #function
                let limit_key = __orch_per #turbofish (#(#arguments),*);
                #call.__limit_key(limit_key)
            }
        }
    }
}

/// The closure as a function: the types of a bare closure would not be known in its body. Lints about its parameters
/// would speak of a function that nobody wrote.
fn key_function(model: &Model, key: &Key, name: &Ident, hash: &TokenStream) -> TokenStream {
    let (generics, _, where_clause) = model.item.sig.generics.split_for_impl();
    let (key_digest, error) = (model.paths.key_digest(), model.paths.error());
    let parameters = key.parameters.iter().filter_map(|bound| {
        let name = &bound.name;
        let ty = match (&bound.ty, &model.parameter(name)?.pass) {
            (Some(ty), _) => quote!(#ty),
            (None, Pass::Owned(ty) | Pass::Borrowed(ty)) => quote!(&#ty),
        };
        Some(quote!(#name: #ty))
    });
    let body = &key.body;
    quote_spanned! {model.span=>
        #[allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref)]
        fn #name #generics (#(#parameters),*) -> ::core::result::Result<#key_digest, #error> #where_clause {
            #hash(&{ #body })
        }
    }
}

fn key_arguments(model: &Model, key: &Key) -> Vec<TokenStream> {
    let bound = key.parameters.iter().filter_map(|bound| model.parameter(&bound.name));
    bound
        .map(|parameter| {
            let name = &parameter.name;
            match parameter.pass {
                Pass::Owned(_) => quote_spanned!(model.span=> &#name),
                Pass::Borrowed(_) => quote!(#name),
            }
        })
        .collect()
}
