//! What stands around the PBX in a simulation: phones and the network between.
//!
//! Nothing here knows a clock, a socket or a thread: the same phones place calls under a virtual clock in the
//! tests and over real UDP sockets in `offhook demo`. They are written on `sip-message` alone and share no code
//! with the PBX's own stack, so that a misreading of a standard in one of them shows in the other.

pub mod network;
pub mod phone;
pub mod story;
pub mod world;
