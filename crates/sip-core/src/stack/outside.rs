//! Requests outside any dialog: who may have what.

use offhook_base::{Now, PhoneId};
use offhook_sip_message::{Message, Method, Uri};

use super::{Pending, Stack};
use crate::auth::Verdict;
use crate::wire::Extra;
use crate::{Event, Origin, Peer, TxId};

impl Stack {
    pub(super) fn on_outside(&mut self, now: Now, peer: Peer, request: &Message, method: Method) {
        if !self.takes(peer, request, method) || !self.is_for_us(peer, request, method) {
            return;
        }
        if self.layer.is_merged(request) {
            return self.refuse(peer, request, 482, "Merged Request");
        }
        let known: &[&[u8]] = if method == Method::Register {
            &[b"path"]
        } else {
            &[]
        };
        if !self.can_do(peer, request, known) {
            return;
        }
        if method == Method::Options {
            return self.on_options(peer, request);
        }
        // Without a dialog there is nothing that these could end, change or tell of (12.2.2; RFC 6665 4.1.3).
        if matches!(
            method,
            Method::Bye | Method::Info | Method::Notify | Method::Prack | Method::Update
        ) {
            return self.refuse(peer, request, 481, "");
        }
        // RFC 3515 2.4.2: what is referred is the call that the request stands in.
        if method == Method::Refer {
            return self.refuse(peer, request, 403, "REFER Outside A Call");
        }
        let full = method == Method::Invite && self.legs.len() >= self.config.limits.legs;
        if full || !self.layer.has_room() {
            return self.refuse_full(peer, request);
        }
        let Some(from) = self.identify(now, peer, request, method) else {
            return;
        };
        match from {
            Origin::Phone(phone) if method == Method::Register => {
                self.on_register(now, peer, phone, request);
            }
            Origin::Phone(phone) if method == Method::Subscribe => {
                self.on_subscribe(now, peer, phone, request);
            }
            Origin::Phone(_) | Origin::Trunk(_) if method == Method::Invite => {
                self.on_invite(now, peer, from, request);
            }
            Origin::Phone(_) | Origin::Trunk(_) => self.on_other(now, peer, from, request),
        }
    }

    /// Whether the Request-URI is one that we serve; if not, it is answered.
    fn is_for_us(&mut self, peer: Peer, request: &Message, method: Method) -> bool {
        let view = request.view();
        let Some(uri) = view.request_uri().and_then(Uri::parse) else {
            self.refuse(peer, request, 400, "Bad Request-URI");
            return false;
        };
        let is_sip = uri.scheme.eq_ignore_ascii_case(b"sip") || uri.is_secure();
        let is_number = uri.is_tel() && matches!(method, Method::Invite | Method::Message);
        if !is_sip && !is_number {
            self.refuse(peer, request, 416, "");
            return false;
        }
        let named = matches!(method, Method::Invite | Method::Message | Method::Register);
        if is_sip && named && !self.is_our_host(&uri) {
            self.refuse(peer, request, 404, "");
            return false;
        }
        // A REGISTER or OPTIONS ends here; what may go on to a phone must have a hop left (16.3).
        let ends_here = matches!(method, Method::Options | Method::Register);
        if !ends_here && view.max_forwards() == Some(0) {
            self.refuse(peer, request, 483, "");
            return false;
        }
        true
    }

    /// Whether a host is ours; any is, when no domain is set.
    pub(super) fn is_our_host(&self, uri: &Uri<'_>) -> bool {
        let config = &self.config;
        if config.domain.is_empty() {
            return true;
        }
        let same = |name: &str| uri.bare_host().eq_ignore_ascii_case(bare(name).as_bytes());
        let mut listeners = config
            .listeners
            .iter()
            .map(|listener| host_of(&listener.advertised));
        same(&config.domain)
            || config.own_hosts.iter().any(|host| same(host))
            || listeners.any(same)
    }

    /// OPTIONS is answered like an INVITE would be, to anybody (11.2).
    pub(super) fn on_options(&mut self, peer: Peer, request: &Message) {
        let allow = self.layer.locals.allow.clone();
        let own: &[(&str, &[u8])] = &[
            ("Allow", &allow),
            ("Accept", b"application/sdp"),
            ("Supported", b"path"),
        ];
        self.layer
            .reject(peer, request, 200, &Extra { own, ..Extra::NONE });
    }

