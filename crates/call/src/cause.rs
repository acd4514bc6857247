//! Why a call ended: one table for event, CDR and API.
//!
//! Sources: RFC 3398 §8.2.6.1 (status to Q.850), RFC 3326 and RFC 6432 (`Reason`), names as FreeSWITCH
//! has them. Where these differ, the choice is written at the row.

use offhook_base::Cause;

/// The kinds of end a call can have; [`EndCause::cause`] gives number, name and words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EndCause {
    /// BYE after an answer without a `Reason`.
    NormalClearing,
    /// CANCEL by the caller.
    OriginatorCancel,
    /// Our ring timeout. Asterisk gives 0 here; the number a user expects is 19.
    NoAnswer,
    /// No phone of the user is registered.
    SubscriberAbsent,
    /// Do-not-disturb, or busy without an INVITE.
    DoNotDisturb,
    /// No user, group or number answers to what was dialled.
    UnallocatedNumber,
    /// Nothing in the offer that we can relay.
    IncompatibleDestination,
    /// No RTP port, no room.
    CircuitCongestion,
    /// No place in the queue.
    QueueFull,
    /// No trunk answers.
    NetworkOutOfOrder,
    /// `DELETE /calls/{id}`.
    ManagerRequest,
    /// The call was transferred: another one takes its place.
    BlindTransfer,
    /// Another phone answered.
    LoseRace,
    /// Shutdown, or found open by the sweep of a restart.
    SystemShutdown,
    /// A 2xx was never acknowledged, or another timer of the dialog ran out.
    TimerExpired,
    /// The longest a call may last.
    AllottedTimeout,
    /// A phone that should send media sends none.
    MediaTimeout,
    /// We could not go on, for example because the disk did not take the fact in time.
    TemporaryFailure,
    /// The called phone's final status, by the table.
    Status(u16),
    /// A `Reason: Q.850` from the peer wins over its status.
    Reason {
        /// Q.850 number, 1 to 127.
        q850: u8,
        /// Final status of the INVITE.
        sip: u16,
    },
}

impl EndCause {
    /// The cause in every vocabulary.
    pub(crate) fn cause(self) -> Cause {
        let row = |q850, name, text, sip| Cause {
            q850,
            name,
            sip,
            text,
        };
        match self {
            Self::NormalClearing => row(16, "NORMAL_CLEARING", "Normal Clearing", 200),
            Self::OriginatorCancel => row(16, "ORIGINATOR_CANCEL", "Originator Cancel", 487),
            Self::NoAnswer => row(19, "NO_ANSWER", "No Answer", 480),
            Self::SubscriberAbsent => row(20, "SUBSCRIBER_ABSENT", "Subscriber Absent", 480),
            Self::DoNotDisturb => row(17, "USER_BUSY", "User Busy", 486),
            Self::UnallocatedNumber => row(1, "UNALLOCATED_NUMBER", "Unallocated Number", 404),
            Self::IncompatibleDestination => row(
                88,
                "INCOMPATIBLE_DESTINATION",
                "Incompatible Destination",
                488,
            ),
            Self::CircuitCongestion => row(
                34,
                "NORMAL_CIRCUIT_CONGESTION",
                "Normal Circuit Congestion",
                503,
            ),
            Self::QueueFull => row(17, "USER_BUSY", "User Busy", 486),
            Self::NetworkOutOfOrder => row(38, "NETWORK_OUT_OF_ORDER", "Network Out Of Order", 503),
            Self::ManagerRequest => row(16, "MANAGER_REQUEST", "Manager Request", 200),
            // 800 and 702 in FreeSWITCH, which never go on the wire: there they are 16 and 26.
            Self::BlindTransfer => row(16, "BLIND_TRANSFER", "Blind Transfer", 200),
            Self::LoseRace => row(26, "LOSE_RACE", "Lose Race", 487),
            // 804 in FreeSWITCH, which never goes on the wire.
            Self::MediaTimeout => row(31, "MEDIA_TIMEOUT", "Media Timeout", 200),
            Self::SystemShutdown => row(41, "SYSTEM_SHUTDOWN", "System Shutdown", 503),
            Self::TimerExpired => row(
                102,
                "RECOVERY_ON_TIMER_EXPIRE",
                "Recovery On Timer Expire",
                200,
            ),
            Self::AllottedTimeout => row(31, "ALLOTTED_TIMEOUT", "Allotted Timeout", 200),
            Self::TemporaryFailure => row(
                41,
                "NORMAL_TEMPORARY_FAILURE",
                "Normal Temporary Failure",
                503,
            ),
            Self::Status(status) => of_status(status),
            Self::Reason { q850, sip } => {
                let (name, text) = of_q850(q850);
                row(q850, name, text, sip)
            }
        }
    }

    /// The same cause with another final status: 200 once the call was answered.
    pub(crate) fn with_sip(self, sip: u16) -> Cause {
        Cause {
            sip,
            ..self.cause()
        }
    }
}

