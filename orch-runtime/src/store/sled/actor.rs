//! The commit actor: the one writer of a store, as a state machine that knows neither sled nor threads.
//!
//! It takes what has come, writes all of it, makes it durable when somebody needs that, and answers in the order
//! in which it was sent. After the first failure it answers every message with that failure and writes nothing
//! more: what the file holds then is not known, so nothing may be called durable any more.

use super::queue::Taken;

/// What an actor writes to.
pub(super) trait Backend {
    /// What is written.
    type Item;
    /// Why it could not.
    type Fault: Clone;

    /// Writes a group of items; they can be read from now on.
    fn write(&mut self, items: Vec<Self::Item>) -> Result<(), Self::Fault>;
    /// Makes everything that was written durable.
    fn sync(&mut self) -> Result<(), Self::Fault>;
    /// Nothing has come for a moment: what was written and not synced should not stay in the process.
    fn rest(&mut self) -> Result<(), Self::Fault>;
    /// Nothing will be written any more.
    fn close(&mut self) -> Result<(), Self::Fault>;
    /// Tells everybody who would send more.
    fn poisoned(&mut self, fault: &Self::Fault);
}

/// Where messages come from.
pub(super) trait Inbox<M> {
    /// Takes what is there, in order; waits for something, but only for a moment where `impatient`.
    fn take(&mut self, group: &mut Vec<M>, impatient: bool) -> Taken;
}

/// Who waits for the end of a message.
pub(super) trait Answer<F> {
    fn answer(self, result: Result<(), F>);
}

/// What must hold before a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Written,
    Durable,
}

/// A message to the actor. Without an item it is a barrier: it asks for what was sent before it.
pub(super) struct Message<I, A> {
    pub(super) item: Option<I>,
    pub(super) need: Need,
    pub(super) answer: Option<A>,
}

/// The actor.
pub(super) struct Actor<B: Backend> {
    backend: B,
    /// Something was written since the last sync.
    unsynced: bool,
    /// Something was written since the last rest or sync.
    restless: bool,
    poison: Option<B::Fault>,
}

impl<B: Backend> Actor<B> {
    pub(super) fn new(backend: B) -> Self {
        Self { backend, unsynced: false, restless: false, poison: None }
    }

    /// Works until the inbox is closed and empty.
    pub(super) fn run<A: Answer<B::Fault>>(&mut self, mut inbox: impl Inbox<Message<B::Item, A>>) {
        let mut group = Vec::new();
        loop {
            match inbox.take(&mut group, self.restless) {
                Taken::Some => self.turn(&mut group),
                Taken::Nothing => {
                    self.restless = false;
                    self.attempt(B::rest);
                }
                Taken::Closed => break,
            }
        }
        self.attempt(B::close);
    }

    /// One group of messages.
    pub(super) fn turn<A: Answer<B::Fault>>(&mut self, group: &mut Vec<Message<B::Item, A>>) {
        let items: Vec<_> = group.iter_mut().filter_map(|message| message.item.take()).collect();
        if !items.is_empty() {
            self.unsynced = true;
            self.restless = true;
            self.attempt(|backend| backend.write(items));
        }
        // Readers need not wait for the disk, and stand in nobody's way.
        self.answer(group, |need| need == Need::Written);
        if self.unsynced && group.iter().any(|message| message.need == Need::Durable) {
            self.attempt(B::sync);
            self.unsynced = false;
            self.restless = false;
        }
        self.answer(group, |_| true);
        group.clear();
    }

    fn answer<A: Answer<B::Fault>>(&self, group: &mut [Message<B::Item, A>], whom: impl Fn(Need) -> bool) {
        for message in group.iter_mut().filter(|message| whom(message.need)) {
            if let Some(answer) = message.answer.take() {
                answer.answer(self.poison.clone().map_or(Ok(()), Err));
            }
        }
    }

    /// Does it unless something has failed before.
    fn attempt(&mut self, work: impl FnOnce(&mut B) -> Result<(), B::Fault>) {
        if self.poison.is_some() {
            return;
        }
        if let Err(fault) = work(&mut self.backend) {
            self.backend.poisoned(&fault);
            self.poison = Some(fault);
        }
    }
}
