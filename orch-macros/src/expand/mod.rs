//! Writing the tracked function.

mod arguments;
mod call;
mod definition;
mod flow;
mod limits;
mod run;
mod schedules;
mod task;
mod triggers;
mod warnings;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned as _;

use crate::diagnostics::Errors;
use crate::model::{Kind, Model, Output};

/// One function in, one function out: everything else stands inside it, under names that start with `__orch_`.
///
/// Input:
///
/// ```text
/// /// Reads the price.
/// #[task(retries = 3)]
/// async fn find_price(url: &str) -> anyhow::Result<u32> { … }
/// ```
///
/// Output:
///
/// ```text
/// /// Reads the price.
/// fn find_price(url: &str) -> ::orch::Call<u32> {
///     async fn __orch_body(url: &str) -> anyhow::Result<u32> { … }
///     fn __orch_path() -> &'static str { … }
///     static __ORCH_DEFINITION: Definition = Definition::task(…).retries(3u32);
///     fn __orch_run((url,): (String,)) -> impl Future<Output = BodyResult<u32>> + Send { … }
///     fn __orch_start(from: Source<'_, (String,)>) -> Started<u32> { start_async_1::<String, …>(…, from, __orch_run) }
///     submit! { Registered::new(&__ORCH_DEFINITION, |bytes| decoded(__orch_start(Source::Stored(bytes)))) }
///     call(__orch_start(Source::Arguments { definition: &__ORCH_DEFINITION, arguments: (url.to_owned(),), … }))
/// }
/// ```
pub(crate) fn expand(model: &Model, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    let (item, sig) = (&model.item, &model.item.sig);
    let (outer, vis, fn_token, name) = (&item.outer, &item.vis, &sig.fn_token, &sig.ident);
    let (generics, where_clause) = (&sig.generics, &sig.generics.where_clause);
    let own_attributes = match model.kind {
        Kind::Task => TokenStream::new(),
        Kind::Flow => flow::own_attributes(),
    };
    let parameters = model.arguments().map(|parameter| {
        let (name, ty) = (&parameter.name, &parameter.ty);
        quote!(#name: #ty)
    });
    let call_type = call_type(model, &output_type(model));
    let body = body(model);
    let warnings = warnings::warnings(model);
    let definition = definition::definition(model);
    let run = run::run(model);
    let start = call::start(model);
    let registration = call::registration(model);
    let call = call::call(model);
    quote_spanned! {model.span=>
        #(#outer)*
        #own_attributes
        #vis #fn_token #name #generics (#(#parameters),*) -> #call_type #where_clause {
            #errors
            #body
            #warnings
            #definition
            #run
            #start
            #registration
            #call
        }
    }
}

/// The user's function, whole: signature, block and the attributes that concern the body.
fn body(model: &Model) -> TokenStream {
    let (item, span) = (&model.item, model.span);
    let (inner, block) = (&item.inner, &item.block);
    let mut sig = item.sig.clone();
    sig.ident = Ident::new("__orch_body", span);
    quote! { #(#inner)* #sig #block }
}

/// What the call answers: the success type of the function.
pub(crate) fn output_type(model: &Model) -> TokenStream {
    match &model.output {
        Output::Infallible(None) => quote_spanned!(model.span=> ()),
        Output::Infallible(Some(ty)) | Output::Result(ty, _) => ty.to_token_stream(),
        Output::Alias(ty) => {
            let span = ty.span().resolved_at(model.span);
            let fallible = model.paths.at(span).fallible();
            quote_spanned!(span=> <#ty as #fallible>::Ok)
        }
    }
}

/// `Call<output>`, or `Call<output, Flow>`.
pub(crate) fn call_type(model: &Model, output: &TokenStream) -> TokenStream {
    match model.kind {
        Kind::Task => model.paths.task_call(output),
        Kind::Flow => model.paths.flow_call(output),
    }
}

/// `::<T, N>` for the inner functions, which repeat the generic parameters of the outer one.
fn turbofish(model: &Model) -> Option<TokenStream> {
    let (_, arguments, _) = model.item.sig.generics.split_for_impl();
    let turbofish = arguments.as_turbofish();
    model.is_generic().then(|| quote!(#turbofish))
}
