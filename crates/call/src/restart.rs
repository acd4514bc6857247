//! The sweep of a restart: each call that the journal has open gets its one last event (invariant 2).

use offhook_base::{
    Audio, CdrRecord, FactRecord, Party, RecordingKind, RecordingStart, TerminatedBy, Wall,
};

use crate::EventIds;
use crate::cause::EndCause;
use crate::event_json::MonitorParty;
use crate::pbx::recordings::ready;
use crate::record::{CallRecord, End, Stamp};

/// The octets are no call record of a version that this code can read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the journal's snapshot of an open call cannot be read by this version")]
pub struct UnreadableSnapshot;

/// Closes the calls of one root that were open when the process died, the innermost first: hangup if it was answered, else
/// missed or failed, cause System Shutdown, by the system. No event lies before an earlier one of the root.
///
/// `last_seq` is the number of the last event of this root.
///
/// # Errors
/// [`UnreadableSnapshot`] when a snapshot is of another version.
pub fn close_after_restart<'a>(
    snapshots: impl IntoIterator<Item = &'a [u8]>,
    last_seq: u64,
    now: Wall,
    ids: &mut EventIds,
) -> Result<Vec<FactRecord>, UnreadableSnapshot> {
    let mut open = snapshots
        .into_iter()
        .map(|snapshot| CallRecord::from_snapshot(snapshot).ok_or(UnreadableSnapshot))
        .collect::<Result<Vec<_>, _>>()?;
    open.sort_by_key(|call| std::cmp::Reverse(call.id));
    let at = open
        .iter()
        .map(|call| call.last_event_at)
        .fold(now, Wall::max);
    let last = open.len();
    let facts = (1..).zip(open).map(|(nth, call)| {
        let sip = if call.connected_at.is_some() {
            200
        } else {
            503
        };
        let end = End::new(EndCause::SystemShutdown.with_sip(sip), TerminatedBy::System);
        let (root, src_hash) = (call.root, call.src_hash.clone());
        let stamp = Stamp {
            root,
            src_hash: &src_hash,
            seq: last_seq + nth as u64,
            at,
        };
        call.end(stamp, &end, nth == last, ids)
    });
    Ok(facts.collect())
}

