//! What stands around the PBX in a simulation: phones, the far ends of trunks, and the network between; the world in
//! which all of it is played from a seed, and stories without any chance in them.
//!
//! Nothing here knows a clock, a socket or a thread: the same phones place calls under a virtual clock in the
//! tests and over real UDP sockets in `offhook demo`. They are written on `sip-message` alone and share no code
//! with the PBX's own stack, so that a misreading of a standard in one of them shows in the other.

pub mod network;
pub mod phone;
pub mod story;
pub mod world;
