#[cfg(feature = "crash-points")]
mod kill;
mod plans;
mod year;
