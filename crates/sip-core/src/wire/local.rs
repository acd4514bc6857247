//! How we name ourselves, by flow.

use bytes::Bytes;
use offhook_sip_message::Method;

use crate::{FlowId, Listener, Peer, StackConfig, Transport};

/// One address of ours, as written in Via and Contact.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    flow: Option<FlowId>,
    transport: Transport,
    /// `SIP/2.0/UDP host:port`.
    pub(crate) sent_by: String,
    /// `<sip:host:port>`.
    contact: Bytes,
    /// `<sips:host:port>`, where the transport is secure by itself.
    secure_contact: Option<Bytes>,
}

impl Local {
    fn new(listener: &Listener) -> Self {
        let Listener {
            transport,
            flow,
            advertised,
        } = listener;
        // A sips URI says TLS already; `transport` names what carries it (RFC 5630 3.1.4), TCP unless told.
        let (param, secure) = match transport {
            Transport::Udp => ("", None),
            Transport::Tcp => (";transport=tcp", None),
            Transport::Tls => (";transport=tls", Some("")),
            Transport::Wss => (";transport=ws", Some(";transport=ws")),
        };
        let secure_contact = secure.map(|param| Bytes::from(format!("<sips:{advertised}{param}>")));
        Self {
            flow: *flow,
            transport: *transport,
            sent_by: format!("SIP/2.0/{} {advertised}", transport.as_via()),
            contact: Bytes::from(format!("<sip:{advertised}{param}>")),
            secure_contact,
        }
    }

    /// Our Contact towards who wants a sips URI (RFC 3261 8.1.1.8, 12.1.1), or does not. Only a transport that is
    /// secure has one to give, and only there the question is asked.
    pub(crate) fn contact(&self, wants_sips: impl FnOnce() -> bool) -> &Bytes {
        match &self.secure_contact {
            Some(secure) if wants_sips() => secure,
            Some(_) | None => &self.contact,
        }
    }
}

/// What is the same in all our messages.
#[derive(Debug)]
pub(crate) struct Locals {
    all: Vec<Local>,
    nowhere: Local,
    /// User-Agent and Server.
    pub(crate) user_agent: Bytes,
    /// Allow.
    pub(crate) allow: Bytes,
}

impl Locals {
    pub(crate) fn new(config: &StackConfig) -> Self {
        let nowhere = Listener {
            transport: Transport::Udp,
            flow: None,
            advertised: "offhook.invalid".to_owned(),
        };
        let mut methods: Vec<_> = config.allow.iter().map(|method| method.as_str()).collect();
        methods.extend([Method::Ack.as_str(), Method::Cancel.as_str()]);
        methods.retain(|method| !method.is_empty());
        methods.sort_unstable();
        methods.dedup();
        Self {
            all: config.listeners.iter().map(Local::new).collect(),
            nowhere: Local::new(&nowhere),
            user_agent: Bytes::copy_from_slice(config.user_agent.as_bytes()),
            allow: Bytes::from(methods.join(", ")),
        }
    }

    /// Our name on the flow of a peer: its UDP listener, or the first listener of its transport.
    ///
    /// A transport without listener cannot be called back; the answer still finds its way by the connection.
    pub(crate) fn of(&self, peer: &Peer) -> &Local {
        let same_flow = |local: &&Local| local.flow == Some(peer.flow);
        let same_transport = |local: &&Local| local.transport == peer.transport;
        let found = self.all.iter().find(same_flow);
        found
            .or_else(|| self.all.iter().find(same_transport))
            .unwrap_or(&self.nowhere)
    }
}
