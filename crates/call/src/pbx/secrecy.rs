//! The edge between stack and calls where SDPs are made plain on the way in, and what their leg agreed on on the way out.

use bytes::Bytes;
use offhook_media_core::{MediaCommand, RelayId, Side};
use offhook_sip_core::{Body, Command, Event, LegId, Peer, Transport};
use offhook_sip_message::{Message, Method};

use super::{Action, Pbx};
use crate::convey;
use crate::secrecy::{KeysId, Role, Secrecy, Signalling};

impl Pbx {
    /// What the stack reports, as the phases get it.
    pub(super) fn made_plain(&mut self, event: Event) -> Event {
        match &mut self.secrecy {
            Some(secrecy) => secrecy.made_plain(event),
            None => event,
        }
    }

    /// What the phases tell a leg, as the stack gets it.
    pub(super) fn made_secret(&mut self, leg: LegId, command: Command) -> Command {
        match &mut self.secrecy {
            Some(secrecy) => secrecy.made_secret(leg, command),
            None => command,
        }
    }

    /// An INVITE that became no call was refused at once: its leg never was one of ours.
    pub(super) fn forget_keys_of_refused(&mut self, leg: LegId) {
        if !self.legs.contains_key(&leg)
            && let Some(secrecy) = &mut self.secrecy
        {
            secrecy.close(leg);
        }
    }

    /// Tells the media shell the keys that an SDP named.
    pub(super) fn secure(&mut self, relay: RelayId, side: Side, keys: Option<KeysId>) {
        let named = keys.map(|id| self.secrecy.as_ref().and_then(|secrecy| secrecy.keys(id)));
        match named {
            Some(None) => tracing::error!(%relay, ?side, "keys that are gone cannot be used"),
            Some(Some(keys)) => self.send_keys(relay, side, Some(keys)),
            None => self.send_keys(relay, side, None),
        }
    }

    fn send_keys(
        &mut self,
        relay: RelayId,
        side: Side,
        keys: Option<Box<offhook_media_core::SrtpKeys>>,
    ) {
        self.actions
            .push_back(Action::Media(MediaCommand::Secure { relay, side, keys }));
    }
}

impl Secrecy {
    fn made_plain(&mut self, event: Event) -> Event {
        match event {
            Event::Invite {
                leg,
                from,
                peer,
                request,
            } => {
                self.open(leg, signalling(peer));
                let request = self.asked(leg, request);
                Event::Invite {
                    leg,
                    from,
                    peer,
                    request,
                }
            }
            Event::Acked {
                leg,
                body: Some(ack),
            } => Event::Acked {
                leg,
                body: Some(self.plain(leg, Role::Answer, ack)),
            },
            Event::Provisional { leg, response } => Event::Provisional {
                leg,
                response: self.answered(leg, response),
            },
            Event::Answered { leg, response } => Event::Answered {
                leg,
                response: self.answered(leg, response),
            },
            Event::Request { leg, tx, request } => Event::Request {
                leg,
                tx,
                request: self.asked(leg, request),
            },
            Event::Response { leg, tx, response } => Event::Response {
                leg,
                tx,
                response: self.answered(leg, response),
            },
            Event::Acked { body: None, .. }
            | Event::AckMissing { .. }
            | Event::Cancelled { .. }
            | Event::Failed { .. }
            | Event::Lost { .. }
            | Event::OutOfDialog { .. }
            | Event::OutsideFailed { .. }
            | Event::OutsideResponse { .. }
            | Event::Refused { .. }
            | Event::Registered { .. }
            | Event::Rejected { .. }
            | Event::Subscribed { .. }
            | Event::Unregistered { .. }
            | Event::Unsubscribed { .. } => event,
        }
    }

    fn asked(&mut self, leg: LegId, request: Message) -> Message {
        if !request.view().method().is_some_and(negotiates) {
            return request;
        }
        let offers = sdp_of(&request).is_some();
        if offers || request.view().method() != Some(Method::Update) {
            self.asks(leg, offers);
        }
        self.plain(leg, Role::Offer, request)
    }

    fn answered(&mut self, leg: LegId, response: Message) -> Message {
        let view = response.view();
        let negotiates = view.cseq().is_some_and(|cseq| negotiates(cseq.method));
        if !negotiates || view.status().is_none_or(|status| status >= 300) {
            return response;
        }
        let role = self.role_of_theirs(leg);
        self.plain(leg, role, response)
    }

    fn plain(&mut self, leg: LegId, role: Role, message: Message) -> Message {
        let Some(body) = sdp_of(&message) else {
            return message;
        };
        let plain = self.said(leg, role, &body.octets);
        // It is never longer than it was.
        plain
            .and_then(|plain| message.with_body(&plain))
            .unwrap_or(message)
    }

    fn made_secret(&mut self, leg: LegId, command: Command) -> Command {
        match command {
            Command::Invite {
                leg,
                target,
                mut invite,
            } => {
                self.open(leg, signalling(target.peer));
                self.is_asked(leg, is_sdp(invite.body.as_ref()));
                invite.body = self.secret(leg, Role::Offer, invite.body);
                Command::Invite {
                    leg,
                    target,
                    invite,
                }
            }
            Command::Request {
                leg,
                tx,
                method,
                headers,
                body,
            } if matches!(&method[..], b"INVITE" | b"UPDATE") => {
                let offers = is_sdp(body.as_ref());
                if offers || &method[..] == b"INVITE" {
                    self.is_asked(leg, offers);
                }
                Command::Request {
                    leg,
                    tx,
                    method,
                    headers,
                    body: self.secret(leg, Role::Offer, body),
                }
            }
            Command::Answer {
                leg,
                status,
                reason,
                headers,
                body,
            } => Command::Answer {
                leg,
                status,
                reason,
                headers,
                body: self.secret(leg, self.role_of_ours(leg), body),
            },
            Command::Reply {
                tx,
                status,
                reason,
                headers,
                body,
            } => Command::Reply {
                tx,
                status,
                reason,
                headers,
                body: self.secret(leg, self.role_of_ours(leg), body),
            },
            Command::Ack { leg, body } => Command::Ack {
                leg,
                body: self.secret(leg, Role::Answer, body),
            },
            Command::Account(_)
            | Command::Bye { .. }
            | Command::Cancel { .. }
            | Command::Drop { .. }
            | Command::Notify { .. }
            | Command::Outside { .. }
            | Command::Request { .. }
            | Command::Restore(_)
            | Command::Trunks(_) => command,
        }
    }

    fn secret(&mut self, leg: LegId, role: Role, body: Option<Body>) -> Option<Body> {
        let body = body?;
        if !convey::is_sdp(&body) {
            return Some(body);
        }
        let octets: Bytes = self
            .told(leg, role, &body.octets)
            .unwrap_or_else(|| body.octets.clone());
        Some(Body { octets, ..body })
    }
}

const fn signalling(peer: Peer) -> Signalling {
    match peer.transport {
        Transport::Tls | Transport::Wss => Signalling::Secret,
        Transport::Tcp | Transport::Udp => Signalling::Open,
    }
}

/// Whether a request may offer a session. An INVITE that does not asks for an offer; an UPDATE that does not, for none (RFC 3311
/// §5.1), so that who offers to whom stays as it was.
const fn negotiates(method: Method) -> bool {
    matches!(method, Method::Invite | Method::Update)
}

fn is_sdp(body: Option<&Body>) -> bool {
    body.is_some_and(convey::is_sdp)
}

fn sdp_of(message: &Message) -> Option<Body> {
    convey::body(message).filter(convey::is_sdp)
}
