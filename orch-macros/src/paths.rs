//! Every name of the runtime that an expansion mentions.
//!
//! Invariant: no other file of this crate names an item of the runtime, so what is here is the whole seam.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;

/// Absolute paths into the library, under the name that the user's crate knows it by.
pub(crate) struct Paths {
    /// What `crate = path` says.
    root: Option<Path>,
    span: Span,
}

impl Paths {
    pub(crate) fn new(root: Option<Path>, span: Span) -> Self {
        Self { root, span }
    }

    /// The same paths, for code whose errors belong at `span`.
    pub(crate) fn at(&self, span: Span) -> Self {
        Self { root: self.root.clone(), span }
    }

    fn root(&self) -> TokenStream {
        match &self.root {
            None => quote_spanned!(self.span=> ::orch),
            Some(path) => quote!(#path),
        }
    }

    /// `::orch::Call<output>`: what calling a task returns.
    pub(crate) fn task_call(&self, output: &TokenStream) -> TokenStream {
        let root = self.root();
        quote_spanned!(self.span=> #root::Call<#output>)
    }

    /// `::orch::Call<output, ::orch::Flow>`: what calling a flow returns.
    pub(crate) fn flow_call(&self, output: &TokenStream) -> TokenStream {
        let root = self.root();
        quote_spanned!(self.span=> #root::Call<#output, #root::Flow>)
    }

    /// `::orch::Error`.
    pub(crate) fn error(&self) -> TokenStream {
        let root = self.root();
        quote_spanned!(self.span=> #root::Error)
    }

    /// `start_async_2`, `start_sync_2`: makes a body of so many arguments ready.
    pub(crate) fn start(&self, is_async: bool, arguments: usize) -> TokenStream {
        let root = self.root();
        let kind = if is_async { "async" } else { "sync" };
        let start = format_ident!("start_{kind}_{arguments}", span = self.span);
        quote_spanned!(self.span=> #root::__private::#start)
    }

    /// `inventory::submit!`, without its arguments.
    pub(crate) fn submit(&self) -> TokenStream {
        let root = self.root();
        quote_spanned!(self.span=> #root::__private::inventory::submit!)
    }
}

macro_rules! private {
    ($($(#[$doc:meta])* $method:ident => $item:ident;)*) => {
        impl Paths {
            $(
                $(#[$doc])*
                pub(crate) fn $method(&self) -> TokenStream {
                    let root = self.root();
                    quote_spanned!(self.span=> #root::__private::$item)
                }
            )*
        }
    };
}

private! {
    /// The static data of an annotated function.
    definition => Definition;
    /// Where it stands in the source.
    place => Place;
    /// The wait between attempts.
    backoff => Backoff;
    /// How results are kept.
    cache_policy => CachePolicy;
    /// Who shares them.
    cache_scope => CacheScope;
    /// `fn(u64) -> Duration`, const.
    millis => millis;
    /// `Result<T, BodyError>`: what one attempt answers.
    body_result => BodyResult;
    /// The user's error, recorded as type name and messages.
    body_error => body_error;
    /// The user's error, recorded as a value.
    body_error_typed => body_error_typed;
    /// What `retry_if` decided.
    verdict => verdict;
    /// Aliases of `Result`.
    fallible => Fallible;
    /// An argument that is neither hashed nor stored.
    skipped => Skipped;
    /// Looks up a value that the runtime was given.
    provided => provided;
    /// The name of an annotated function, given the function.
    dependency => dependency;
    /// Hashes what `cache(key = …)` computed.
    cache_key => cache_key;
    /// The hash that `cache_key` makes, if the key can be written.
    key_digest => KeyDigest;
    /// What a call takes of one pool.
    need => Need;
    /// How often attempts may start.
    rate => Rate;
    /// What `limits(pool = |attempt| …)` says.
    permits => permits;
    /// Hashes what `per` computed.
    limit_key => limit_key;
    /// An entry of the list of definitions.
    registered => Registered;
    /// Where arguments come from.
    source => Source;
    /// A body with its arguments.
    started => Started;
    /// One schedule of a flow.
    schedule_definition => ScheduleDefinition;
    /// When it is due, as it was written.
    rule_text => RuleText;
    /// What becomes of missed ticks.
    catch_up => CatchUp;
    /// What becomes of a tick while an earlier run is under way.
    overlap => Overlap;
    /// What becomes of local times when clocks are changed.
    dst => Dst;
    /// The part of it about times that are left out.
    missing => Missing;
    /// The part of it about times that are repeated.
    doubled => Doubled;
    /// One trigger of a flow.
    trigger_definition => TriggerDefinition;
    /// What it waits for.
    on => On;
    /// What has happened.
    given => Given;
    /// Encodes the arguments of a scheduled run.
    stored_input => stored_input;
    /// The same for a flow without arguments.
    no_input => no_input;
    /// What it makes.
    bytes => Bytes;
    /// Why it could not.
    codec_error => CodecError;
    /// Takes out a body that has its arguments from the store.
    decoded => decoded;
    /// Makes the call of a task.
    call => call;
    /// Makes the call of a flow.
    flow => flow;
}
