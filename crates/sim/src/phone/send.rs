//! What a phone sends: its requests (8.1.1, 12.2.1.1) and its responses (8.2.6).

use std::net::SocketAddr;

use offhook_base::Mono;
use offhook_sip_message::{Framing, Index, Method, Name, NameAddr, Uri, View, Writer};
use rand_core::Rng;

use super::auth::Challenge;
use super::call::{Action, Call, Cancel, Phase, Role, Up};
use super::carrier::{Identity, Line};
use super::client::{Client, ClientKey, Purpose};
use super::sdp::{Session, TYPE};
use super::server::ServerKey;
use super::transfer::Transfer;
use super::{CallRef, Output, Phone, PhoneConfig, Rule, Script};

const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, MESSAGE, NOTIFY";

/// A request as it shall be.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) purpose: Purpose,
    pub(super) uri: &'a [u8],
    pub(super) from: &'a [u8],
    pub(super) from_tag: &'a str,
    pub(super) to: &'a [u8],
    pub(super) to_tag: Option<&'a [u8]>,
    pub(super) call_id: &'a [u8],
    pub(super) cseq: u32,
    pub(super) routes: &'a [Vec<u8>],
    pub(super) expires: Option<u32>,
    /// Headers that only this request has.
    pub(super) more: &'a [(&'static str, Vec<u8>)],
    /// Media type and content.
    pub(super) body: Option<(&'a [u8], &'a [u8])>,
    /// It answers a challenge.
    pub(super) challenged: bool,
}

impl Phone {
    /// `"Alice" <sip:1001@pbx.test>`
    pub(super) fn address_of_record(&self) -> Vec<u8> {
        let uri = format!("<sip:{}@{}>", self.config.username, self.config.domain);
        if self.config.display_name.is_empty() {
            return uri.into_bytes();
        }
        let name = self
            .config
            .display_name
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        format!("\"{name}\" {uri}").into_bytes()
    }

    fn contact_uri(&self) -> String {
        match &self.line {
            Line::Account => format!("sip:{}@{}", self.config.username, self.config.local),
            Line::Carrier(_) => format!("sip:{}", self.config.local),
        }
    }

    /// Whether a URI means our contact (10.2.4: compared as URIs).
    pub(super) fn is_our_contact(&self, uri: &[u8]) -> bool {
        if let Line::Carrier(carrier) = &self.line {
            return carrier.is_reached_by(uri, self.config.local);
        }
        let ours = self.contact_uri();
        let ours = Uri::parse(ours.as_bytes());
        Uri::parse(uri).zip(ours).is_some_and(|(uri, ours)| {
            uri.user == ours.user && uri.host == ours.host && uri.port == ours.port
        })
    }

    /// Writes the request, starts its transaction and sends it.
    pub(super) fn send_request(&mut self, now: Mono, request: &Request<'_>) -> ClientKey {
        let branch = format!("z9hG4bK{}", self.token());
        let method = request.purpose.method();
        // A challenge seen before is answered at once: that spares a round trip and tests the nonce count.
        let standing = matches!(
            request.purpose,
            Purpose::Register | Purpose::Invite(_) | Purpose::Text(_)
        ) || request.challenged;
        let credentials = if standing {
            self.credentials(method, request.uri)
        } else {
            None
        };
        let authenticated = credentials.is_some();

        let mut bytes = Vec::new();
        let mut writer = Writer::request(&mut bytes, method.as_str().as_bytes(), request.uri);
        writer.header(
            "Via",
            format!("SIP/2.0/UDP {};rport;branch={branch}", self.config.local),
        );
        writer.header("Max-Forwards", "70");
        for route in request.routes {
            writer.header("Route", route);
        }
        let to_tag = request.to_tag;
        writer.header(
            "From",
            tagged(request.from, Some(request.from_tag.as_bytes())),
        );
        writer.header("To", tagged(request.to, to_tag));
        writer.header("Call-ID", request.call_id);
        writer.header_fmt("CSeq", format_args!("{} {}", request.cseq, method.as_str()));
        // RFC 3428, section 4, forbids Contact in a MESSAGE; RFC 3515, table 1, wants it in a REFER.
        if matches!(method, Method::Invite | Method::Refer | Method::Register) {
            writer.header("Contact", format!("<{}>", self.contact_uri()));
            writer.header("Allow", ALLOW);
        }
        if let Some(expires) = request.expires {
            writer.header("Expires", expires.to_string());
        }
        for (name, value) in request.more {
            writer.header(name, value);
        }
        if let Some((name, value)) = credentials {
            writer.header(name, value);
        }
        writer.header("User-Agent", &self.config.user_agent);
        writer.finish(request.body);

        let to = self.next_hop(request.uri, request.routes);
        let key = ClientKey {
            branch: branch.into_bytes(),
            method,
        };
        let mut client = Client::new(now, request.purpose, bytes.clone(), to, self.config.timers);
        client.authenticated = authenticated;
        self.clients.insert(key.clone(), client);
        self.outputs.push_back(Output::Send { to, bytes });
        key
    }

