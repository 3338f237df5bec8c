#[cfg(feature = "crash-points")]
mod kill;
mod launch;
mod plans;
mod year;
