//! Registration (RFC 3261, section 10).

use std::time::Duration;

use offhook_base::Mono;
use offhook_sip_message::{Contact, Name, View};

use super::client::{ClientKey, Purpose};
use super::send::Request;
use super::{Phone, PhoneEvent, Rule};

/// Pause after a REGISTER that came to nothing, unless the answer names one.
const RETRY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Registration {
    call_id: String,
    tag: String,
    cseq: u32,
    /// Whether it shall hold.
    wanted: bool,
    /// When the next REGISTER is due.
    due: Option<Mono>,
    in_progress: Option<ClientKey>,
}

impl Registration {
    pub(super) const fn new(call_id: String, tag: String) -> Self {
        Self {
            call_id,
            tag,
            cseq: 0,
            wanted: false,
            due: None,
            in_progress: None,
        }
    }

    pub(super) const fn next_timeout(&self) -> Option<Mono> {
        self.due
    }
}

impl Phone {
    /// Registers, and stays registered.
    pub fn register(&mut self, now: Mono) {
        self.registration.wanted = true;
        self.send_register(now, false);
    }

    /// Takes the registration back.
    pub fn unregister(&mut self, now: Mono) {
        self.registration.wanted = false;
        self.send_register(now, false);
    }

    fn send_register(&mut self, now: Mono, challenged: bool) {
        if let Some(earlier) = self.registration.in_progress.take() {
            // 10.2: no new REGISTER before the answer to the last one; its answer means nothing any more.
            self.forget(&earlier);
        }
        self.registration.due = None;
        self.registration.cseq += 1;
        let expires = if self.registration.wanted {
            self.config.expires
        } else {
            0
        };
        let address = self.address_of_record();
        let uri = format!("sip:{}", self.config.domain).into_bytes();
        let request = Request {
            purpose: Purpose::Register,
            uri: &uri,
            from: &address,
            from_tag: &self.registration.tag.clone(),
            to: &address.clone(),
            to_tag: None,
            call_id: &self.registration.call_id.clone().into_bytes(),
            cseq: self.registration.cseq,
            routes: &[],
            expires: Some(expires),
            more: &[],
            body: None,
            challenged,
        };
        self.registration.in_progress = Some(self.send_request(now, &request));
    }

    /// A final answer to REGISTER.
    pub(super) fn on_register_answer(
        &mut self,
        now: Mono,
        response: View<'_>,
        status: u16,
        was_authenticated: bool,
    ) {
        self.registration.in_progress = None;
        match status {
            200..300 if !self.registration.wanted => self.event(PhoneEvent::Unregistered),
            200..300 => self.registered(now, response),
            401 | 407 if self.accept_challenge(now, response, was_authenticated) => {
                self.send_register(now, true)
            }
            _ => {
                let pause = response
                    .header(Name::RetryAfter)
                    .and_then(leading_number)
                    .map(Duration::from_secs);
                self.registration_failed(now, status, pause);
            }
        }
    }

    pub(super) fn registration_failed(&mut self, now: Mono, status: u16, pause: Option<Duration>) {
        self.registration.in_progress = None;
        if self.registration.wanted {
            self.registration.due = Some(now + pause.unwrap_or(RETRY));
        }
        self.event(PhoneEvent::RegistrationFailed { status });
    }

    fn registered(&mut self, now: Mono, response: View<'_>) {
        // 10.3: the answer lists every binding, ours among them, with its expires.
        let ours = response.contacts().find_map(|contact| match contact {
            Ok(Contact::Address(address)) if self.is_our_contact(address.uri) => {
                Some(address.expires())
            }
            Ok(_) | Err(_) => None,
        });
        let expires = match ours {
            Some(expires) => expires.or_else(|| response.expires()),
            None => {
                self.violation(
                    now,
                    Rule::BindingMissing,
                    "200 to REGISTER without our contact".to_owned(),
                );
                response.expires()
            }
        };
        let expires = expires.unwrap_or(self.config.expires);
        // Refreshed well before it lapses, so that lost datagrams can be sent again.
        self.registration.due = Some(now + Duration::from_secs(u64::from(expires)) * 3 / 4);
        self.event(PhoneEvent::Registered { expires });
    }

    pub(super) fn registration_timeout(&mut self, now: Mono) {
        if self.registration.due.is_some_and(|due| due <= now) {
            self.send_register(now, false);
        }
    }
}

/// The number at the start of `120;duration=60` or `120 (busy)` (20.33).
fn leading_number(value: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(value);
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