    fn credentials(&mut self, method: Method, uri: &[u8]) -> Option<(&'static str, String)> {
        let cnonce = self.token();
        let uri = String::from_utf8_lossy(uri).into_owned();
        let PhoneConfig {
            username, password, ..
        } = &self.config;
        let challenge = self.challenge.as_mut()?;
        Some(challenge.answer(username, password, (method.as_str(), &uri), &cnonce))
    }

    /// Takes the challenge of a 401 or 407; `false` when trying again makes no sense.
    pub(super) fn accept_challenge(
        &mut self,
        now: Mono,
        response: View<'_>,
        was_authenticated: bool,
    ) -> bool {
        let Some(challenge) = Challenge::read(response) else {
            self.violation(
                now,
                Rule::ChallengeUnusable,
                format!("{:?}", response.header(Name::WwwAuthenticate)),
            );
            return false;
        };
        if let Line::Carrier(_) = &self.line {
            let detail = "a trunk known by its address is asked for a password".to_owned();
            self.violation(now, Rule::ChallengeUnusable, detail);
            return false;
        }
        // 22.2: the same credentials again would be refused again, unless the nonce alone was too old.
        let worth_it = !was_authenticated || challenge.stale;
        self.challenge = Some(challenge);
        worth_it
    }

    /// Route set first, then the remote target (8.1.2); names are not resolved, the server is taken for them.
    fn next_hop(&self, uri: &[u8], routes: &[Vec<u8>]) -> SocketAddr {
        let first = routes
            .first()
            .and_then(|route| NameAddr::parse(route))
            .map_or(uri, |route| route.uri);
        let address = Uri::parse(first).and_then(|uri| {
            let host = String::from_utf8_lossy(uri.bare_host()).parse().ok()?;
            Some(SocketAddr::new(host, uri.port.unwrap_or(5060)))
        });
        address.unwrap_or(self.config.server)
    }

    pub(super) fn start_call(
        &mut self,
        now: Mono,
        id: CallRef,
        caller: Identity,
        (number, script): (&str, Script),
    ) {
        if let Some(after) = script.cancel_after {
            self.at(now + after, id, Action::Cancel);
        }
        let target = format!("sip:{number}@{}", self.config.domain).into_bytes();
        let session_id = u64::from(self.rng.next_u32());
        let call = Call {
            role: Role::Caller,
            call_id: format!("{}@{}", self.token(), self.config.local.ip()).into_bytes(),
            local_tag: self.token(),
            remote_tag: None,
            local: caller.from,
            asserted: caller.asserted,
            remote: [b"<", &target[..], b">"].concat(),
            target,
            routes: Vec::new(),
            cseq: 0,
            remote_cseq: None,
            script,
            session: Session::new(self.config.local.ip(), self.config.rtp_port, session_id),
            told_held: false,
            transfer: Transfer::None,
            phase: Phase::Over { until: now },
        };
        self.calls.insert(id, call);
        self.send_invite(now, id, Cancel::No, false);
    }