    /// Who sent a request; if nobody we know, it is challenged and nothing is kept.
    ///
    /// Credentials go first: a phone may stand behind the address of a trunk. Wrong ones are never made good by an
    /// address. Without any, a trunk is known by where an INVITE or MESSAGE comes from; nothing is registered that way.
    fn identify(
        &mut self,
        now: Now,
        peer: Peer,
        request: &Message,
        method: Method,
    ) -> Option<Origin> {
        let verdict = self.auth.judge(now.mono, peer.addr.ip(), request.view());
        if verdict == Verdict::Anonymous
            && matches!(method, Method::Invite | Method::Message)
            && !self.is_registered_there(peer, request)
            && let Some(trunk) = self.trunks.at(peer.addr.ip())
        {
            return Some(Origin::Trunk(trunk));
        }
        let phone = self.authenticate(now, peer, request, verdict)?;
        Some(Origin::Phone(phone))
    }

    /// Whether a request names a phone in From that is registered from exactly there: most send their first request
    /// without credentials, and would pass for the trunk whose address they share.
    fn is_registered_there(&self, peer: Peer, request: &Message) -> bool {
        let from = request.view().from().and_then(|from| from.parsed_uri());
        let phone = from
            .and_then(|uri| std::str::from_utf8(uri.user?).ok())
            .and_then(|user| self.auth.phone_named(user));
        let bindings = phone.map_or(&[][..], |phone| self.registrar.bindings(phone));
        bindings.iter().any(|binding| binding.peer == peer)
    }

    /// The phone whose password was shown; anybody else is challenged.
    fn authenticate(
        &mut self,
        now: Now,
        peer: Peer,
        request: &Message,
        verdict: Verdict,
    ) -> Option<PhoneId> {
        let source = peer.addr.ip();
        // RFC 7616 3.3: `stale` speaks of the nonce alone. Were it said to right passwords only, then whoever makes up
        // nonces could try passwords without ever being counted.
        let stale = match verdict {
            Verdict::Authenticated(phone) => return Some(phone),
            Verdict::Stale | Verdict::Wrong { genuine: false } => true,
            Verdict::Anonymous | Verdict::Wrong { genuine: true } => false,
        };
        let challenges = self.auth.challenges(now.mono, source, stale);
        let own: Vec<(&str, &[u8])> = challenges
            .iter()
            .map(|challenge| ("WWW-Authenticate", challenge.as_bytes()))
            .collect();
        let extra = Extra {
            own: &own,
            ..Extra::NONE
        };
        self.layer.reject(peer, request, 401, &extra);
        if let Verdict::Wrong { genuine } = verdict {
            self.tell_rejected(peer, request, 401, genuine);
        }
        None
    }

    /// A request that the owner answers.
    fn on_other(&mut self, now: Now, peer: Peer, from: Origin, request: &Message) {
        if let Some(tx) = self.hand_over(now, peer, None, request) {
            let request = request.clone();
            self.layer.event(Event::OutOfDialog {
                tx,
                from,
                peer,
                request,
            });
        }
    }

    /// Starts the server transaction of a request that the owner will answer, and gives it a name.
    pub(super) fn hand_over(
        &mut self,
        now: Now,
        peer: Peer,
        leg: Option<crate::LegId>,
        request: &Message,
    ) -> Option<TxId> {
        let method = request.view().method()?;
        let slot = self.layer.start_server(now, peer, request)?;
        let tx = TxId::incoming(self.requests_received);
        self.requests_received += 1;
        self.layer.set_server_user(slot, leg, Some(tx));
        self.pending.insert(
            tx,
            Pending {
                slot,
                leg,
                method,
                request: request.clone(),
            },
        );
        Some(tx)
    }
}

/// A name without the brackets of an IPv6 address.
fn bare(name: &str) -> &str {
    name.strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name)
}

/// The host of `host:port`.
fn host_of(advertised: &str) -> &str {
    match advertised.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => advertised,
    }
}
