//! Text messages in the PBX: what the stack, the journal and the shell tell goes to [`Texts`], and what it wants is done.

use bytes::Bytes;
use offhook_base::{Mono, Now, PhoneId, SmsId, SmsRecord, UserId};
use offhook_sip_core::{BindingKey, Origin, Peer, TxId};
use offhook_sip_message::{Message, Method};

use super::{Action, Pbx};
use crate::directory::Directory;
use crate::limit::admit;
use crate::numbers::Numbering;
use crate::phase::{Reach, reply};
use crate::sms::{Answer, Context, NoWay, OutsideWays, TextCommand, TextEffect, Texts, Way};
use crate::trunks::Trunks;
use crate::trunks::caller::{number_sent, shown};

impl Pbx {
    /// A request outside any dialog: a text, or a method that nobody here takes.
    pub(super) fn on_out_of_dialog(
        &mut self,
        now: Now,
        tx: TxId,
        from: Origin,
        peer: Peer,
        request: &Message,
    ) {
        if request.view().method() != Some(Method::Message) {
            let refusal = reply(tx, 405, Vec::new());
            return self.actions.push_back(Action::Sip(refusal));
        }
        if !self.admits_text(now.mono, peer) {
            let later = vec![(Bytes::from_static(b"Retry-After"), Bytes::from_static(b"1"))];
            let refusal = reply(tx, 503, later);
            return self.actions.push_back(Action::Sip(refusal));
        }
        self.with_texts(now, |texts, cx| texts.on_message(cx, tx, from, request));
    }

    /// The end of a request of ours that is no trunk's OPTIONS.
    pub(super) fn on_text_answer(&mut self, now: Now, tx: TxId, answer: Answer) {
        self.with_texts(now, |texts, cx| texts.on_answer(cx, tx, answer));
    }

    /// A contact came or was refreshed; the bindings have it.
    pub(super) fn on_text_contact(
        &mut self,
        now: Now,
        phone: PhoneId,
        key: &BindingKey,
        is_new: bool,
    ) {
        self.with_texts(now, |texts, cx| texts.on_registered(cx, phone, key, is_new));
    }

    /// A trunk changed; the directory and the trunks have it.
    pub(super) fn on_text_trunk(&mut self, now: Now) {
        self.with_texts(now, |texts, cx| texts.on_trunk(cx));
    }

    /// A contact is gone.
    pub(super) fn on_text_contact_gone(&mut self, now: Now, phone: PhoneId, key: &BindingKey) {
        self.with_texts(now, |texts, cx| texts.on_unregistered(cx, phone, key));
    }

    /// A REST client's text.
    pub(crate) fn handle_text(&mut self, now: Now, command: TextCommand, token: u64) {
        self.with_texts(now, |texts, cx| texts.on_command(cx, command, token));
    }

    /// The store has a text that it was given to keep, or could not keep it.
    pub(crate) fn handle_text_stored(&mut self, now: Now, text: SmsId, stored: bool) {
        self.with_texts(now, |texts, cx| texts.on_stored(cx, text, stored));
    }

    /// Texts that the previous process did not bring to their end.
    pub(crate) fn handle_restored_texts(&mut self, now: Now, texts: Vec<SmsRecord>) {
        self.with_texts(now, |machine, cx| machine.on_restored(cx, texts));
    }

    /// The journal has every fact up to this number.
    pub(crate) fn handle_texts_committed(&mut self, now: Now, fact: u64) {
        self.with_texts(now, |texts, cx| texts.on_committed(cx, fact));
    }

    /// Time has passed.
    pub(crate) fn handle_texts_timeout(&mut self, now: Now) {
        if self.next_texts_timeout().is_some_and(|at| at <= now.mono) {
            self.with_texts(now, Texts::on_timeout);
        }
    }

    /// When [`Self::handle_texts_timeout`] next has something to do.
    pub(crate) fn next_texts_timeout(&self) -> Option<Mono> {
        self.texts.next_timeout()
    }

    /// As many texts as calls a second from one source.
    fn admits_text(&mut self, now: Mono, peer: Peer) -> bool {
        let source = peer.addr.ip();
        let exempt = &self.office.config.guard.exempt;
        match self.office.config.invites_per_s_per_source {
            Some(rate) if !exempt.iter().any(|network| network.contains(source)) => {
                admit(&mut self.text_sources, now, source, rate)
            }
            Some(_) | None => true,
        }
    }

    fn with_texts(&mut self, now: Now, work: impl FnOnce(&mut Texts, &mut Context<'_>)) {
        let mut effects = Vec::new();
        let is_open = !self.closing && !self.fence.is_stalled(now.mono);
        let (fence, office) = (&mut self.fence, &mut self.office);
        let mut cx = Context {
            now,
            is_open,
            directory: &office.directory,
            bindings: &office.bindings,
            numbering: &office.config.numbering,
            outside: &ByTrunk {
                host: &office.config.host,
                numbering: &office.config.numbering,
                trunks: &office.trunks,
            },
            ids: &mut office.event_ids,
            call_ids: &mut office.call_ids,
            tx_ids: &mut office.tx_ids,
            hand_over: &mut || fence.hand_over(now.mono),
            effects: &mut effects,
        };
        work(&mut self.texts, &mut cx);
        self.actions
            .extend(effects.into_iter().map(|effect| match effect {
                TextEffect::Change(change) => Action::Text(change),
                TextEffect::Record(fact) => Action::Record(fact),
                TextEffect::Reply(reply) => Action::TextReply(reply),
                TextEffect::ReserveCallIds(upto) => Action::ReserveCallIds(upto),
                TextEffect::Sip(command) => Action::Sip(*command),
            }));
    }
}

/// The trunks that calls take, too.
struct ByTrunk<'a> {
    host: &'a str,
    numbering: &'a Numbering,
    trunks: &'a Trunks,
}

impl OutsideWays for ByTrunk<'_> {
    fn way(
        &self,
        directory: &Directory,
        user: UserId,
        explicit: Option<&str>,
        dialled: &str,
    ) -> Result<Way, NoWay> {
        let number = self.numbering.outside(dialled).ok_or(NoWay::Nowhere)?;
        let user = directory.user(user).ok_or(NoWay::Nowhere)?;
        if !directory.trunks().any(|trunk| trunk.active) {
            return Err(NoWay::Nowhere);
        }
        let first = self.trunks.choose_for_text(&number).into_iter().next();
        let trunk = first.and_then(|first| directory.trunk(first));
        let trunk = trunk.ok_or(NoWay::NotNow)?;
        let sent = number_sent(trunk, &number);
        let reach = Reach::by_trunk(trunk, &sent).ok_or(NoWay::NotNow)?;
        let own = directory.number_of(user.id).map(|ddi| &*ddi.e164);
        let from = shown(trunk, explicit, own, &user.ext).to_owned();
        let ours = if trunk.from_domain.is_empty() {
            self.host
        } else {
            &trunk.from_domain
        };
        Ok(Way {
            trunk: trunk.id,
            target: reach.target,
            number: number.digits().to_owned(),
            from_uri: format!("sip:{from}@{ours}"),
            from,
            to_uri: reach.contact,
        })
    }
}