    /// The INVITE that starts a call; again after a challenge.
    pub(super) fn send_invite(&mut self, now: Mono, id: CallRef, cancel: Cancel, challenged: bool) {
        let Some(invite) = self.send_in_call(now, id, Purpose::Invite(id), challenged) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&id) {
            call.phase = Phase::Calling {
                invite,
                provisional: false,
                cancel,
            };
        }
    }

    /// A request within a call, or the one that starts it.
    pub(super) fn send_in_call(
        &mut self,
        now: Mono,
        id: CallRef,
        purpose: Purpose,
        challenged: bool,
    ) -> Option<ClientKey> {
        let call = self.calls.get_mut(&id)?;
        call.cseq += 1;
        let body = match purpose {
            Purpose::Invite(_) | Purpose::Reinvite(_) => Some((TYPE, call.session.offer())),
            Purpose::Press(_, digit) => {
                let body = format!("Signal={digit}\r\nDuration=160\r\n").into_bytes();
                Some((b"application/dtmf-relay".as_slice(), body))
            }
            Purpose::Bye(_)
            | Purpose::Cancel(_)
            | Purpose::Refer(_)
            | Purpose::Register
            | Purpose::Text(_) => None,
        };
        let more = match purpose {
            Purpose::Refer(_) => call.refer_headers(),
            Purpose::Invite(_) => call.identity_headers(),
            Purpose::Bye(_)
            | Purpose::Cancel(_)
            | Purpose::Press(..)
            | Purpose::Register
            | Purpose::Reinvite(_)
            | Purpose::Text(_) => Vec::new(),
        };
        let (uri, from, to) = (call.target.clone(), call.local.clone(), call.remote.clone());
        let (from_tag, to_tag) = (call.local_tag.clone(), call.remote_tag.clone());
        let (call_id, cseq, routes) = (call.call_id.clone(), call.cseq, call.routes.clone());
        let request = Request {
            purpose,
            uri: &uri,
            from: &from,
            from_tag: &from_tag,
            to: &to,
            to_tag: to_tag.as_deref(),
            call_id: &call_id,
            cseq,
            routes: &routes,
            expires: None,
            more: &more,
            body: body.as_ref().map(|(kind, body)| (*kind, &**body)),
            challenged,
        };
        Some(self.send_request(now, &request))
    }

    pub(super) fn send_bye(&mut self, now: Mono, id: CallRef) {
        self.answer_last_notify(now, id);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.up().is_some() {
            call.phase = Phase::Leaving;
            self.actions.retain(|_, (call, _)| *call != id);
            self.send_in_call(now, id, Purpose::Bye(id), false);
        }
    }

    /// CANCEL: the INVITE's own branch, target, To, From, Call-ID and CSeq number (9.1).
    pub(super) fn send_cancel(&mut self, now: Mono, id: CallRef) {
        let Some(Phase::Calling { invite, .. }) = self.calls.get(&id).map(|call| &call.phase)
        else {
            return;
        };
        let invite = invite.clone();
        let Some(client) = self.clients.get_mut(&invite) else {
            return;
        };
        client.expect_answer_soon(now);
        let to = client.to;
        let Some(bytes) = echo(&client.request, b"CANCEL", None) else {
            return;
        };
        let cancel = Client::new(
            now,
            Purpose::Cancel(id),
            bytes.clone(),
            to,
            self.config.timers,
        );
        self.clients.insert(
            ClientKey {
                branch: invite.branch,
                method: Method::Cancel,
            },
            cancel,
        );
        self.outputs.push_back(Output::Send { to, bytes });
    }

    /// The ACK to a final answer of 300 or above: part of the INVITE's transaction (17.1.1.3).
    pub(super) fn ack_refusal(&mut self, key: &ClientKey, response: View<'_>) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        let to = client.to;
        if let Some(bytes) = echo(&client.request, b"ACK", response.header(Name::To)) {
            client.acknowledge(bytes.clone());
            self.outputs.push_back(Output::Send { to, bytes });
        }
    }

    /// The ACK to a 2xx: a request of its own in the dialog, with the INVITE's CSeq number and credentials (13.2.2.4).
    pub(super) fn ack_answer(&mut self, key: &ClientKey, id: CallRef) {
        let branch = format!("z9hG4bK{}", self.token());
        let (Some(call), Some(client)) = (self.calls.get(&id), self.clients.get(key)) else {
            return;
        };
        let Ok(index) = Index::parse(&client.request, Framing::Datagram) else {
            return;
        };
        let invite = View::new(&client.request, &index);
        let mut bytes = Vec::new();
        let mut writer = Writer::request(&mut bytes, b"ACK", &call.target);
        writer.header(
            "Via",
            format!("SIP/2.0/UDP {};rport;branch={branch}", self.config.local),
        );
        writer.header("Max-Forwards", "70");
        for route in &call.routes {
            writer.header("Route", route);
        }
        writer.header("From", tagged(&call.local, Some(call.local_tag.as_bytes())));
        writer.header("To", tagged(&call.remote, call.remote_tag.as_deref()));
        writer.header("Call-ID", &call.call_id);
        writer.header_fmt(
            "CSeq",
            format_args!("{} ACK", invite.cseq().map_or(0, |cseq| cseq.number)),
        );
        writer.copy(invite, Name::Authorization);
        writer.copy(invite, Name::ProxyAuthorization);
        writer.finish(None);
        let to = self.next_hop(&call.target, &call.routes);
        if let Some(client) = self.clients.get_mut(key) {
            client.acknowledge(bytes.clone());
        }
        self.outputs.push_back(Output::Send { to, bytes });
    }

    /// Answers a request whose transaction is `key`.
    pub(super) fn respond(
        &mut self,
        now: Mono,
        key: &ServerKey,
        status: u16,
        tag: Option<&str>,
        body: Option<&[u8]>,
    ) {
        let contact = self.contact_uri();
        let agent = self.config.user_agent.clone();
        let Some(server) = self.servers.get_mut(key) else {
            return;
        };
        let Ok(index) = Index::parse(&server.request, Framing::Datagram) else {
            return;
        };
        let request = View::new(&server.request, &index);
        let mut bytes = Vec::new();
        // 8.2.6.2: 100 alone goes without a To tag of ours.
        let tag = tag.filter(|_| status > 100);
        let mut writer = Writer::respond(
            &mut bytes,
            request,
            status,
            reason(status),
            tag,
            Some(server.source),
        );
        if matches!(request.method(), Some(Method::Invite | Method::Update))
            && (101..300).contains(&status)
        {
            // 12.1.1: what may found a dialog takes the route along and says where we are.
            writer.copy(request, Name::RecordRoute);
            writer.header("Contact", format!("<{contact}>"));
        }
        if status == 405 || status == 200 {
            writer.header("Allow", ALLOW);
        }
        writer.header("Server", agent);
        writer.finish(body.map(|body| (TYPE, body)));
        let to = server.source;
        server.on_answer(now, status, bytes.clone());
        self.outputs.push_back(Output::Send { to, bytes });
    }

    /// Sends a re-INVITE when what we told the other side is not what we want, and nothing forbids it.
    pub(super) fn reinvite_if_due(&mut self, now: Mono, id: CallRef) {
        let busy = self.servers.values().any(|server| {
            server.call == Some(id)
                && server.is_invite()
                && (server.is_proceeding() || server.awaits_ack())
        });
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let holding = call.session.holding;
        let Some(Up {
            unacknowledged: false,
            reinvite: None,
            told_hold,
            not_before,
            ..
        }) = call.up()
        else {
            return;
        };
        // 14.1: not while another INVITE is in progress in either direction.
        if busy || *told_hold == holding || not_before.is_some_and(|at| at > now) {
            return;
        }
        *not_before = None;
        *told_hold = holding;
        self.send_reinvite(now, id, false);
    }

    pub(super) fn send_reinvite(&mut self, now: Mono, id: CallRef, challenged: bool) {
        let key = self.send_in_call(now, id, Purpose::Reinvite(id), challenged);
        if let Some(up) = self.calls.get_mut(&id).and_then(Call::up) {
            up.reinvite = key;
        }
    }
}

