//! A call without its types.

use std::{borrow::Cow, pin::Pin, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    frame::{self, Frame},
    handle::Upstream,
    progress::Progress,
    straight::Way,
    ticket::Ticket,
};
use crate::{
    cache::{CallHash, Hashed, InputText, call_hash, prefix_digest},
    codec::CodecError,
    definition::{Definition, Invocation, Moved},
    error::{Error, ErrorKind},
    id::RunId,
    runtime::Core,
    store::{KeyDigest, Labels, Outcome, Reruns, StartedBy},
};

/// A call without its types: what is needed to run it, and how far it has come on the straight way.
pub(crate) struct Prepared {
    /// To be dropped before the body, whose end it announces.
    pub(super) way: Way,
    pub(super) definition: &'static Definition,
    pub(super) type_arguments: &'static str,
    /// What its cache keys are made of, for cached tasks; see [`Keys::inputs`](crate::cache::Keys).
    pub(super) cache_inputs: Option<Vec<KeyDigest>>,
    pub(super) invocation: Pin<Box<dyn Invocation>>,
    /// The body that wrote it.
    pub(super) parent: Option<Arc<Frame>>,
    pub(super) chosen: Option<Box<CallOptions>>,
    /// Why it cannot run.
    pub(super) fault: Option<Error>,
    /// Its place and its task run, when a body wrote it. To be dropped after the body.
    pub(super) progress: Option<Progress>,
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
    /// What the caller calls this very run.
    pub(super) given_id: Option<String>,
    /// The run that it will be, where that is known before.
    pub(super) run: Option<RunId>,
    /// The run that it executes anew.
    pub(super) reruns: Option<Box<Reruns>>,
    /// What started the run that it executes anew.
    pub(super) started_by: Option<Box<StartedBy>>,
    /// Whose call it is, for limits per key.
    pub(super) limit_key: Option<KeyDigest>,
    /// The runtime that was chosen for it.
    pub(super) core: Option<Arc<Core>>,
}

/// Those of a call that has none.
static NO_OPTIONS: CallOptions = CallOptions {
    label: None,
    tags: Vec::new(),
    retries: None,
    timeout: None,
    refresh: false,
    no_cache: false,
    after: Vec::new(),
    given_id: None,
    run: None,
    reruns: None,
    started_by: None,
    limit_key: None,
    core: None,
};

impl CallOptions {
    /// What was chosen, or that nothing was.
    pub(super) fn of(chosen: Option<&Self>) -> &Self {
        chosen.unwrap_or(&NO_OPTIONS)
    }

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

/// What a call is, as its arguments tell; what is wrong is told when the call is awaited.
pub(super) struct Identity {
    /// The body that writes the call, and the call's hash there.
    place: Option<(Arc<Frame>, CallHash)>,
    cache_inputs: Option<Vec<KeyDigest>>,
    input: Option<InputText>,
    fault: Option<Error>,
}

impl Identity {
    /// Hashes the input and looks at the definition.
    pub(super) fn of<A: Serialize>(
        definition: &'static Definition,
        type_arguments: &'static str,
        arguments: &A,
    ) -> Self {
        let mut fault = definition.resolve().err();
        let cannot_write = |error: &dyn std::fmt::Display| {
            let name = definition.display_name();
            Error::plain(ErrorKind::Input, format!("the input of `{name}` cannot be written: {error}"))
        };
        let frame = frame::current();
        let keys = frame.as_ref().map(|frame| frame.run.keys);
        let hashed = call_hash(keys, definition, type_arguments, arguments);
        let Hashed { call, cache_inputs, input } = hashed.unwrap_or_else(|error| {
            fault.get_or_insert(cannot_write(&error));
            let call = CallHash { call: 0, former: Vec::new() };
            Hashed { call, cache_inputs: None, input: None }
        });
        Self { place: frame.map(|frame| (frame, call)), cache_inputs, input, fault }
    }
}

impl Prepared {
    /// A call that is made from what a store or another call has.
    pub(super) fn new(definition: &'static Definition, invocation: Pin<Box<dyn Invocation>>) -> Self {
        Self {
            way: Way::Written,
            definition,
            type_arguments: "",
            cache_inputs: None,
            invocation,
            parent: None,
            chosen: None,
            fault: None,
            progress: None,
        }
    }

