//! Functions that a macro makes: types and blocks come in invisible groups.

use orch::{flow, task};

macro_rules! make {
    (retries $n:literal timeout $t:literal $name:ident $e:expr) => {
        #[task(retries = $n, timeout = $t)]
        fn $name(value: u8) -> u8 {
            value + $e * 2
        }
    };
}

make!(retries 3 timeout "1s" by_literals 1 + 2);

macro_rules! wrap {
    ($name:ident, $ty:ty, $returns:ty, $body:block) => {
        /// Made by a macro.
        #[task]
        pub(crate) async fn $name(parameter: $ty) -> $returns {
            let _ = parameter;
            $body
        }
    };
}

wrap!(by_reference, &str, Result<String, String>, { Ok("x".to_owned()) });
wrap!(by_value, Vec<u8>, u8, { 1 });
wrap!(slice, &[u8], anyhow::Result<()>, { Ok(()) });

macro_rules! whole {
    ($item:item) => {
        #[flow]
        $item
    };
}

whole! {
    async fn item(x: u8) -> u8 {
        x
    }
}

macro_rules! block {
    ($name:ident $body:block) => {
        #[task]
        fn $name() -> u8 $body
    };
}

block!(from_block { 1 });

async fn caller() -> Result<(), orch::Error> {
    let _: String = by_reference("x").await?;
    by_value(vec![]).await?;
    slice(&[]).await?;
    item(1).await?;
    by_literals(from_block().await?).await?;
    Ok(())
}
