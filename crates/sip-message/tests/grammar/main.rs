//! The grammar against what honest, strange and hostile peers send.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets the unexpected has to fail"
)]

mod allocation;
mod differential;
mod fixtures;
mod framing;
mod limits;
mod mutation;
mod round_trip;
mod sdp;
mod torture;
mod writer;
