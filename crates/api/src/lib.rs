//! The REST surface: routes, shapes, errors. It chooses every HTTP status of our own answers.
//!
//! It reads and writes configuration through `store`, and reaches what runs (live calls, the webhook tester,
//! the delivery engine) through the traits of [`ports`], which the server implements. It opens no socket:
//! [`Api::into_router`] gives a router that the server mounts.

pub mod feed;
pub mod flow;
pub mod ports;

mod auth;
mod body;
mod cookie;
mod csrf;
mod error;
mod guesses;
mod mailbox;
mod openapi;
mod page;
mod password;
mod query;
mod reply;
mod routes;
mod state;
mod tickets;

pub use password::{NoRandomness, PasswordCost, generate_password, hash_password};
pub use state::{Api, Clock, NotStored, Settings, Stores};
