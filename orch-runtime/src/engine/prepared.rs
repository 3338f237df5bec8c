//! A call that has not begun, without its types.

use std::{borrow::Cow, pin::Pin, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    frame::{self, Frame},
    handle::Upstream,
    ticket::Ticket,
};
use crate::{
    cache::{CallHash, call_hash},
    codec::CodecError,
    definition::{Definition, Invocation},
    error::{Error, ErrorKind},
    id::RunId,
    runtime::Core,
    store::{KeyDigest, Labels, Outcome},
};

/// A call that has not begun: what is needed to run it.
pub(crate) struct Prepared {
    pub(super) definition: &'static Definition,
    pub(super) type_arguments: &'static str,
    pub(super) hash: CallHash,
    /// What its cache keys are made of, for cached tasks; see [`Keys::inputs`](crate::cache::Keys).
    pub(super) cache_inputs: Option<Vec<KeyDigest>>,
    pub(super) invocation: Pin<Box<dyn Invocation>>,
    /// The body that wrote it.
    pub(super) parent: Option<Arc<Frame>>,
    pub(super) options: CallOptions,
    /// Why it cannot run.
    pub(super) fault: Option<Error>,
    /// Its place, when a body wrote it.
    pub(super) ticket: Option<Ticket>,
    /// The run that it will be, where that is known before.
    pub(super) run: Option<RunId>,
    /// The runtime that was chosen for it.
    pub(super) core: Option<Arc<Core>>,
}

/// Options of one call.
#[derive(Default)]
pub(crate) struct CallOptions {
    pub(super) label: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) retries: Option<u32>,
    pub(super) timeout: Option<Duration>,
    pub(super) refresh: bool,
    pub(super) no_cache: bool,
    pub(super) after: Vec<Upstream>,
}

impl CallOptions {
    /// What a person called it, and the words to find it by.
    pub(super) fn labels(&self, definition: &Definition) -> Option<Box<Labels>> {
        if self.label.is_none() && self.tags.is_empty() && definition.tags.is_empty() {
            return None;
        }
        Some(Box::new(Labels { label: self.label.clone(), tags: self.all_tags(definition) }))
    }

    pub(super) fn all_tags(&self, definition: &Definition) -> Vec<Cow<'static, str>> {
        let own = self.tags.iter().cloned().map(Cow::Owned);
        definition.tags.iter().map(|tag| Cow::Borrowed(*tag)).chain(own).collect()
    }
}

impl Prepared {
    /// Hashes the input and looks at the definition; what is wrong is told when the call is awaited.
    pub(super) fn identify<A: Serialize>(
        definition: &'static Definition,
        type_arguments: &'static str,
        arguments: &A,
    ) -> (CallHash, Option<Vec<KeyDigest>>, Option<Error>) {
        let mut fault = definition.resolve().err();
        let cannot_write = |error: &dyn std::fmt::Display| {
            let name = definition.display_name();
            Error::plain(ErrorKind::Input, format!("the input of `{name}` cannot be written: {error}"))
        };
        let hashed = call_hash(definition, type_arguments, arguments);
        let (hash, cache_inputs) = hashed.unwrap_or_else(|error| {
            fault.get_or_insert(cannot_write(&error));
            (CallHash { call: 0, former: Vec::new() }, None)
        });
        (hash, cache_inputs, fault)
    }
}

impl Prepared {
    /// Takes a value as the output, if it fits.
    pub(super) fn reads(&mut self, outcome: &Outcome) -> Result<(), CodecError> {
        match outcome {
            Outcome::Value(value) => self.invocation.as_mut().decode_output(value),
            Outcome::Error(_) | Outcome::End => Ok(()),
        }
    }

    /// Whether nothing stands between the call's turn and its first attempt.
    pub(super) fn is_plain(&self) -> bool {
        let waits = self.fault.is_some() || !self.options.after.is_empty();
        !waits && !self.definition.is_flow() && self.definition.cache.is_none()
    }

    /// Claims the call's place in the body that writes it. Knows no types.
    pub(super) fn claim(
        definition: &'static Definition,
        type_arguments: &'static str,
        hash: CallHash,
        cache_inputs: Option<Vec<KeyDigest>>,
        invocation: Pin<Box<dyn Invocation>>,
        fault: Option<Error>,
    ) -> Box<Self> {
        let parent = frame::current();
        let ticket = parent.as_ref().map(|frame| Ticket::claim(frame.open_scope().clone(), &hash));
        let (options, run, core) = (CallOptions::default(), None, None);
        Box::new(Self {
            definition,
            type_arguments,
            hash,
            cache_inputs,
            invocation,
            parent,
            options,
            fault,
            ticket,
            run,
            core,
        })
    }
}
