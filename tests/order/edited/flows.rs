//! What the cases call: tasks that note that they ran, and flows of which each has an old and a new version.

use super::{Code, Ran};
use orch::prelude::*;

macro_rules! tasks {
    ($($(#[$option:meta])* $name:ident notes $noted:literal;)*) => {$(
        $(#[$option])*
        pub async fn $name(n: u32, #[provided] ran: &Ran) -> u32 {
            ran.note($noted, n);
            n
        }
    )*};
}

tasks! {
    #[task] a notes "a";
    #[task(name = "edited::before")] before notes "before";
    #[task(name = "edited::after", formerly = "edited::before")] after notes "after";
    #[task(name = "edited::elsewhere")] elsewhere notes "elsewhere";
    #[task(name = "edited::first_version")] first_version notes "v";
    #[task(name = "edited::second_version", formerly = "edited::first_version", version = "2")] second_version notes "v";
    #[task(name = "edited::uncached")] uncached notes "c";
    #[task(name = "edited::cached", formerly = "edited::uncached", cache)] cached notes "c";
    #[task(name = "edited::kept", cache)] kept notes "k";
    #[task(name = "edited::not_kept", formerly = "edited::kept")] not_kept notes "k";
}

#[task(name = "edited::asynchronous")]
pub async fn asynchronous(n: u32, #[provided] ran: &Ran) -> u32 {
    ran.note("s", n);
    n
}

#[task(name = "edited::synchronous", formerly = "edited::asynchronous")]
pub fn synchronous(n: u32, #[provided] ran: &Ran) -> u32 {
    ran.note("s", n);
    n
}

#[task(name = "edited::old_body")]
pub async fn old_body(n: u32, #[provided] ran: &Ran) -> u32 {
    ran.note("b", n);
    n
}

#[task(name = "edited::new_body", formerly = "edited::old_body")]
pub async fn new_body(n: u32, #[provided] ran: &Ran) -> u32 {
    let doubled = n * 2;
    ran.note("b", n);
    doubled / 2
}

macro_rules! versions {
    ($($name:ident $old_name:literal $new_name:literal old $old:block new $new:block)*) => {$(
        pub mod $name {
            use super::*;

            #[flow(name = $old_name)]
            pub async fn old<const GENERIC: bool>() -> Result<Vec<u32>, Error> $old

            #[flow(name = $new_name, formerly = $old_name)]
            pub async fn new() -> Result<Vec<u32>, Error> $new
        }
    )*};
}

versions! {
    added "edited::added_old" "edited::added_new"
    old { Ok(vec![a(1).await?, a(2).await?]) }
    new { Ok(vec![a(1).await?, a(9).await?, a(2).await?, a(8).await?]) }

    removed "edited::removed_old" "edited::removed_new"
    old { Ok(vec![a(1).await?, a(2).await?, a(3).await?]) }
    new { Ok(vec![a(1).await?, a(3).await?]) }

    emptied "edited::emptied_old" "edited::emptied_new"
    old { Ok(vec![a(1).await?, a(2).await?]) }
    new { Ok(vec![]) }

    reordered "edited::reordered_old" "edited::reordered_new"
    old { Ok(vec![a(1).await?, a(2).await?, a(3).await?]) }
    new { Ok(vec![a(3).await?, a(1).await?, a(2).await?]) }

    other_input "edited::other_input_old" "edited::other_input_new"
    old { Ok(vec![a(1).await?, a(2).await?, a(3).await?]) }
    new { Ok(vec![a(1).await?, a(5).await?, a(3).await?]) }

    with_formerly "edited::with_formerly_old" "edited::with_formerly_new"
    old { Ok(vec![before(1).await?, a(2).await?, before(3).await?]) }
    new { Ok(vec![after(1).await?, a(2).await?, after(3).await?]) }

    without_formerly "edited::without_formerly_old" "edited::without_formerly_new"
    old { Ok(vec![before(1).await?, a(2).await?]) }
    new { Ok(vec![elsewhere(1).await?, a(2).await?]) }

    version "edited::version_old" "edited::version_new"
    old { Ok(vec![first_version(1).await?, a(2).await?]) }
    new { Ok(vec![second_version(1).await?, a(2).await?]) }

    other_text "edited::other_text_old" "edited::other_text_new"
    old { Ok(vec![a(1).await?, a(2).await?]) }
    new { let (one, two) = (a(1).await?, a(2).await?); Ok(vec![one * 10, two * 10]) }

    joined "edited::joined_old" "edited::joined_new"
    old { let (x, y, z) = tokio::try_join!(a(1), a(2), a(3))?; Ok(vec![x, y, z]) }
    new { let (x, y, z) = tokio::try_join!(a(3), a(4), a(1))?; Ok(vec![x, y, z]) }

    joined_then "edited::joined_then_old" "edited::joined_then_new"
    old { let (x, y) = tokio::try_join!(a(1), a(2))?; Ok(vec![x, y, a(3).await?]) }
    new { let z = a(3).await?; let (x, y) = tokio::try_join!(a(2), a(1))?; Ok(vec![z, x, y]) }

    items_added "edited::items_added_old" "edited::items_added_new"
    old { orch::try_map([1, 2, 3], a).await }
    new { orch::try_map([1, 2, 3, 4], a).await }

    items_removed "edited::items_removed_old" "edited::items_removed_new"
    old { orch::try_map([1, 2, 3], a).await }
    new { orch::try_map([1, 2], a).await }

    // Items are known by their places.
    items_moved "edited::items_moved_old" "edited::items_moved_new"
    old { orch::try_map([1, 2, 3], a).await }
    new { orch::try_map([1, 3, 2], a).await }

    item_edited "edited::item_edited_old" "edited::item_edited_new"
    old { orch::try_map([10, 20], |n| async move { Ok(a(n).await? + a(n + 1).await?) }).await }
    new { orch::try_map([10, 20], |n| async move { Ok(a(n + 1).await? + a(n + 2).await?) }).await }

    branch_added "edited::branch_added_old" "edited::branch_added_new"
    old {
        let one = orch::spawn(async { a(1).await });
        let rest = a(2).await?;
        Ok(vec![one.await??, rest])
    }
    new {
        let one = orch::spawn(async { a(1).await });
        let two = orch::spawn(async { a(7).await });
        let rest = a(2).await?;
        Ok(vec![one.await??, two.await??, rest])
    }

    branch_removed "edited::branch_removed_old" "edited::branch_removed_new"
    old {
        let one = orch::spawn(async { a(1).await });
        let two = orch::spawn(async { a(7).await });
        let rest = a(2).await?;
        Ok(vec![one.await??, two.await??, rest])
    }
    new {
        let one = orch::spawn(async { a(1).await });
        let rest = a(2).await?;
        Ok(vec![one.await??, rest])
    }

    into_a_branch "edited::into_a_branch_old" "edited::into_a_branch_new"
    old { Ok(vec![a(1).await?, a(2).await?]) }
    new { let one = orch::spawn(async { a(1).await }); Ok(vec![one.await??, a(2).await?]) }

    started "edited::started_old" "edited::started_new"
    old { let one = a(1).start(); let two = a(2).await?; Ok(vec![one.await?, two]) }
    new { let three = a(3).start(); let one = a(1).await?; Ok(vec![one, three.await?]) }

    with_ids "edited::with_ids_old" "edited::with_ids_new"
    old { let _ = orch::random().await; let one = a(1).await?; let _ = orch::now().await; Ok(vec![one, a(2).await?]) }
    new { let one = a(1).await?; let _ = orch::now().await; let _ = orch::random().await; Ok(vec![one, a(2).await?]) }
}

pub mod child {
    use super::*;

    #[flow(name = "edited::child_old")]
    async fn child_old() -> Result<u32, Error> {
        Ok(a(1).await? + a(2).await?)
    }

    #[flow(name = "edited::child_new", formerly = "edited::child_old")]
    async fn child_new() -> Result<u32, Error> {
        Ok(a(2).await? + a(3).await? + a(4).await?)
    }

    /// Its own text stays the same: only the flow below it is edited.
    #[flow]
    pub async fn parent(#[provided] code: &Code) -> Result<Vec<u32>, Error> {
        let nested = if *code == Code::Old { child_old().await? } else { child_new().await? };
        Ok(vec![nested, a(9).await?])
    }
}

pub mod outer {
    use super::*;

    #[task(name = "edited::outer_old")]
    async fn outer_old() -> Result<u32, Error> {
        Ok(a(1).await? + a(2).await?)
    }

    #[task(name = "edited::outer_new", formerly = "edited::outer_old")]
    async fn outer_new() -> Result<u32, Error> {
        Ok(a(3).await? + a(1).await?)
    }

    /// Its own text stays the same: only the task below it is edited, which calls tasks itself.
    #[flow]
    pub async fn calls(#[provided] code: &Code) -> Result<u32, Error> {
        if *code == Code::Old { outer_old().await } else { outer_new().await }
    }
}

macro_rules! below {
    ($($name:ident $old:ident $new:ident;)*) => {$(
        /// Its own text stays the same: only the task below it is edited.
        #[flow]
        pub async fn $name(#[provided] code: &Code) -> Result<Vec<u32>, Error> {
            let old = *code == Code::Old;
            let one = if old { $old(1).await? } else { $new(1).await? };
            let two = a(2).await?;
            Ok(vec![one, two, if old { $old(3).await? } else { $new(3).await? }])
        }
    )*};
}

below! {
    renamed_below before after;
    body_below old_body new_body;
    sync_below asynchronous synchronous;
    cached_below uncached cached;
    not_kept_below kept not_kept;
    version_below first_version second_version;
}

macro_rules! undecided {
    ($($name:ident($old:ident) $one:block else $other:block)*) => {$(
        /// Decides by something that is not recorded.
        #[flow]
        pub async fn $name(#[provided] code: &Code) -> Result<Vec<u32>, Error> {
            let $old = *code == Code::Old;
            if $old $one else $other
        }
    )*};
}

undecided! {
    asks_for_more(old) { Ok(vec![a(1).await?, a(2).await?]) } else { Ok(vec![a(1).await?, a(9).await?, a(2).await?]) }
    asks_for_less(old) { Ok(vec![a(1).await?, a(2).await?]) } else { Ok(vec![a(1).await?]) }
    asks_in_another_order(old) { Ok(vec![a(1).await?, a(2).await?]) } else { Ok(vec![a(2).await?, a(1).await?]) }
    asks_otherwise(old) { Ok(vec![a(1).await?, a(2).await?]) } else { Ok(vec![a(1).await?, a(5).await?]) }
    asks_another_task(old) { Ok(vec![a(1).await?]) } else { Ok(vec![elsewhere(1).await?]) }
    joins_otherwise(old) {
        let (x, y) = tokio::try_join!(a(1), a(2))?;
        Ok(vec![x, y])
    } else {
        let (x, y) = tokio::try_join!(a(1), a(3))?;
        Ok(vec![x, y])
    }
    maps_otherwise(old) { orch::try_map([1, 2], a).await } else { orch::try_map([1, 3], a).await }
    maps_less(old) { orch::try_map([1, 2], a).await } else { orch::try_map([1], a).await }
    spawns_less(old) {
        let one = orch::spawn(async { a(1).await });
        Ok(vec![one.await??, a(2).await?])
    } else { Ok(vec![a(2).await?]) }
}
