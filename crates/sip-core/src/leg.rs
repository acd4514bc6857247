//! Legs: what we have going with one peer, from its INVITE to its BYE.

use std::collections::BTreeSet;

use bytes::Bytes;
use hashbrown::HashMap;
use offhook_base::Mono;
use offhook_sip_message::Message;

use crate::registrar::Device;
use crate::transaction::{Retransmit, Slot, Tag};
use crate::wire::Dialog;
use crate::{FlowId, Headers, LegId, Peer, TxId};

/// One leg.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) phase: Phase,
    /// UPDATEs in progress (RFC 3311 5.2).
    pub(crate) updates: Updates,
    /// Whom it is with, as far as that one is registered.
    pub(crate) device: Option<Device>,
    /// Its connection closed, and no other is known.
    pub(crate) away: Option<Away>,
    /// The deadline queued for it.
    pub(crate) armed: Option<Mono>,
    /// The connection it is filed under.
    filed: Option<FlowId>,
}

/// The connection of a leg closed, and its phone has not registered from elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Away {
    /// When the owner is told that it is lost; `None` when that was done, or is of no use.
    pub(crate) until: Option<Mono>,
}

/// How far a leg is; each phase holds only what is true then.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Their INVITE waits for our final answer.
    Incoming(Incoming),
    /// Our INVITE waits for a final answer.
    Outgoing(Outgoing),
    /// A 2xx passed.
    Confirmed(Confirmed),
    /// Our BYE waits for its answer; the owner knows no such leg any more.
    Ending(Ending),
    /// Their BYE waits for the owner's answer.
    Over(Over),
}

/// Their INVITE waits for our final answer.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The server transaction.
    pub(crate) slot: Slot,
    /// Where the INVITE came from and its answers go, wherever the dialog moved since.
    pub(crate) peer: Peer,
    /// The INVITE.
    pub(crate) request: Message,
    /// The early dialog.
    pub(crate) dialog: Dialog,
    /// Whether the caller gave up.
    pub(crate) cancelled: bool,
}

/// Our INVITE waits for a final answer.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The client transaction.
    pub(crate) slot: Slot,
    /// Our tag.
    pub(crate) tag: Tag,
    /// The Request-URI, for a peer that gives no Contact.
    pub(crate) target: Bytes,
    /// Where it went.
    pub(crate) peer: Peer,
    /// One early dialog for each To tag, the latest last.
    pub(crate) early: Vec<Early>,
    /// Whether the owner gave up.
    pub(crate) cancel: Cancel,
}

/// An early dialog of an outgoing INVITE.
#[derive(Debug)]
pub(crate) struct Early {
    pub(crate) dialog: Dialog,
    /// Status and body of its last response, to know a copy.
    pub(crate) last: (u16, u64),
}

/// Whether an outgoing INVITE was given up.
#[derive(Debug)]
pub(crate) enum Cancel {
    /// No.
    No,
    /// Yes; CANCEL leaves with the first provisional response (9.1).
    Wanted(Option<Bytes>),
    /// Yes, and CANCEL is out.
    Sent,
}

/// A 2xx passed.
#[derive(Debug)]
pub(crate) struct Confirmed {
    pub(crate) dialog: Dialog,
    /// What is going on with INVITE.
    pub(crate) invite: InviteUse,
    /// A BYE of ours that waits for the ACK the peer owes (15).
    pub(crate) bye: Option<Headers>,
}

/// The INVITE in progress inside an answered leg, if any. There is never more than one.
#[derive(Debug)]
pub(crate) enum InviteUse {
    /// None.
    Idle,
    /// A 2xx to our INVITE was reported; the owner's ACK is owed.
    AckOwed {
        slot: Slot,
        cseq: u32,
        to_tag: Bytes,
    },
    /// Our 2xx waits for its ACK and is sent again until then (13.3.1.4).
    AwaitingAck {
        cseq: u32,
        response: Bytes,
        again: Retransmit,
        until: Mono,
    },
    /// Our re-INVITE waits for a final answer.
    Ours { tx: TxId, slot: Slot },
    /// Their re-INVITE waits for the owner's answer.
    Theirs { tx: TxId },
}

/// Our BYE waits for its answer.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) dialog: Dialog,
}

/// Their BYE waits for the owner's answer.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) tag: Tag,
}

/// UPDATEs in progress.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Updates {
    pub(crate) ours: Option<TxId>,
    pub(crate) theirs: Option<TxId>,
}

impl Leg {
    /// A leg in its first phase.
    pub(crate) fn new(phase: Phase, device: Option<Device>) -> Self {
        Self {
            phase,
            updates: Updates::default(),
            device,
            away: None,
            armed: None,
            filed: None,
        }
    }

