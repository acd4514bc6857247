//! Text messages: SIP MESSAGE between users and from trunks (RFC 3428), texts of REST clients and carriers; stored, and
//! forwarded when a phone registers.
//!
//! ```text
//! MESSAGE, POST ──admitted──► Uncommitted ──committed: 202──► waiting in a Mailbox ──a phone took it──► delivered
//!      │           (towards us) sms.received                     │                 ▲
//!      │ 4xx, 503                                                ├─no phone took it─┘ again when one registers
//!      ▼                                                         └─7 days, or too many──► expired
//!   no effect
//!
//! MESSAGE, POST ──admitted──► Storing ──kept: 202──► Sending ──2xx of the trunk──► sent
//!                (outside)       └──not kept: 503       └──anything else──► failed
//! ```
//!
//! Nobody is told of a text, and no phone or trunk gets it, before it is on the disk. After a crash a text may come to a phone
//! twice, never not at all.

mod address;
mod admit;
mod command;
mod forward;
mod mailbox;
mod outgoing;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use offhook_base::{FactRecord, Mono, Now, SmsId, SmsRecord, UserId};
use offhook_sip_core::{Command, TxId};

use crate::bindings::Bindings;
use crate::directory::Directory;
use crate::numbers::Numbering;
use crate::office::TxIds;
use crate::{CallIds, EventIds};
pub(crate) use address::{NoWay, OutsideWays, Way};
pub use command::{TextChange, TextCommand, TextRefusal, TextReply};
use mailbox::{ContactKey, Mailbox};
use outgoing::Outgoing;
use seen::Seen;

/// What a text is called by and where it says it comes from.
#[derive(Clone, Debug)]
pub(crate) struct TextsConfig {
    /// The host in From and To of the MESSAGEs that we send.
    pub(crate) host: String,
    /// `customer_id` of the event.
    pub(crate) customer_id: u32,
}

/// What the owner lends for one input.
pub(crate) struct Context<'a> {
    pub(crate) now: Now,
    /// Whether new texts are taken: not while commits are stalled, nor in a shutdown.
    pub(crate) is_open: bool,
    pub(crate) directory: &'a Directory,
    pub(crate) bindings: &'a Bindings,
    pub(crate) numbering: &'a Numbering,
    pub(crate) outside: &'a dyn OutsideWays,
    pub(crate) ids: &'a mut EventIds,
    pub(crate) call_ids: &'a mut CallIds,
    pub(crate) tx_ids: &'a mut TxIds,
    /// Takes note of one more fact and gives its number.
    pub(crate) hand_over: &'a mut dyn FnMut() -> u64,
    pub(crate) effects: &'a mut Vec<TextEffect>,
}

/// What is to be done, in order.
#[derive(Debug)]
pub(crate) enum TextEffect {
    /// To the store.
    Change(TextChange),
    /// To the journal. Its number was taken by `hand_over`.
    Record(Box<FactRecord>),
    /// To the REST client who waits.
    Reply(TextReply),
    /// Have numbers below this one reserved.
    ReserveCallIds(u64),
    /// To the stack.
    Sip(Box<Command>),
}

impl Context<'_> {
    const fn next_tx(&mut self) -> TxId {
        self.tx_ids.next()
    }

    fn change(&mut self, change: TextChange) {
        self.effects.push(TextEffect::Change(change));
    }
}

/// Who waits to hear that a text is safe.
#[derive(Clone, Copy, Debug)]
enum Asker {
    /// A REST client's command with this token.
    Api(u64),
    /// The sender of a MESSAGE.
    Peer(TxId),
}

/// A text that is with the journal.
#[derive(Debug)]
struct Uncommitted {
    fact: u64,
    text: Arc<SmsRecord>,
    askers: Vec<Asker>,
}

/// A MESSAGE of ours that is not answered yet.
#[derive(Debug)]
enum Flight {
    Phone {
        user: UserId,
        contact: ContactKey,
        text: SmsId,
    },
    Trunk(SmsId),
}

/// How a MESSAGE of ours ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// The peer said so.
    Final(u16),
    /// Nobody answered, or there was no way.
    Nothing,
}

