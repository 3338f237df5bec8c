mod account;
mod plans;
mod world;
mod year;