    /// Whether the output of a stored run is a `T`.
    pub(super) fn gives<T: 'static>(&mut self, run: RunId, name: &str) -> Result<(), Error> {
        if self.invocation.as_mut().output().is::<Option<T>>() {
            return Ok(());
        }
        let wanted = std::any::type_name::<T>();
        Err(Error::at(name, run, ErrorKind::Output, format!("its output is no `{wanted}`")))
    }

    /// Full name of the definition.
    pub(crate) fn flow_name(&self) -> &'static str {
        self.definition.display_name()
    }

    /// What was chosen for this call.
    pub(super) fn options(&self) -> &CallOptions {
        CallOptions::of(self.chosen.as_deref())
    }

    /// The same, to choose.
    pub(super) fn options_mut(&mut self) -> &mut CallOptions {
        self.chosen.get_or_insert_default()
    }

    /// The call inside the run of its own that it has outside any body. It is the only one there, and has the same
    /// key when the run is taken up again.
    pub(super) fn inside(&mut self, frame: &Arc<Frame>) -> Self {
        let hash = CallHash { call: prefix_digest("task", "orch"), former: Vec::new() };
        let ticket = Ticket::claim(frame.open_scope().clone(), &hash);
        let invocation = std::mem::replace(&mut self.invocation, Box::pin(Moved));
        Self {
            type_arguments: self.type_arguments,
            cache_inputs: self.cache_inputs.take(),
            parent: Some(frame.clone()),
            chosen: self.chosen.take(),
            progress: Some(Progress::new(ticket, self.definition, None)),
            ..Self::new(self.definition, invocation)
        }
    }

    /// Takes a value as the output, if it fits.
    pub(super) fn reads(&mut self, outcome: &Outcome) -> Result<(), CodecError> {
        match outcome {
            Outcome::Value(value) => self.invocation.as_mut().decode_output(value),
            Outcome::Error(_) | Outcome::End => Ok(()),
        }
    }

    /// The runs of the bodies around it, from the inside outwards.
    pub(super) fn runs_above(&self) -> impl Iterator<Item = RunId> {
        self.parent.iter().flat_map(|parent| parent.upwards()).map(|frame| frame.run.id)
    }

    /// Whether nothing stands between the call's turn and its first attempt.
    pub(super) fn is_plain(&self) -> bool {
        let waits = self.fault.is_some() || !self.options().after.is_empty();
        let Definition { cache, once, limited, .. } = self.definition;
        let plain = !self.definition.is_flow() && cache.is_none() && !once && !limited;
        !waits && plain
    }

    /// Whether the body runs on the blocking pool.
    pub(super) fn is_on_pool(&self) -> bool {
        self.invocation.is_sync() && !self.definition.inline
    }

    /// The limit of each attempt.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.options().timeout.or(self.definition.timeout)
    }

    /// How many attempts may follow the first.
    pub(super) fn retries(&self) -> u32 {
        self.options().retries.unwrap_or(self.definition.retries)
    }

    /// Claims the call's place in the body that writes it. Knows no types.
    pub(super) fn claim(
        definition: &'static Definition,
        type_arguments: &'static str,
        identity: Identity,
        invocation: Pin<Box<dyn Invocation>>,
    ) -> Box<Self> {
        let Identity { place, cache_inputs, input, fault } = identity;
        let mut call = Box::new(Self::new(definition, invocation));
        call.type_arguments = type_arguments;
        call.cache_inputs = cache_inputs;
        call.fault = fault;
        if let Some((frame, hash)) = place {
            let ticket = Ticket::claim(frame.open_scope().clone(), &hash);
            ticket.note_asked(definition, input.as_ref());
            call.progress = Some(Progress::new(ticket, definition, input));
            call.parent = Some(frame);
        }
        call
    }
}