/// The value with its tag.
fn tagged(value: &[u8], tag: Option<&[u8]>) -> Vec<u8> {
    match tag {
        Some(tag) => [value, b";tag=", tag].concat(),
        None => value.to_vec(),
    }
}

/// An ACK or a CANCEL that repeats an INVITE's head.
fn echo(invite: &[u8], method: &[u8], to: Option<&[u8]>) -> Option<Vec<u8>> {
    let index = Index::parse(invite, Framing::Datagram).ok()?;
    let invite = View::new(invite, &index);
    let mut bytes = Vec::new();
    let mut writer = Writer::request(&mut bytes, method, invite.request_uri()?);
    writer.copy(invite, Name::Via);
    writer.header("Max-Forwards", "70");
    writer.copy(invite, Name::Route);
    writer.copy(invite, Name::From);
    writer.header("To", to.or_else(|| invite.header(Name::To))?);
    writer.copy(invite, Name::CallId);
    writer.header_fmt(
        "CSeq",
        format_args!(
            "{} {}",
            invite.cseq()?.number,
            String::from_utf8_lossy(method)
        ),
    );
    writer.finish(None);
    Some(bytes)
}

/// Reason phrases (21).
fn reason(status: u16) -> &'static [u8] {
    match status {
        100 => b"Trying",
        180 => b"Ringing",
        183 => b"Session Progress",
        200 => b"OK",
        202 => b"Accepted",
        400 => b"Bad Request",
        404 => b"Not Found",
        405 => b"Method Not Allowed",
        415 => b"Unsupported Media Type",
        480 => b"Temporarily Unavailable",
        481 => b"Call/Transaction Does Not Exist",
        482 => b"Loop Detected",
        486 => b"Busy Here",
        487 => b"Request Terminated",
        488 => b"Not Acceptable Here",
        491 => b"Request Pending",
        500 => b"Server Internal Error",
        501 => b"Not Implemented",
        503 => b"Service Unavailable",
        600 => b"Busy Everywhere",
        603 => b"Decline",
        _ => b"Answer",
    }
}
