//! Which SIP message made us tell of an event.

use offhook_base::{CallId, EventName, Wall};

use super::{Draft, FlowLink};

/// An event's SIP message came at most this long before it (a phone's answer may wait for a commit) …
const BEFORE: i64 = 1_000_000;
/// … or is stamped this much after it: message and event read the clock at different moments.
const AFTER: i64 = 50_000;

/// What a received message can be the cause of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sign {
    /// 2xx to an INVITE.
    Answer,
    /// BYE, CANCEL, or a final answer of 300 or above to an INVITE.
    End,
    /// A re-INVITE or UPDATE whose SDP holds.
    Hold,
    /// The INVITE that opens a call.
    Invite,
    /// 101 to 199 to an INVITE.
    Ringing,
    /// A re-INVITE or UPDATE whose SDP does not hold.
    Unhold,
}

/// The event that a POST tells of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Told {
    pub(super) call: CallId,
    pub(super) root: CallId,
    pub(super) name: EventName,
    pub(super) at: Wall,
}

/// A link to each first POST whose event has a message for its cause. Drafts are numbered and in order.
pub(super) fn links(drafts: &[Draft]) -> Vec<FlowLink> {
    drafts
        .iter()
        .filter_map(|post| {
            let told = post.tells?;
            let sign = sign_of(told.name)?;
            // A group's or queue's own call has no messages: those of its members are its cause.
            let own = |draft: &&Draft| draft.row.call_id == told.call || told.call == told.root;
            let in_time =
                |draft: &&Draft| (told.at.0 - BEFORE..=told.at.0 + AFTER).contains(&draft.row.at.0);
            let cause = drafts
                .iter()
                .filter(|draft| draft.sign == Some(sign))
                .filter(own)
                .rfind(in_time)?;
            Some(FlowLink {
                from: cause.row.n,
                to: post.row.n,
            })
        })
        .collect()
}

const fn sign_of(name: EventName) -> Option<Sign> {
    Some(match name {
        EventName::CallInitial => Sign::Invite,
        EventName::CallRinging => Sign::Ringing,
        EventName::CallAccepted | EventName::CallConnected => Sign::Answer,
        EventName::CallHold => Sign::Hold,
        EventName::CallUnhold => Sign::Unhold,
        EventName::CallMissed | EventName::CallFailed | EventName::CallHangup => Sign::End,
        EventName::CallDtmf
        | EventName::SmsReceived
        | EventName::MonitorAudioReady
        | EventName::QueueWrapup
        | EventName::WebhookTest
        | EventName::WebhookDisabled => return None,
    })
}
