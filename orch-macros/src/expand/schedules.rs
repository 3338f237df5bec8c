//! The schedules of a flow.

use orch_schedule::{CatchUp, Doubled, Dst, Missing, Overlap};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{Expr, Ident, Lit, Type};

use super::arguments;
use crate::model::{Model, Parameter};
use crate::options::with::find;
use crate::options::{Input, Schedule};
use crate::types::peel;

/// The functions that make the arguments of scheduled runs.
///
/// Input: `cron = "0 9 * * *", with(url = "https://shop.example/1", budget = 120)`. Output:
///
/// ```text
/// fn __orch_input_0() -> Result<Bytes, CodecError> {
///     let (url, budget,): (String, u32,) = (String::from("https://shop.example/1"), 120,);
///     stored_input(&(url, budget,))
/// }
/// ```
pub(super) fn inputs(model: &Model) -> TokenStream {
    let span = model.span;
    if model.arguments().next().is_none() {
        return TokenStream::new();
    }
    let functions = model.options.schedules.iter().enumerate().map(|(index, schedule)| {
        let (name, tuple) = (input_name(model, index), arguments::tuple(model));
        let (bytes, error) = (model.paths.bytes(), model.paths.codec_error());
        let stored_input = model.paths.stored_input();
        let names = model.arguments().map(|parameter| &parameter.name);
        let types = model.arguments().map(|parameter| &parameter.ty);
        let values = model.arguments().map(|parameter| {
            find(schedule.with.iter().flatten(), &parameter.name).map(|input| value(input, parameter))
        });
        quote_spanned! {span=>
            fn #name() -> ::core::result::Result<#bytes, #error> {
                let (#(#names,)*): (#(#types,)*) = (#(#values,)*);
                #stored_input(&#tuple)
            }
        }
    });
    quote!(#(#functions)*)
}

fn input_name(model: &Model, index: usize) -> Ident {
    format_ident!("__orch_input_{index}", span = model.span)
}

/// What makes the arguments: one function for all flows that have none.
fn input(model: &Model, index: usize) -> TokenStream {
    match model.arguments().next() {
        Some(_) => input_name(model, index).into_token_stream(),
        None => model.paths.no_input(),
    }
}

/// What `with` says for a parameter. A literal does where a text is owned.
pub(super) fn value(input: &Input, parameter: &Parameter) -> TokenStream {
    let value = &input.value;
    let mut written = value;
    // `macro_rules` wraps a `$value:expr` into an invisible group.
    while let Expr::Group(group) = written {
        written = &group.expr;
    }
    match written {
        Expr::Lit(written) if matches!(written.lit, Lit::Str(_)) && is_string(&parameter.ty) => {
            quote_spanned!(written.lit.span()=> ::std::string::String::from(#value))
        }
        _ => quote!(#value),
    }
}

fn is_string(ty: &Type) -> bool {
    match peel(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "String"),
        _ => false,
    }
}

/// Input: `schedule(name = "mornings", cron = "0 9 * * *", tz = "Europe/Berlin", catch_up = all)`. Output:
///
/// ```text
/// .schedules(const { &[
///     ScheduleDefinition::new("mornings", RuleText::Cron("0 9 * * *"), __orch_input_0, line!())
///         .zone("Europe/Berlin")
///         .catch_up(CatchUp::All),
/// ] })
/// ```
pub(super) fn option(model: &Model) -> Option<TokenStream> {
    let schedules = &model.options.schedules;
    if schedules.is_empty() {
        return None;
    }
    let written = schedules.iter().enumerate().map(|(index, it)| schedule(model, index, it));
    // A `const` block, because a borrowed temporary would not live as long as the static.
    Some(quote_spanned!(model.span=> .schedules(const { &[#(#written),*] })))
}

fn schedule(model: &Model, index: usize, written: &Schedule) -> TokenStream {
    let span = model.span;
    let (definition, millis) = (model.paths.schedule_definition(), model.paths.millis());
    let name = match &written.name {
        Some(name) => quote!(#name),
        None => quote_spanned!(span=> #definition::DEFAULT_NAME),
    };
    let (rule, input) = (rule(model, written), input(model, index));
    // The line of the user's token, as in the definition itself.
    let line_at = written.place().map_or(span, |keyword| keyword.span());
    let line = quote_spanned!(line_at=> ::core::line!());
    let zone = written.tz.as_ref().map(|tz| quote_spanned!(span=> .zone(#tz)));
    let dst = written.dst.map(|it| {
        let dst = dst(model, it);
        quote_spanned!(span=> .dst(#dst))
    });
    let catch_up = written.catch_up.map(|it| {
        let names = model.paths.catch_up();
        let variant = match it {
            CatchUp::None => quote_spanned!(span=> None),
            CatchUp::Last => quote_spanned!(span=> Last),
            CatchUp::All => quote_spanned!(span=> All),
        };
        quote_spanned!(span=> .catch_up(#names::#variant))
    });
    let max_late = written.max_late.map(|limit| quote_spanned!(span=> .max_late(#millis(#limit))));
    let overlap = written.overlap.map(|it| {
        let names = model.paths.overlap();
        let variant = match it {
            Overlap::Allow => quote_spanned!(span=> Allow),
            Overlap::Skip => quote_spanned!(span=> Skip),
            Overlap::Queue => quote_spanned!(span=> Queue),
            Overlap::Cancel => quote_spanned!(span=> Cancel),
        };
        quote_spanned!(span=> .overlap(#names::#variant))
    });
    let jitter = written.jitter.map(|most| quote_spanned!(span=> .jitter(#millis(#most))));
    let until = written.until.as_ref().map(|until| quote_spanned!(span=> .until(#until)));
    let max_runs = written.max_runs.map(|runs| {
        let runs = Literal::u64_suffixed(u64::from(runs));
        quote_spanned!(span=> .max_runs(#runs))
    });
    quote_spanned! {span=>
        #definition::new(#name, #rule, #input, #line)
            #zone #dst #catch_up #max_late #overlap #jitter #until #max_runs
    }
}

fn rule(model: &Model, written: &Schedule) -> TokenStream {
    let span = model.span;
    let (rule, millis) = (model.paths.rule_text(), model.paths.millis());
    if let Some(cron) = &written.cron {
        return quote_spanned!(span=> #rule::Cron(#cron));
    }
    if let Some(period) = written.every {
        let anchor = match &written.anchor {
            Some(anchor) => quote_spanned!(span=> ::core::option::Option::Some(#anchor)),
            None => quote_spanned!(span=> ::core::option::Option::None),
        };
        return quote_spanned!(span=> #rule::Every { period: #millis(#period), anchor: #anchor });
    }
    let moments = &written.at;
    quote_spanned!(span=> #rule::At(&[#(#moments),*]))
}

fn dst(model: &Model, written: Dst) -> TokenStream {
    let span = model.span;
    let (dst, missing, doubled) = (model.paths.dst(), model.paths.missing(), model.paths.doubled());
    let missing = match written.missing {
        Missing::Shift => quote_spanned!(span=> #missing::Shift),
        Missing::Skip => quote_spanned!(span=> #missing::Skip),
    };
    let doubled = match written.doubled {
        Doubled::First => quote_spanned!(span=> #doubled::First),
        Doubled::Last => quote_spanned!(span=> #doubled::Last),
        Doubled::Both => quote_spanned!(span=> #doubled::Both),
    };
    quote_spanned!(span=> #dst { missing: #missing, doubled: #doubled })
}
