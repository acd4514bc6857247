//! The JSON of a call event, field for field as the contract (section 1.1) prints it.

use offhook_base::{
    CallId, EventName, QueueId, RecordingId, RecordingRecord, TerminatedBy, UserId, Wall,
};
use offhook_media_core::Digit;
use serde::Serialize;

use crate::queue::WrapupAction;
use crate::record::{CallRecord, CallState, End, Participant};

/// Absent, not null, when there is nothing to say: `t_cause`, `info`, `terminated_by`, `cause`.
#[derive(Serialize)]
struct CallEvent<'a> {
    id: &'a str,
    event_time: String,
    event_name: EventName,
    call_id: CallId,
    state: &'static str,
    connected_at: Option<String>,
    start_time: String,
    context: &'a str,
    destination: &'static str,
    duration: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    t_cause: Option<&'static str>,
    clid: &'a str,
    src: &'a str,
    src_id: String,
    src_name: &'a str,
    src_hash: &'a str,
    dst: &'a str,
    dst_id: String,
    dst_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminated_by: Option<TerminatedBy>,
    root_call_id: CallId,
    #[serde(rename = "final")]
    is_final: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<offhook_base::Cause>,
}

#[derive(Serialize)]
struct WrapupEvent<'a> {
    #[serde(flatten)]
    call: CallEvent<'a>,
    queue_id: QueueId,
    user_id: UserId,
    action: &'static str,
}

#[derive(Serialize)]
struct DtmfEvent<'a> {
    #[serde(flatten)]
    call: CallEvent<'a>,
    dtmf_tag: char,
    dtmf_target: &'a str,
}

/// The body of `call.dtmf`: the call's fields, the key and who received it.
pub(crate) fn dtmf_event(
    call: &CallRecord,
    id: &str,
    at: Wall,
    (digit, target): (Digit, &str),
) -> Vec<u8> {
    let event = DtmfEvent {
        call: view(call, id, at, (EventName::CallDtmf, None, false)),
        dtmf_tag: digit.as_char(),
        dtmf_target: target,
    };
    serde_json::to_vec(&event).unwrap_or_default()
}

/// One side of a recorded call.
#[derive(Clone, Debug, Default)]
pub(crate) struct MonitorParty {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) name: String,
}

impl MonitorParty {
    pub(crate) fn of(participant: &Participant) -> Self {
        Self {
            id: participant.id(),
            number: participant.number.clone(),
            name: participant.name.clone(),
        }
    }
}

#[derive(Serialize)]
struct MonitorEvent<'a> {
    id: &'a str,
    event_time: String,
    event_name: EventName,
    monitor_id: RecordingId,
    call_id: CallId,
    customer_id: u32,
    user_id: Option<UserId>,
    src_id: &'a str,
    src: &'a str,
    src_name: &'a str,
    dst_id: &'a str,
    dst: &'a str,
    dst_name: &'a str,
    context: &'a str,
    duration: u64,
    size: u64,
}

/// The body of `monitor.audio_ready` (contract, section 1.3).
pub(crate) fn monitor_event(
    id: &str,
    at: Wall,
    recording: &RecordingRecord,
    (src, dst): (&MonitorParty, &MonitorParty),
    customer_id: u32,
) -> Vec<u8> {
    let event = MonitorEvent {
        id,
        event_time: at.to_contract(),
        event_name: EventName::MonitorAudioReady,
        monitor_id: recording.id,
        call_id: recording.call,
        customer_id,
        user_id: recording.user,
        src_id: &src.id,
        src: &src.number,
        src_name: &src.name,
        dst_id: &dst.id,
        dst: &dst.number,
        dst_name: &dst.name,
        context: &recording.context,
        duration: recording.audio.duration_ms / 1_000,
        size: recording.audio.size_mp3,
    };
    serde_json::to_vec(&event).unwrap_or_default()
}

/// The body of one call event.
pub(crate) fn call_event(
    call: &CallRecord,
    id: &str,
    at: Wall,
    name: EventName,
    end: Option<&End>,
    is_final: bool,
) -> Vec<u8> {
    let event = view(call, id, at, (name, end, is_final));
    // Strings, numbers and booleans only: there is nothing in it that could fail to serialise.
    serde_json::to_vec(&event).unwrap_or_default()
}

/// The body of `queue.wrapup`: the call's fields as they were at its end, with the agent and what happened.
pub(crate) fn wrapup_event(
    call: &CallRecord,
    id: &str,
    at: Wall,
    (queue, agent, action): (QueueId, UserId, WrapupAction),
) -> Vec<u8> {
    let name = EventName::QueueWrapup;
    let event = WrapupEvent {
        call: CallEvent {
            event_time: at.to_contract(),
            seq: None,
            state: CallState::Hangup.as_str(),
            ..view(call, id, call.last_event_at, (name, None, false))
        },
        queue_id: queue,
        user_id: agent,
        action: match action {
            WrapupAction::Close => "close",
            WrapupAction::Open => "open",
            WrapupAction::Timeout => "timeout",
        },
    };
    serde_json::to_vec(&event).unwrap_or_default()
}

fn view<'a>(
    call: &'a CallRecord,
    id: &'a str,
    at: Wall,
    (name, end, is_final): (EventName, Option<&'a End>, bool),
) -> CallEvent<'a> {
    CallEvent {
        id,
        event_time: at.to_contract(),
        event_name: name,
        call_id: call.id,
        state: call.state.as_str(),
        connected_at: call.connected_at.map(Wall::to_contract),
        start_time: call.started_at.to_contract(),
        context: &call.context,
        destination: call.destination.as_str(),
        duration: call.talk_seconds(at),
        t_cause: end.map(|end| end.cause.text),
        clid: &call.clid,
        src: &call.src.number,
        src_id: call.src.id(),
        src_name: &call.src.name,
        src_hash: &call.src_hash,
        dst: &call.dst.number,
        dst_id: call.dst.id(),
        dst_name: &call.dst.name,
        info: end.map(|end| &*end.info).filter(|info| !info.is_empty()),
        terminated_by: end.map(|end| end.by),
        root_call_id: call.root,
        is_final,
        seq: Some(call.seq),
        cause: end.map(|end| end.cause),
    }
}
