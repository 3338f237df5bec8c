mod account;
#[cfg(feature = "crash-points")]
mod kill;
mod plans;
mod world;
mod year;