/// All texts of a node that are on their way.
#[derive(Debug)]
pub(crate) struct Texts {
    config: TextsConfig,
    uncommitted: VecDeque<Uncommitted>,
    mailboxes: BTreeMap<UserId, Mailbox>,
    flights: BTreeMap<TxId, Flight>,
    outgoing: BTreeMap<SmsId, Outgoing>,
    /// When texts of the previous process that found no trunk are given up; `None` when that is over.
    stranded_until: Option<Mono>,
    /// When each waiting text is given up.
    expiry: BTreeSet<(Mono, SmsId, UserId)>,
    seen: Seen,
}

impl Texts {
    pub(crate) fn new(config: TextsConfig) -> Self {
        Self {
            config,
            uncommitted: VecDeque::new(),
            mailboxes: BTreeMap::new(),
            flights: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            stranded_until: None,
            expiry: BTreeSet::new(),
            seen: Seen::default(),
        }
    }

    /// The journal has every fact up to this number: senders are told, and phones are tried.
    pub(crate) fn on_committed(&mut self, cx: &mut Context<'_>, fact: u64) {
        while let Some(done) = self.uncommitted.pop_front_if(|text| text.fact <= fact) {
            for asker in done.askers {
                accept(cx, asker, done.text.id);
            }
            if let Some(user) = done.text.to_user {
                self.wait_for_phone(cx, user, done.text);
            }
        }
    }

    /// The store has a text towards a trunk, or could not keep it.
    pub(crate) fn on_stored(&mut self, cx: &mut Context<'_>, id: SmsId, stored: bool) {
        let Some((way, askers)) = self.outgoing.get_mut(&id).and_then(Outgoing::stored) else {
            return;
        };
        if stored {
            for asker in askers {
                accept(cx, asker, id);
            }
            return self.send_outside(cx, id, &way);
        }
        self.outgoing.remove(&id);
        // A copy of the MESSAGE may have more luck.
        self.seen.forget(id);
        for asker in askers {
            refuse(cx, asker, TextRefusal::Unavailable);
        }
    }

    /// What was unfinished when the process ended, oldest first. To be called once the directory and the bindings are there.
    pub(crate) fn on_restored(&mut self, cx: &mut Context<'_>, texts: Vec<SmsRecord>) {
        for text in texts {
            match text.to_user {
                Some(user) => self.keep(cx, user, Arc::new(text)),
                None => self.send_again(cx, Arc::new(text)),
            }
        }
        let users: Vec<UserId> = self.mailboxes.keys().copied().collect();
        for user in users {
            self.offer(cx, user);
        }
    }

    /// A MESSAGE of ours was answered, or will not be.
    pub(crate) fn on_answer(&mut self, cx: &mut Context<'_>, tx: TxId, answer: Answer) {
        match self.flights.remove(&tx) {
            Some(Flight::Phone {
                user,
                contact,
                text,
            }) => self.on_phone_answer(cx, user, contact, text, answer),
            Some(Flight::Trunk(text)) => self.on_trunk_answer(cx, text, answer),
            None => {}
        }
    }

    /// When [`Self::on_timeout`] next has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        let expiry = self.expiry.first().map(|(at, _, _)| *at);
        [expiry, self.stranded_until()].into_iter().flatten().min()
    }

    #[cfg(test)]
    fn check_invariants(&self) {
        let waiting: usize = self.mailboxes.values().map(Mailbox::len).sum();
        assert_eq!(waiting, self.expiry.len(), "every waiting text has an end");
        let mut contacts = BTreeSet::new();
        for flight in self.flights.values() {
            if let Flight::Phone { contact, .. } = flight {
                assert!(contacts.insert(contact), "one text at a time to a contact");
            }
        }
    }
}

fn accept(cx: &mut Context<'_>, asker: Asker, id: SmsId) {
    cx.effects.push(match asker {
        Asker::Api(token) => TextEffect::Reply(TextReply {
            token,
            result: Ok(id),
        }),
        // RFC 3428 §7: 202 says that it was stored, not that a phone has it.
        Asker::Peer(tx) => TextEffect::Sip(Box::new(crate::phase::reply(tx, 202, Vec::new()))),
    });
}

fn refuse(cx: &mut Context<'_>, asker: Asker, refusal: TextRefusal) {
    cx.effects.push(match asker {
        Asker::Api(token) => TextEffect::Reply(TextReply {
            token,
            result: Err(refusal),
        }),
        Asker::Peer(tx) => {
            let (status, headers) = command::as_sip(refusal);
            TextEffect::Sip(Box::new(crate::phase::reply(tx, status, headers)))
        }
    });
}