/// What a recording that a kill cut short is told by: `monitor.audio_ready`, as if the recorder had told of it in time.
///
/// `cdr` is that of its call, or of another call of the same parties: it names them. `None` for a message that was left: its
/// entry goes out with the last event of its call, which then is still open in the journal.
pub fn recording_after_restart(
    start: RecordingStart,
    audio: Audio,
    cdr: Option<&CdrRecord>,
    (now, customer_id): (Wall, u32),
    ids: &mut EventIds,
) -> Option<FactRecord> {
    if start.kind == RecordingKind::Message {
        return None;
    }
    let named = |number: &str, party: Option<&Party>| MonitorParty {
        id: party.map_or_else(|| "0".to_owned(), |party| party.id.clone()),
        number: number.to_owned(),
        name: party.map(|party| party.name.clone()).unwrap_or_default(),
    };
    let src = named(&start.caller, cdr.map(|cdr| &cdr.src));
    let dst = named(&start.called, cdr.map(|cdr| &cdr.dst));
    let at = now.max(start.started_at);
    let id = ids.next(at);
    Some(ready((id, at), start, audio, (&src, &dst), customer_id))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offhook_base::{CallId, EventName, Mono, Now, UserId};

    use super::*;
    use crate::calls::Calls;
    use crate::record::{CallState, Destination, NewCall, Participant};

    fn call(destination: Destination) -> NewCall {
        let side = |number: &str, user| Participant {
            number: number.into(),
            user: Some(UserId(user)),
            ..Participant::default()
        };
        NewCall {
            parent: None,
            context: "LOCAL_USER".into(),
            destination,
            clid: "\"Ann\" <2001>".into(),
            src: side("2001", 100_001),
            dst: side("2002", 100_002),
            referred_by: String::new(),
            queue_state: "",
        }
    }

    fn start() -> Now {
        Now {
            mono: Mono(5_000),
            wall: Wall::from_unix_seconds(1_000),
        }
    }

    fn conversation() -> (Calls, EventIds) {
        let calls = Calls::new(CallId(7), "0".repeat(40), start());
        (calls, EventIds::new("n1", 0))
    }

    #[test]
    fn invariant_2_an_open_call_is_closed_once_with_the_next_seq() {
        let (mut calls, mut ids) = conversation();
        let initial = calls.open(start(), CallId(7), call(Destination::In), &mut ids);
        let snapshot = initial.snapshot.expect("an open call has a snapshot");

        let closed = close_after_restart([&*snapshot], 1, Wall::from_unix_seconds(1_030), &mut ids)
            .expect("readable");

        let [closed] = closed.try_into().expect("one call, one end");
        assert_eq!(closed.event.name, EventName::CallMissed);
        assert_eq!(closed.event.seq, Some(2));
        assert!(closed.event.is_final && closed.snapshot.is_none());
        let body: serde_json::Value = serde_json::from_slice(&closed.event.body).expect("JSON");
        assert_eq!(body["t_cause"], "System Shutdown");
        assert_eq!(body["terminated_by"], "system");
        assert_eq!(
            body["cause"],
            serde_json::json!({"q850": 41, "name": "SYSTEM_SHUTDOWN", "sip": 503})
        );
        assert_eq!(closed.cdr.expect("a CDR").duration, 30);
    }

    #[test]
    fn an_answered_call_is_hung_up_and_never_before_its_last_event() {
        let (mut calls, mut ids) = conversation();
        let later = Now {
            mono: start().mono + Duration::from_secs(10),
            wall: Wall(0),
        };
        calls.open(start(), CallId(7), call(Destination::Out), &mut ids);
        let change = (EventName::CallConnected, CallState::Connected);
        let connected = calls
            .change(later, CallId(7), change, &mut ids)
            .expect("open");
        assert_eq!(
            connected.event.at,
            Wall::from_unix_seconds(1_010),
            "the stepped wall clock is not looked at"
        );

        let snapshot = connected.snapshot.expect("open");
        let closed = close_after_restart([&*snapshot], 2, Wall::from_unix_seconds(5), &mut ids)
            .expect("readable");

        assert_eq!(
            closed
                .iter()
                .map(|fact| fact.event.name)
                .collect::<Vec<_>>(),
            [EventName::CallHangup]
        );
        assert_eq!(
            closed.first().map(|fact| fact.event.at),
            Some(Wall::from_unix_seconds(1_010))
        );
    }

    #[test]
    fn calls_of_one_root_are_closed_from_the_innermost_and_the_last_is_final() {
        let (mut calls, mut ids) = conversation();
        let outer = calls.open(start(), CallId(7), call(Destination::In), &mut ids);
        let lost = calls.open(start(), CallId(8), call(Destination::In), &mut ids);
        let inner = calls.open(start(), CallId(9), call(Destination::In), &mut ids);
        let end = End::new(EndCause::NoAnswer.cause(), TerminatedBy::System);
        calls.end(start(), CallId(8), &end, &mut ids).expect("open");
        drop(lost);
        let snapshots = [outer.snapshot.expect("open"), inner.snapshot.expect("open")];

        let closed = close_after_restart(snapshots.iter().map(|s| &**s), 4, Wall(0), &mut ids)
            .expect("readable");

        let told: Vec<_> = closed
            .iter()
            .map(|fact| (fact.event.call, fact.event.seq, fact.event.is_final))
            .collect();
        assert_eq!(
            told,
            [(CallId(9), Some(5), false), (CallId(7), Some(6), true)]
        );
    }

    fn recording(kind: RecordingKind) -> (RecordingStart, Audio) {
        let start = RecordingStart {
            id: offhook_base::RecordingId(9),
            kind,
            call: CallId(7),
            root: CallId(7),
            user: Some(UserId(100_002)),
            context: "LOCAL_USER".into(),
            caller: "2001".into(),
            called: "2002".into(),
            started_at: Wall::from_unix_seconds(1_005),
        };
        let audio = Audio {
            duration_ms: 4_500,
            channels: 2,
            sample_rate: 8_000,
            size_wav: 144_044,
            size_mp3: 18_144,
            cut: true,
        };
        (start, audio)
    }

    #[test]
    fn a_recording_cut_short_is_told_of_with_the_names_of_its_calls_cdr() {
        let (mut calls, mut ids) = conversation();
        calls.open(start(), CallId(7), call(Destination::In), &mut ids);
        let end = End::new(EndCause::SystemShutdown.cause(), TerminatedBy::System);
        let closed = calls
            .end(start(), CallId(7), &end, &mut ids)
            .expect("it was open");
        for (cdr, src_id) in [(closed.cdr.as_deref(), "100001"), (None, "0")] {
            let (start, audio) = recording(RecordingKind::Call);
            let at = (Wall::from_unix_seconds(2_000), 100_001);
            let fact =
                recording_after_restart(start, audio, cdr, at, &mut ids).expect("it is told of");
            assert_eq!(fact.event.name, EventName::MonitorAudioReady);
            assert_eq!((fact.event.seq, fact.event.is_final), (None, false));
            let entry = fact.recording.expect("its entry");
            assert!(entry.audio.cut && entry.call == CallId(7));
            let body: serde_json::Value = serde_json::from_slice(&fact.event.body).expect("JSON");
            assert_eq!(
                (&body["src_id"], &body["src"]),
                (&src_id.into(), &"2001".into())
            );
            assert_eq!(
                (&body["duration"], &body["size"]),
                (&4.into(), &18_144.into())
            );
            assert_eq!(body["event_time"], "1970-01-01 00:33:20");
        }
    }

    #[test]
    fn a_message_cut_short_is_told_of_by_the_end_of_its_call_alone() {
        let (start, audio) = recording(RecordingKind::Message);
        let mut ids = EventIds::new("n1", 0);
        let fact = recording_after_restart(start, audio, None, (Wall(0), 1), &mut ids);
        assert!(fact.is_none());
    }

    #[test]
    fn a_snapshot_of_another_version_is_refused_not_guessed() {
        let mut ids = EventIds::new("n1", 0);
        assert_eq!(
            close_after_restart([&b"{}"[..]], 1, Wall(0), &mut ids).err(),
            Some(UnreadableSnapshot)
        );
    }
}
