//! The sweep of a restart: each call that the journal has open gets its one last event (invariant 2).

use offhook_base::{FactRecord, TerminatedBy, Wall};

use crate::EventIds;
use crate::cause::EndCause;
use crate::record::{CallRecord, End};

/// The octets are no call record of a version that this code can read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the journal's snapshot of an open call cannot be read by this version")]
pub struct UnreadableSnapshot;

/// Closes a call that was open when the process died: hangup if it was answered, else missed or failed, cause
/// System Shutdown, by the system. It never lies before the call's last event.
///
/// # Errors
/// [`UnreadableSnapshot`] when the snapshot is of another version.
pub fn close_after_restart(
    snapshot: &[u8],
    now: Wall,
    ids: &mut EventIds,
) -> Result<FactRecord, UnreadableSnapshot> {
    let mut call = CallRecord::from_snapshot(snapshot).ok_or(UnreadableSnapshot)?;
    let sip = if call.connected_at.is_some() {
        200
    } else {
        503
    };
    let end = End {
        cause: EndCause::SystemShutdown.with_sip(sip),
        by: TerminatedBy::System,
        info: "".into(),
    };
    Ok(call.ended_at(now, end, ids))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offhook_base::{CallId, EventName, Mono, Now, UserId};

    use super::*;
    use crate::record::{Destination, NewCall, Participant};

    fn call(destination: Destination, now: Now) -> CallRecord {
        let side = |number: &str, user| Participant {
            number: number.into(),
            user: Some(UserId(user)),
            ..Participant::default()
        };
        CallRecord::new(
            now,
            NewCall {
                id: CallId(7),
                destination,
                clid: "\"Ann\" <2001>".into(),
                src_hash: "0".repeat(40),
                src: side("2001", 100_001),
                dst: side("2002", 100_002),
            },
        )
    }

    fn start() -> Now {
        Now {
            mono: Mono(5_000),
            wall: Wall::from_unix_seconds(1_000),
        }
    }

    #[test]
    fn invariant_2_an_open_call_is_closed_once_with_the_next_seq() {
        let mut ids = EventIds::new("n1", 0);
        let mut open = call(Destination::In, start());
        let initial = open.initial(start(), &mut ids);
        let snapshot = initial.snapshot.expect("an open call has a snapshot");

        let closed = close_after_restart(&snapshot, Wall::from_unix_seconds(1_030), &mut ids)
            .expect("readable");

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
        let mut ids = EventIds::new("n1", 0);
        let mut open = call(Destination::Out, start());
        let later = Now {
            mono: start().mono + Duration::from_secs(10),
            wall: Wall(0),
        };
        let connected = open.connected(later, &mut ids);
        assert_eq!(
            connected.event.at,
            Wall::from_unix_seconds(1_010),
            "the stepped wall clock is not looked at"
        );

        let closed = close_after_restart(
            &connected.snapshot.expect("open"),
            Wall::from_unix_seconds(5),
            &mut ids,
        )
        .expect("readable");

        assert_eq!(closed.event.name, EventName::CallHangup);
        assert_eq!(closed.event.at, Wall::from_unix_seconds(1_010));
    }

    #[test]
    fn a_snapshot_of_another_version_is_refused_not_guessed() {
        let mut ids = EventIds::new("n1", 0);
        assert_eq!(
            close_after_restart(b"{}", Wall(0), &mut ids).err(),
            Some(UnreadableSnapshot)
        );
    }
}
