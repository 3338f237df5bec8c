//! A call that is not made, but kept to be made later, by name.

use std::sync::Arc;

use super::{Call, Flow};
use crate::{
    codec::Bytes,
    definition::find,
    error::{Error, ErrorKind, Result},
    runtime::Core,
};

/// What is kept of a call.
pub(crate) struct Startable {
    /// The runtime that was chosen for it.
    pub(crate) core: Option<Arc<Core>>,
    /// Full name of the flow.
    pub(crate) definition: &'static str,
    pub(crate) input: Bytes,
    pub(crate) label: Option<String>,
    pub(crate) tags: Vec<String>,
}

/// Takes what can be stored of a call.
///
/// # Errors
/// When it cannot be started by name, or its input cannot be written.
pub(crate) fn startable<T>(call: Call<T, Flow>) -> Result<Startable> {
    let Some(mut prepared) = call.into_prepared() else {
        return Err(Error::runtime("a call that is being awaited cannot be scheduled any more"));
    };
    if let Some(fault) = prepared.fault.take() {
        return Err(fault);
    }
    let definition = prepared.definition.name()?;
    if find(definition).is_none() {
        return Err(Error::definition(format!(
            "`{definition}` cannot be started by its name, so it cannot be scheduled: it is generic or has `skip(…)`; \
             schedule a flow that calls it"
        )));
    }
    let input = prepared.invocation.encode_input().map_err(|error| {
        let text = format!("the input of `{definition}` cannot be written: {error}");
        Error::plain(ErrorKind::Input, text)
    })?;
    let options = prepared.options_mut();
    let (label, tags) = (options.label.take(), std::mem::take(&mut options.tags));
    let core = options.core.take();
    Ok(Startable { core, definition, input, label, tags })
}
