//! Which bodies begin: noted outside the store, whose word is what is in question.

use super::{
    armed::armed,
    notes::{Body, Note},
};
use crate::{definition::Invocation, engine::Frame};

/// A body of a task begins. A flow's body begins anew with every resume, so it is not counted.
pub(crate) fn body_begins(frame: &Frame, invocation: &dyn Invocation) {
    let (Some(armed), Some(task)) = (armed(), &frame.task) else { return };
    armed.notes.write(&Note::Began {
        body: Body {
            run: frame.run.id,
            key: task.key.digest(),
            instance: frame.instance(),
            attempt: task.attempt,
            name: task.definition.display_name().to_owned(),
        },
        task: task.number,
        input: invocation.shown_input(),
        cached: task.definition.cache.is_some(),
    });
}
