//! What the black-box tests are made of: the real binary, an HTTPS receiver, a REST client, and two foreign
//! phones, sipp and baresip.
//!
//! Nothing here knows Offhook's code. A [`Site`] is one running node with its receiver; a test creates users on
//! it, lets peers call, and compares what the receiver got with what the contract promises.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has nothing better to do than to say where and why"
)]

mod authority;
mod baresip;
mod call_flows;
mod digest;
mod ear;
mod flow;
mod lock;
mod offhook;
mod office;
mod openssl;
mod probe;
mod process;
mod receiver;
mod rest;
mod scenario;
mod secure_phone;
mod sipp;
mod site;
mod speech;
mod stream;
mod tone;
mod tshark;
mod voice;
mod wav;

pub use authority::{Authority, Certificate};
pub use baresip::{Baresip, BaresipSetup, Encryption};
pub use call_flows::{Step, documented, steps_of};
pub use ear::{Ear, RtpPacket};
pub use flow::{Call, calls_of, describe};
pub use lock::Locked;
pub use offhook::{Offhook, Settings, binary};
pub use office::CARRIER;
pub use openssl::{handshake, talk_by_openssl};
pub use probe::{Delays, Held, Probe};
pub use process::{Transport, eventually, free_port};
pub use receiver::{Mode, Received, Receiver};
pub use rest::{Reply, Rest, percent_encode};
pub use secure_phone::{SDP, SecurePhone, header};
pub use sipp::{Confirmed, Running, Sipp};
pub use site::{Account, Site};
pub use speech::share_of_word;
pub use stream::{Message, Stream};
pub use tone::{Sound, is_music, is_tone, tone_file};
pub use tshark::tshark;
pub use voice::{LOUDEST, Phrases, Transcript, Voice, phrase};
pub use wav::Wav;