/// RFC 3398 §8.2.6.1 and its successors, by the final status of the called side.
fn of_status(status: u16) -> Cause {
    let (q850, name, text) = match status {
        401 | 402 | 403 | 407 | 603 | 608 => (21, "CALL_REJECTED", "Call Rejected"),
        300..=399 => (
            23,
            "REDIRECTION_TO_NEW_DESTINATION",
            "Redirection To New Destination",
        ),
        404 => (1, "UNALLOCATED_NUMBER", "Unallocated Number"),
        405 => (63, "SERVICE_UNAVAILABLE", "Service Unavailable"),
        406 | 415 | 501 => (79, "SERVICE_NOT_IMPLEMENTED", "Service Not Implemented"),
        408 | 504 => (102, "RECOVERY_ON_TIMER_EXPIRE", "Recovery On Timer Expire"),
        410 => (22, "NUMBER_CHANGED", "Number Changed"),
        413 | 414 | 416 | 420 | 421 | 423 | 505 | 513 => (127, "INTERWORKING", "Interworking"),
        428 | 429 => (21, "NO_IDENTITY", "No Identity"),
        436 => (21, "BAD_IDENTITY_INFO", "Bad Identity Info"),
        437 => (21, "UNSUPPORTED_CERTIFICATE", "Unsupported Certificate"),
        438 => (21, "INVALID_IDENTITY", "Invalid Identity"),
        480 => (18, "NO_USER_RESPONSE", "No User Response"),
        482 | 483 => (25, "EXCHANGE_ROUTING_ERROR", "Exchange Routing Error"),
        484 => (28, "INVALID_NUMBER_FORMAT", "Invalid Number Format"),
        // RFC 3398 says 1, FreeSWITCH 3: its text says "no route", so its number is taken too.
        485 | 604 => (3, "NO_ROUTE_DESTINATION", "No Route Destination"),
        486 | 600 => (17, "USER_BUSY", "User Busy"),
        487 => (16, "ORIGINATOR_CANCEL", "Originator Cancel"),
        488 | 606 => (88, "INCOMPATIBLE_DESTINATION", "Incompatible Destination"),
        502 => (38, "NETWORK_OUT_OF_ORDER", "Network Out Of Order"),
        607 => (21, "UNWANTED", "Unwanted"),
        // 400, 481, 500, 503 and whatever is not in the table.
        _ => (41, "NORMAL_TEMPORARY_FAILURE", "Normal Temporary Failure"),
    };
    Cause {
        q850,
        name,
        sip: status,
        text,
    }
}

/// Name and words of a Q.850 number that a peer named in `Reason`.
fn of_q850(q850: u8) -> (&'static str, &'static str) {
    match q850 {
        1 => ("UNALLOCATED_NUMBER", "Unallocated Number"),
        2 => ("NO_ROUTE_TRANSIT_NET", "No Route Transit Net"),
        3 => ("NO_ROUTE_DESTINATION", "No Route Destination"),
        6 => ("CHANNEL_UNACCEPTABLE", "Channel Unacceptable"),
        7 => ("CALL_AWARDED_DELIVERED", "Call Awarded Delivered"),
        16 => ("NORMAL_CLEARING", "Normal Clearing"),
        17 => ("USER_BUSY", "User Busy"),
        18 => ("NO_USER_RESPONSE", "No User Response"),
        19 => ("NO_ANSWER", "No Answer"),
        20 => ("SUBSCRIBER_ABSENT", "Subscriber Absent"),
        21 => ("CALL_REJECTED", "Call Rejected"),
        22 => ("NUMBER_CHANGED", "Number Changed"),
        23 => (
            "REDIRECTION_TO_NEW_DESTINATION",
            "Redirection To New Destination",
        ),
        25 => ("EXCHANGE_ROUTING_ERROR", "Exchange Routing Error"),
        26 => ("LOSE_RACE", "Lose Race"),
        27 => ("DESTINATION_OUT_OF_ORDER", "Destination Out Of Order"),
        28 => ("INVALID_NUMBER_FORMAT", "Invalid Number Format"),
        29 => ("FACILITY_REJECTED", "Facility Rejected"),
        30 => ("RESPONSE_TO_STATUS_ENQUIRY", "Response To Status Enquiry"),
        31 => ("NORMAL_UNSPECIFIED", "Normal Unspecified"),
        34 => ("NORMAL_CIRCUIT_CONGESTION", "Normal Circuit Congestion"),
        38 => ("NETWORK_OUT_OF_ORDER", "Network Out Of Order"),
        41 => ("NORMAL_TEMPORARY_FAILURE", "Normal Temporary Failure"),
        42 => ("SWITCH_CONGESTION", "Switch Congestion"),
        44 => ("REQUESTED_CHAN_UNAVAIL", "Requested Chan Unavail"),
        50 => ("FACILITY_NOT_SUBSCRIBED", "Facility Not Subscribed"),
        52 => ("OUTGOING_CALL_BARRED", "Outgoing Call Barred"),
        54 => ("INCOMING_CALL_BARRED", "Incoming Call Barred"),
        57 => ("BEARERCAPABILITY_NOTAUTH", "Bearercapability Notauth"),
        58 => ("BEARERCAPABILITY_NOTAVAIL", "Bearercapability Notavail"),
        63 => ("SERVICE_UNAVAILABLE", "Service Unavailable"),
        65 => ("BEARERCAPABILITY_NOTIMPL", "Bearercapability Notimpl"),
        69 => ("FACILITY_NOT_IMPLEMENTED", "Facility Not Implemented"),
        79 => ("SERVICE_NOT_IMPLEMENTED", "Service Not Implemented"),
        88 => ("INCOMPATIBLE_DESTINATION", "Incompatible Destination"),
        102 => ("RECOVERY_ON_TIMER_EXPIRE", "Recovery On Timer Expire"),
        111 => ("PROTOCOL_ERROR", "Protocol Error"),
        127 => ("INTERWORKING", "Interworking"),
        _ => ("NORMAL_UNSPECIFIED", "Normal Unspecified"),
    }
}

