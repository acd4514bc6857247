//! Texts outside a call (RFC 3428): what a phone sends and takes.

use offhook_base::Mono;
use offhook_sip_message::{Name, View};

use super::client::Purpose;
use super::send::Request;
use super::server::ServerKey;
use super::{Phone, PhoneEvent, Rule, TextRef};

/// A text on its way.
#[derive(Clone, Debug)]
pub(super) struct Text {
    uri: Vec<u8>,
    from: Vec<u8>,
    call_id: Vec<u8>,
    tag: String,
    cseq: u32,
    words: Vec<u8>,
}

impl Phone {
    /// Sends a text to a number of our domain; what became of it is told by [`PhoneEvent::TextSent`].
    pub fn send_text(&mut self, now: Mono, number: &str, words: &str) -> TextRef {
        let from = self.address_of_record();
        self.send_text_from(now, from, number, words)
    }

    pub(super) fn send_text_from(
        &mut self,
        now: Mono,
        from: Vec<u8>,
        number: &str,
        words: &str,
    ) -> TextRef {
        let id = TextRef(self.next_text);
        self.next_text += 1;
        let text = Text {
            uri: format!("sip:{number}@{}", self.config.domain).into_bytes(),
            from,
            call_id: format!("{}@{}", self.token(), self.config.local.ip()).into_bytes(),
            tag: self.token(),
            cseq: 0,
            words: words.as_bytes().to_vec(),
        };
        self.texts.insert(id, text);
        self.send_message(now, id, false);
        id
    }

    fn send_message(&mut self, now: Mono, id: TextRef, challenged: bool) {
        let Some(text) = self.texts.get_mut(&id) else {
            return;
        };
        text.cseq += 1;
        let text = text.clone();
        let request = Request {
            purpose: Purpose::Text(id),
            uri: &text.uri,
            from: &text.from,
            from_tag: &text.tag,
            to: &[b"<", &text.uri[..], b">"].concat(),
            to_tag: None,
            call_id: &text.call_id,
            cseq: text.cseq,
            routes: &[],
            expires: None,
            more: &[],
            body: Some((b"text/plain;charset=UTF-8", &text.words)),
            challenged,
        };
        self.send_request(now, &request);
    }

    /// The final answer to a text of ours.
    pub(super) fn on_text_answer(
        &mut self,
        now: Mono,
        id: TextRef,
        (response, status): (View<'_>, u16),
        authenticated: bool,
    ) {
        if matches!(status, 401 | 407) && self.accept_challenge(now, response, authenticated) {
            self.send_message(now, id, true);
        } else {
            self.text_answered(id, status);
        }
    }

    pub(super) fn text_answered(&mut self, text: TextRef, status: u16) {
        self.texts.remove(&text);
        self.event(PhoneEvent::TextSent { text, status });
    }

    /// A text comes in.
    pub(super) fn on_text(&mut self, now: Mono, key: &ServerKey, request: View<'_>) {
        let contact = request.header(Name::Contact).is_some();
        if contact || request.content_type().is_none() {
            let detail = if contact {
                "MESSAGE with a Contact"
            } else {
                "MESSAGE without a Content-Type"
            };
            self.violation(now, Rule::TextMalformed, detail.to_owned());
        }
        let status = if request.has_content_type("text/plain") {
            self.habits.answer_to_texts
        } else {
            415
        };
        let tag = self.token();
        self.respond(now, key, status, Some(&tag), None);
        let from = request.header(Name::From).unwrap_or_default();
        self.event(PhoneEvent::TextReceived {
            from: String::from_utf8_lossy(from).into_owned(),
            text: String::from_utf8_lossy(request.body()).into_owned(),
            status,
        });
    }
}
