//! The far end of a trunk: no registration, no password, any number, and days on which it is not there.
//!
//! It is a [`Phone`] in all else: the same transactions, calls and rules.

use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_message::{Method, Uri, View};

use super::call::Call;
use super::{CallRef, Phone, PhoneConfig, Script, TextRef, Timers};

/// What a carrier is given.
#[derive(Clone, Debug)]
pub struct CarrierConfig {
    /// Its host name or address, as it stands in its own From and in what is sent to it.
    pub host: String,
    /// The host of the numbers that it calls: the PBX as it knows it.
    pub domain: String,
    /// Where requests go.
    pub server: SocketAddr,
    /// Where it is reached; goes into Via, Contact and SDP.
    pub local: SocketAddr,
    /// Port of its audio.
    pub rtp_port: u16,
    /// When it is not there.
    pub outage: Option<Outage>,
    /// Timers.
    pub timers: Timers,
    /// Tags, branches, Call-IDs and odds are drawn from it.
    pub seed: [u8; 32],
}

/// A carrier that comes and goes: up, down, up … from the start of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outage {
    /// How long it is there.
    pub up: Duration,
    /// How long it then answers neither OPTIONS nor new calls and texts. Calls that are up go on.
    pub down: Duration,
}

impl Outage {
    /// Whether it is down at this moment.
    #[must_use]
    pub fn is_down(&self, at: Mono) -> bool {
        let period = (self.up + self.down).as_nanos().max(1);
        (at - Mono(0)).as_nanos() % period >= self.up.as_nanos()
    }
}

/// Somebody outside, who calls through a carrier.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outsider {
    /// The number, with or without `+`.
    pub number: String,
    /// The name; may be empty.
    pub name: String,
}

/// Which side of the PBX it is on.
#[derive(Debug)]
pub(super) enum Line {
    /// It has an account.
    Account,
    /// It is a trunk's far end.
    Carrier(Carrier),
}

#[derive(Debug)]
pub(super) struct Carrier {
    host: String,
    outage: Option<Outage>,
}

/// Who a call says it is from.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) from: Vec<u8>,
    pub(super) asserted: Option<Vec<u8>>,
}

impl Carrier {
    /// Any number at our name or our address.
    pub(super) fn is_reached_by(&self, uri: &[u8], local: SocketAddr) -> bool {
        let Some(uri) = Uri::parse(uri) else {
            return false;
        };
        let host = uri.bare_host();
        let port = uri.port.unwrap_or(5060) == local.port();
        let (name, _) = self.host.split_once(':').unwrap_or((&self.host, ""));
        host.eq_ignore_ascii_case(name.as_bytes())
            || (host == local.ip().to_string().as_bytes() && port)
    }
}

impl Call {
    /// What the INVITE of a carrier has beyond any other.
    pub(super) fn identity_headers(&self) -> Vec<(&'static str, Vec<u8>)> {
        let asserted = self.asserted.clone();
        asserted
            .map(|value| ("P-Asserted-Identity", value))
            .into_iter()
            .collect()
    }
}

impl Phone {
    /// The far end of a trunk. [`Phone::register`] is not for it; [`Phone::dial_from`] is.
    #[must_use]
    pub fn carrier(config: CarrierConfig) -> Self {
        let line = Line::Carrier(Carrier {
            host: config.host,
            outage: config.outage,
        });
        let mut phone = Self::new(PhoneConfig {
            username: String::new(),
            password: String::new(),
            display_name: String::new(),
            domain: config.domain,
            server: config.server,
            local: config.local,
            rtp_port: config.rtp_port,
            user_agent: "carrier".to_owned(),
            expires: 0,
            timers: config.timers,
            seed: config.seed,
        });
        phone.line = line;
        phone
    }

    /// A carrier's call: somebody outside dials a number of the PBX.
    pub fn dial_from(
        &mut self,
        now: Mono,
        caller: &Outsider,
        number: &str,
        script: Script,
    ) -> CallRef {
        let id = self.new_call_ref();
        let from = self.address_of(caller);
        let asserted = Some(from.clone());
        self.start_call(now, id, Identity { from, asserted }, (number, script));
        id
    }

    /// A carrier's text.
    pub fn send_text_of(
        &mut self,
        now: Mono,
        writer: &Outsider,
        number: &str,
        words: &str,
    ) -> TextRef {
        let from = self.address_of(writer);
        self.send_text_from(now, from, number, words)
    }

    fn address_of(&self, outsider: &Outsider) -> Vec<u8> {
        let host = match &self.line {
            Line::Account => &self.config.domain,
            Line::Carrier(carrier) => &carrier.host,
        };
        let uri = format!("<sip:{}@{host}>", outsider.number);
        if outsider.name.is_empty() {
            uri.into_bytes()
        } else {
            format!("\"{}\" {uri}", outsider.name.replace(['"', '\\'], "")).into_bytes()
        }
    }

    /// Whether a new request outside a dialog gets no answer.
    pub(super) fn is_silent_to(&mut self, now: Mono, method: Method, request: View<'_>) -> bool {
        if request.to_tag().is_some() {
            return false;
        }
        let down = match &self.line {
            Line::Account => false,
            Line::Carrier(carrier) => carrier.outage.is_some_and(|outage| outage.is_down(now)),
        };
        let branch = request.top_via().and_then(|via| via.branch());
        let branch = branch.unwrap_or_default();
        match method {
            Method::Invite if self.ignored.contains(branch) => true,
            Method::Invite => {
                let silent = down || self.draws_silence();
                if silent {
                    self.ignored.insert(branch.to_vec());
                }
                silent
            }
            Method::Message | Method::Options => down,
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Info
            | Method::Notify
            | Method::Prack
            | Method::Publish
            | Method::Refer
            | Method::Register
            | Method::Subscribe
            | Method::Update
            | Method::Other => false,
        }
    }
}
