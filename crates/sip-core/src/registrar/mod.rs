//! The registrar (RFC 3261 10.3): contacts by phone.

mod binding;

pub use binding::{Binding, BindingKey};
