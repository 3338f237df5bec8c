//! From a function's types to a call without them. The only place that asks anything of these types.

use std::{marker::PhantomData, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};

use super::prepared::Prepared;
use crate::{
    codec,
    definition::{
        AsyncInvocation, BodyResult, DecodeError, Definition, Input, Invocation, Output, SyncInvocation,
    },
};

/// Where the arguments of a body come from.
pub enum Source<'a, A> {
    /// A caller.
    Arguments {
        /// The function that is called.
        definition: &'static Definition,
        /// Which instance of it, if it is generic.
        type_arguments: &'static str,
        /// What it is called with.
        arguments: A,
    },
    /// The store.
    Stored(&'a [u8]),
}

/// A body with its arguments, ready to be run: for a caller, a call that has claimed its place.
pub struct Started<T> {
    pub(super) begun: Begun,
    output: PhantomData<fn() -> T>,
}

/// What was made, after where the arguments came from.
pub(super) enum Begun {
    Call(Box<Prepared>),
    Stored(Result<Pin<Box<dyn Invocation>>, DecodeError>),
}

impl<T> Started<T> {
    /// The body that runs with stored arguments.
    pub(crate) fn into_invocation(self) -> Result<Pin<Box<dyn Invocation>>, DecodeError> {
        match self.begun {
            Begun::Stored(invocation) => invocation,
            Begun::Call(ready) => Ok(ready.invocation),
        }
    }
}

/// The functions for one number of arguments.
///
/// There is one per number, with a type parameter per argument, because the compiler then blames the argument's type
/// where the expansion names it, which is where the user wrote it; for a tuple it would blame the whole. That holds
/// as long as no single parameter alone mentions the types: therefore there are two of them.
macro_rules! starts {
    ($asynchronous:ident $synchronous:ident $($name:ident)*) => {
        /// Makes ready the body of an asynchronous function.
        pub fn $asynchronous<$($name: Input,)* Out: Output, Run, Fut>(
            _: PhantomData<($($name,)*)>,
            from: Source<'_, ($($name,)*)>,
            run: Run,
        ) -> Started<Out>
        where
            Run: Fn(($($name,)*)) -> Fut + Send + 'static,
            Fut: Future<Output = BodyResult<Out>> + Send + 'static,
        {
            start(from, move |arguments| Box::pin(AsyncInvocation::new(arguments, run)))
        }

        /// Makes ready the body of a synchronous function.
        pub fn $synchronous<$($name: Input,)* Out: Output, Run>(
            _: PhantomData<($($name,)*)>,
            from: Source<'_, ($($name,)*)>,
            run: Run,
        ) -> Started<Out>
        where
            Run: Fn(($($name,)*)) -> BodyResult<Out> + Clone + Send + 'static,
        {
            start(from, move |arguments| Box::pin(SyncInvocation::new(arguments, run)))
        }
    };
}

starts!(start_async_0 start_sync_0);
starts!(start_async_1 start_sync_1 A);
starts!(start_async_2 start_sync_2 A B);
starts!(start_async_3 start_sync_3 A B C);
starts!(start_async_4 start_sync_4 A B C D);
starts!(start_async_5 start_sync_5 A B C D E);
starts!(start_async_6 start_sync_6 A B C D E F);
starts!(start_async_7 start_sync_7 A B C D E F G);
starts!(start_async_8 start_sync_8 A B C D E F G H);
starts!(start_async_9 start_sync_9 A B C D E F G H I);
starts!(start_async_10 start_sync_10 A B C D E F G H I J);
starts!(start_async_11 start_sync_11 A B C D E F G H I J K);
starts!(start_async_12 start_sync_12 A B C D E F G H I J K L);
starts!(start_async_13 start_sync_13 A B C D E F G H I J K L M);
starts!(start_async_14 start_sync_14 A B C D E F G H I J K L M N);
starts!(start_async_15 start_sync_15 A B C D E F G H I J K L M N O);
starts!(start_async_16 start_sync_16 A B C D E F G H I J K L M N O P);

/// Hashes and claims, or decodes; the body is boxed in between, when its arguments are there.
fn start<A: Serialize + DeserializeOwned + 'static, T>(
    from: Source<'_, A>,
    body: impl FnOnce(A) -> Pin<Box<dyn Invocation>>,
) -> Started<T> {
    let begun = match from {
        Source::Arguments { definition, type_arguments, arguments } => {
            let (hash, cache_inputs, fault) = Prepared::identify(definition, type_arguments, &arguments);
            let invocation = body(arguments);
            Begun::Call(Prepared::claim(definition, type_arguments, hash, cache_inputs, invocation, fault))
        }
        Source::Stored(bytes) => Begun::Stored(codec::decode(bytes).map(body).map_err(DecodeError::from)),
    };
    Started { begun, output: PhantomData }
}
