//! The promises, watched from outside: what leaves the switch against what is on disk at that instant.

mod offers;
mod roots;
mod told;
mod waits;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook_base::{CallId, EventRecord, Mono};
use offhook_call::LegName;
use offhook_sip_message::{Framing, Message, Method, View};

use super::deliver::{DEAD, FLAKY, STRICT};
use super::disk::Disk;
use offers::Offers;
use told::Told;
use waits::Waits;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    broken: Vec<String>,
    /// Client transactions by branch and method.
    requests: BTreeMap<(Vec<u8>, Vec<u8>), Request>,
    told: Told,
    offers: Offers,
    /// What each MESSAGE to the switch says, by its Call-ID.
    texts: BTreeMap<Vec<u8>, Vec<u8>>,
    waits: Waits,
    now: Mono,
}

#[derive(Debug)]
struct Request {
    first: Mono,
    sent: u32,
    answered: bool,
}

/// 64 × T1 and some: a transaction is over by then.
const OVER: Duration = Duration::from_secs(40);

impl Watch {
    /// The process died: nobody repeats its requests.
    pub(super) fn crashed(&mut self) {
        self.requests.clear();
        self.offers.crashed();
        self.waits.crashed();
    }

    /// A datagram arrived at the switch.
    pub(super) fn received(&mut self, octets: &[u8]) {
        let Ok(message) = Message::parse(bytes::Bytes::copy_from_slice(octets), Framing::Datagram)
        else {
            return;
        };
        let view = message.view();
        if view.is_request() {
            self.told.received(view);
        } else {
            self.offers.received(view);
        }
        if view.method() == Some(Method::Message) {
            let call_id = view.call_id().unwrap_or_default();
            self.texts.insert(call_id.to_vec(), view.body().to_vec());
        }
        if let Some(key) = key(message.view()).filter(|_| !message.view().is_request())
            && let Some(request) = self.requests.get_mut(&key)
        {
            request.answered = true;
        }
    }

    /// The switch handed a fact to the disk.
    pub(super) fn recorded(&mut self, now: Mono, event: &EventRecord) {
        self.waits.recorded(now, event);
        self.offers.recorded(event);
    }

    /// The switch sent a datagram.
    pub(super) fn sent(
        &mut self,
        now: Mono,
        (to, octets): (SocketAddr, &[u8]),
        leg: Option<LegName>,
        disk: &Disk,
        stalled: bool,
    ) {
        self.now = now;
        let Ok(message) = Message::parse(bytes::Bytes::copy_from_slice(octets), Framing::Datagram)
        else {
            return self.broken.push(format!(
                "sent what is no SIP message: {:?}",
                String::from_utf8_lossy(octets)
            ));
        };
        let view = message.view();
        if view.is_request() {
            self.count(now, view);
        }
        self.text_sent(view, disk);
        if let Some(leg) = leg {
            if view.is_request() {
                self.offers.sent(now, to, view, leg);
            }
            let too_early = self.told.too_early(view, leg, disk, stalled);
            self.broken.extend(too_early);
        }
    }

    /// Nobody is told of a text, and nobody gets it, before it is on disk.
    fn text_sent(&mut self, view: View<'_>, disk: &Disk) {
        let about = view.cseq().map(|cseq| cseq.method);
        if about != Some(Method::Message) {
            return;
        }
        let words = match view.status() {
            None => view.body(),
            Some(200..300) => {
                let call_id = view.call_id().unwrap_or_default();
                self.texts.get(call_id).map_or(&[][..], Vec::as_slice)
            }
            Some(_) => return,
        };
        if !disk.has_text(words) {
            let words = String::from_utf8_lossy(words).into_owned();
            self.broken.push(format!(
                "invariant 1: the text {words:?} was told of, or left, before it was on disk"
            ));
        }
    }

    fn count(&mut self, now: Mono, view: View<'_>) {
        if view.method() == Some(Method::Ack) {
            return;
        }
        if let Some(key) = key(view) {
            let request = self.requests.entry(key).or_insert(Request {
                first: now,
                sent: 0,
                answered: false,
            });
            request.sent += 1;
        }
    }

    /// Who waited longer in a queue than may be.
    pub(super) fn waits(&self, longest: Option<Duration>) -> Vec<String> {
        longest.map_or_else(Vec::new, |longest| self.waits.verdict(longest))
    }

    /// What was broken.
    pub(super) fn verdict(&self, disk: &Disk) -> Vec<String> {
        let mut broken = self.broken.clone();
        roots::check(disk, &mut broken);
        self.offers.verdict(&mut broken);
        invariant_3(disk, &mut broken);
        self.invariant_7(&mut broken);
        broken
    }

    /// Each request of ours is repeated until it is answered or given up.
    fn invariant_7(&self, broken: &mut Vec<String>) {
        for ((branch, method), request) in &self.requests {
            let over = request.first + OVER < self.now;
            if over && !request.answered && request.sent < 5 {
                let (branch, method) = (
                    String::from_utf8_lossy(branch),
                    String::from_utf8_lossy(method),
                );
                broken.push(format!(
                    "invariant 7: {method} {branch} was sent {} times and never answered",
                    request.sent
                ));
            }
        }
    }
}

/// Nothing committed is lost for any receiver, and the strict one got each root's events in order.
fn invariant_3(disk: &Disk, broken: &mut Vec<String>) {
    for endpoint in [STRICT, FLAKY, DEAD] {
        let ledger = disk.received.get(&endpoint).map_or(&[][..], Vec::as_slice);
        let got: BTreeSet<&str> = ledger.iter().map(|event| &*event.id).collect();
        for event in disk.facts().filter(|event| !got.contains(&*event.id)) {
            broken.push(format!(
                "delivery: {} seq {:?} of call {} never reached webhook {endpoint}",
                event.name, event.seq, event.call
            ));
        }
        if endpoint == STRICT {
            in_order(disk, ledger, broken);
        }
    }
}

/// The strict receiver got the events of each root in the order in which they were committed, those without a number too.
fn in_order(disk: &Disk, ledger: &[Arc<EventRecord>], broken: &mut Vec<String>) {
    let place: BTreeMap<&str, usize> = disk.facts().map(|event| &*event.id).zip(0..).collect();
    let mut last: BTreeMap<CallId, (usize, &EventRecord)> = BTreeMap::new();
    for event in ledger.iter().filter(|event| event.root != CallId(0)) {
        let Some(at) = place.get(&*event.id) else {
            broken.push(format!("delivery: {} is an event that never was", event.id));
            continue;
        };
        if let Some((before, other)) = last.insert(event.root, (*at, event))
            && before > *at
        {
            broken.push(format!(
                "invariant 3: webhook {STRICT} got {} {:?} of root {} after {} {:?}",
                event.name, event.seq, event.root, other.name, other.seq
            ));
        }
    }
}

fn key(view: View<'_>) -> Option<(Vec<u8>, Vec<u8>)> {
    let branch = view.top_via()?.branch()?.to_vec();
    let cseq = view.header(offhook_sip_message::Name::CSeq)?;
    let method = cseq.split(u8::is_ascii_whitespace).next_back()?.to_vec();
    Some((branch, method))
}
