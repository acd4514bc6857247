//! One contact that is being rung.

use std::net::IpAddr;

use offhook_base::PhoneId;
use offhook_sip_core::LegId;
use offhook_sip_message::Message;

/// A branch of the fork that has not ended.
#[derive(Debug)]
pub(crate) struct Branch {
    /// Its leg.
    pub(crate) leg: LegId,
    /// The phone.
    pub(crate) phone: PhoneId,
    /// User-Agent told at registration.
    pub(crate) ua: String,
    /// Contact URI.
    pub(crate) contact: String,
    /// The host that its signalling comes from.
    pub(crate) host: IpAddr,
    /// The last provisional response with an SDP: early media, passed on once no other branch is alive.
    pub(crate) early: Option<Message>,
    /// Whether the phone has said that it rings.
    pub(crate) rings: bool,
}