    /// The dialog of an answered leg.
    pub(crate) const fn answered(&mut self) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Confirmed(Confirmed { dialog, .. }) | Phase::Ending(Ending { dialog }) => {
                Some(dialog)
            }
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::Over(_) => None,
        }
    }

    /// The connection whose end concerns it. That of an outgoing leg concerns its client transaction first.
    fn connection(&self) -> Option<FlowId> {
        let peer = match &self.phase {
            Phase::Incoming(incoming) => incoming.peer,
            Phase::Confirmed(Confirmed { dialog, .. }) | Phase::Ending(Ending { dialog }) => {
                dialog.peer
            }
            Phase::Outgoing(_) | Phase::Over(_) => return None,
        };
        (self.away.is_none() && peer.flow.is_connection()).then_some(peer.flow)
    }

    /// The dialog that a request of the peer belongs to.
    pub(crate) fn dialog_with(
        &mut self,
        call_id: Option<&[u8]>,
        remote_tag: Option<&[u8]>,
    ) -> Option<&mut Dialog> {
        let dialog = match &mut self.phase {
            Phase::Incoming(Incoming { dialog, .. })
            | Phase::Confirmed(Confirmed { dialog, .. })
            | Phase::Ending(Ending { dialog }) => Some(dialog),
            Phase::Outgoing(outgoing) => {
                let mut early = outgoing.early.iter_mut().map(|early| &mut early.dialog);
                early.find(|dialog| dialog.is_with(call_id, remote_tag))
            }
            Phase::Over(_) => None,
        };
        dialog.filter(|dialog| dialog.is_with(call_id, remote_tag))
    }

    /// The dialog that a request of ours goes into: of several early ones the latest.
    pub(crate) fn dialog(&mut self) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Incoming(Incoming { dialog, .. })
            | Phase::Confirmed(Confirmed { dialog, .. }) => Some(dialog),
            Phase::Outgoing(outgoing) => outgoing.early.last_mut().map(|early| &mut early.dialog),
            Phase::Ending(_) | Phase::Over(_) => None,
        }
    }

    /// When the 2xx is to be sent again or given up, or the leg is lost.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        let ack = match &self.phase {
            Phase::Confirmed(Confirmed {
                invite: InviteUse::AwaitingAck { again, until, .. },
                ..
            }) => Some(again.at.min(*until)),
            Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::Confirmed(_)
            | Phase::Ending(_)
            | Phase::Over(_) => None,
        };
        let lost = self.away.and_then(|away| away.until);
        [ack, lost].into_iter().flatten().min()
    }

    fn tag(&self) -> Tag {
        match &self.phase {
            Phase::Incoming(Incoming { dialog, .. })
            | Phase::Confirmed(Confirmed { dialog, .. })
            | Phase::Ending(Ending { dialog }) => dialog.local_tag,
            Phase::Outgoing(outgoing) => outgoing.tag,
            Phase::Over(over) => over.tag,
        }
    }
}

/// All legs, found by their id, by our tag or by their connection. Neither map is ever iterated.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    legs: HashMap<LegId, Leg>,
    by_tag: HashMap<Tag, LegId>,
    /// Legs that hang on a connection which may close.
    by_flow: BTreeSet<(FlowId, LegId)>,
}

impl Legs {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.legs.len()
    }

    /// Adds a leg.
    pub(crate) fn insert(&mut self, id: LegId, leg: Leg) {
        self.by_tag.insert(leg.tag(), id);
        self.legs.insert(id, leg);
        self.file(id);
    }

    /// Takes note of the connection that a leg hangs on by now.
    pub(crate) fn file(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let flow = leg.connection();
        if flow == leg.filed {
            return;
        }
        if let Some(old) = std::mem::replace(&mut leg.filed, flow) {
            self.by_flow.remove(&(old, id));
        }
        if let Some(flow) = flow {
            self.by_flow.insert((flow, id));
        }
    }

    /// The legs that hang on a connection.
    pub(crate) fn on_flow(&self, flow: FlowId) -> Vec<LegId> {
        let legs = self
            .by_flow
            .range((flow, LegId(0))..=(flow, LegId(u64::MAX)));
        legs.map(|(_, leg)| *leg).collect()
    }

    /// An answered leg is reached there from here on.
    pub(crate) fn move_to(&mut self, id: LegId, peer: Peer) {
        if let Some(leg) = self.legs.get_mut(&id)
            && let Some(dialog) = leg.answered()
        {
            dialog.peer = peer;
            leg.away = None;
            self.file(id);
        }
    }

    /// The leg with an id.
    pub(crate) fn get(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.get_mut(&id)
    }

    /// The id of the leg with our tag.
    pub(crate) fn with_tag(&self, tag: &[u8]) -> Option<LegId> {
        self.by_tag.get(&Tag::parse(tag)?).copied()
    }

    /// Forgets a leg.
    pub(crate) fn remove(&mut self, id: LegId) -> Option<Leg> {
        let leg = self.legs.remove(&id)?;
        self.by_tag.remove(&leg.tag());
        if let Some(flow) = leg.filed {
            self.by_flow.remove(&(flow, id));
        }
        Some(leg)
    }

    /// The answered leg with an id.
    pub(crate) fn confirmed(&mut self, id: LegId) -> Option<&mut Confirmed> {
        match &mut self.get(id)?.phase {
            Phase::Confirmed(confirmed) => Some(confirmed),
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::Ending(_) | Phase::Over(_) => None,
        }
    }

    /// The outgoing leg with an id, not yet answered.
    pub(crate) fn outgoing(&mut self, id: LegId) -> Option<&mut Outgoing> {
        match &mut self.get(id)?.phase {
            Phase::Outgoing(outgoing) => Some(outgoing),
            Phase::Incoming(_) | Phase::Confirmed(_) | Phase::Ending(_) | Phase::Over(_) => None,
        }
    }

    /// The incoming leg with an id, not yet answered.
    pub(crate) fn incoming(&mut self, id: LegId) -> Option<&mut Incoming> {
        match &mut self.get(id)?.phase {
            Phase::Incoming(incoming) => Some(incoming),
            Phase::Outgoing(_) | Phase::Confirmed(_) | Phase::Ending(_) | Phase::Over(_) => None,
        }
    }
}