/// The Q.850 number in a `Reason` header (RFC 3326), 1 to 127. With several reasons the Q.850 one counts.
pub(crate) fn q850_of_reason<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<u8> {
    for value in values {
        let Ok(text) = std::str::from_utf8(value) else {
            continue;
        };
        for reason in text.split(',') {
            let mut parts = reason.split(';').map(str::trim);
            if !parts
                .next()
                .is_some_and(|protocol| protocol.eq_ignore_ascii_case("Q.850"))
            {
                continue;
            }
            let cause = parts.find_map(|part| {
                let (key, number) = part.split_once('=')?;
                key.trim()
                    .eq_ignore_ascii_case("cause")
                    .then(|| number.trim().parse::<u8>().ok())?
            });
            if let Some(number @ 1..=127) = cause {
                return Some(number);
            }
        }
    }
    None
}

/// How much a branch's final status tells: the best one answers the caller (RFC 3261 §16.7 step 6, adapted:
/// 6xx, then what a person decided, then nobody there, then not found, then the rest).
pub(crate) const fn rank(status: u16) -> u8 {
    match status {
        600..=699 => 0,
        486 | 403 => 1,
        480 | 408 => 2,
        404 => 3,
        400..=499 => 4,
        300..=399 => 5,
        _ => 6,
    }
}

/// The status the caller gets for a called phone's final one: what only makes sense between us and that
/// phone is not passed on.
pub(crate) const fn towards_caller(status: u16) -> u16 {
    match status {
        // A challenge to us, and a redirection that we did not follow.
        300..=399 => 480,
        401 | 407 => 403,
        // A phone that is not there is not the caller's timeout.
        408 | 481 | 487 => 480,
        502..=599 => 503,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_names_these_causes() {
        let of = |end: EndCause| {
            let c = end.cause();
            (c.q850, c.name, c.sip)
        };
        assert_eq!(
            of(EndCause::OriginatorCancel),
            (16, "ORIGINATOR_CANCEL", 487)
        );
        assert_eq!(of(EndCause::NoAnswer), (19, "NO_ANSWER", 480));
        assert_eq!(
            of(EndCause::SubscriberAbsent),
            (20, "SUBSCRIBER_ABSENT", 480)
        );
        assert_eq!(of(EndCause::DoNotDisturb), (17, "USER_BUSY", 486));
    }

    #[test]
    fn rfc3398_8_2_6_1_divergences_are_as_decided() {
        // 480: 18 in RFC 3398 and FreeSWITCH (19 in Asterisk); 408: 102; 502: 38; 604: 3 as FreeSWITCH.
        for (status, q850) in [
            (480, 18),
            (408, 102),
            (502, 38),
            (604, 3),
            (486, 17),
            (603, 21),
            (404, 1),
            (488, 88),
            (500, 41),
            (699, 41),
        ] {
            assert_eq!(EndCause::Status(status).cause().q850, q850, "{status}");
        }
    }

    #[test]
    fn rfc3326_the_q850_reason_wins_and_only_1_to_127_count() {
        let read = |text: &str| q850_of_reason([text.as_bytes()].into_iter());
        assert_eq!(read("Q.850;cause=17;text=\"busy\""), Some(17));
        assert_eq!(read("SIP;cause=600, q.850 ; cause = 21"), Some(21));
        assert_eq!(read("Q.850;cause=0"), None);
        assert_eq!(read("Q.850;cause=128"), None);
        assert_eq!(
            read("SIP;cause=200;text=\"Call completed elsewhere\""),
            None
        );
        assert_eq!(read("\u{0}"), None);
    }
}
