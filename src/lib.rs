//! orch
pub use orch_macros::{flow, task};
pub use orch_runtime::*;

/// What the attributes' expansions name.
#[doc(hidden)]
pub mod __private {
    pub use orch_runtime::private::*;
}

/// Everything that a flow needs.
pub mod prelude {
    pub use crate::{Call, Error, ErrorKind, Flow, Handle, Retry, Runtime, Shared, Task, flow, task};
}
