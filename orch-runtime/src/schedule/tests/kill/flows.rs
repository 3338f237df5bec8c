//! Flows as the attribute would write them, which is not for this crate.

use std::{
    any::type_name_of_val,
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    Call, Flow,
    private::{
        BodyResult, Definition, Place, Registered, Source, Started, decoded, flow, inventory, start_async_1,
    },
};

macro_rules! flow {
    ($(#[$doc:meta])* $name:ident, $full:ident: |$argument:ident: $In:ty| -> $Out:ty $body:block) => {
        pub(super) const $full: &str = concat!(module_path!(), "::", stringify!($name));

        $(#[$doc])*
        pub(super) fn $name($argument: $In) -> Call<$Out, Flow> {
            fn __orch_path() -> &'static str {
                type_name_of_val(&__orch_path)
            }
            static DEFINITION: Definition = Definition::flow(
                Place {
                    name: stringify!($name),
                    module: module_path!(),
                    file: file!(),
                    line: line!(),
                    column: column!(),
                    path: __orch_path,
                },
                1,
                &[stringify!($argument)],
            );
            fn run(($argument,): ($In,)) -> impl Future<Output = BodyResult<$Out>> + Send {
                async move { Ok($body) }
            }
            fn start(from: Source<'_, ($In,)>) -> Started<$Out> {
                start_async_1::<$In, $Out, _, _>(PhantomData, from, run)
            }
            inventory::submit! {
                Registered::new(&DEFINITION, |bytes| decoded(start(Source::Stored(bytes))))
            }
            let arguments = ($argument,);
            flow(start(Source::Arguments { definition: &DEFINITION, type_arguments: "", arguments }))
        }
    };
}

flow! {
    /// Gives what it gets.
    gives, GIVES: |value: u64| -> u64 { value }
}

flow! {
    /// What is started by itself.
    follows, FOLLOWS: |value: u64| -> u64 { value }
}

/// How many bodies of `takes_its_time` are under way in this process, and the most that there have been.
static UNDER_WAY: AtomicU64 = AtomicU64::new(0);
static MOST: AtomicU64 = AtomicU64::new(0);

/// The most bodies of [`takes_its_time`] that were under way at once.
pub(super) fn most_at_once() -> u64 {
    MOST.load(Ordering::SeqCst)
}

flow! {
    /// Lets others go on beside it.
    takes_its_time, TAKES_ITS_TIME: |value: u64| -> u64 {
        let now = UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(now, Ordering::SeqCst);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        value
    }
}
