use std::net::SocketAddr;

use super::*;

const ID: RecordingId = RecordingId(77);
const OTHER: RecordingId = RecordingId(78);

fn packet(payload_type: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type, 0, 9, 0, 0, 1, 2, 5, 6, 7, 8];
    packet.extend_from_slice(payload);
    packet
}

fn forward() -> Verdict {
    Verdict::Forward {
        side: Side::B,
        to: SocketAddr::from(([127, 0, 0, 1], 9)),
    }
}

struct Rig {
    tap: Tap,
    reader: TapReader,
    tapes: Tapes,
    relay: Relay,
}

impl Rig {
    fn new(octets: usize) -> Self {
        let (tap, reader) = ring_of(octets, Instant::now());
        Self {
            tap,
            reader,
            tapes: Tapes::default(),
            relay: Relay::new(None, None),
        }
    }

    fn begin(&mut self, id: RecordingId, taped: Taped) {
        self.tap.begin(Mono(5), &mut self.tapes, id, taped);
    }

    fn says(&mut self, side: Side, verdict: Verdict, packet: &[u8]) {
        let header = self.tapes.header(Kind::Rtp, packet);
        if let Some(header) = header {
            let of = (&self.tapes, &self.relay);
            self.tap
                .packet(Mono(6), of, (side, verdict), &header, packet);
        }
    }

    /// What the recorder reads, in words.
    fn read(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        self.reader.drain(|record| {
            words.push(match record {
                Record::Begin {
                    recording, stereo, ..
                } => format!("begin {recording} {stereo}"),
                Record::End { recording, .. } => format!("end {recording}"),
                Record::Packet { recording, packet } => {
                    assert_eq!((packet.at, packet.clock), (Mono(6), 8_000));
                    assert_eq!((packet.timestamp, packet.ssrc), (0x102, 0x0506_0708));
                    format!(
                        "{recording} {} {:?} {}",
                        packet.channel,
                        packet.codec,
                        packet.payload.len()
                    )
                }
            });
        });
        words
    }
}

#[test]
fn what_both_hear_is_recorded_left_and_right() {
    let mut rig = Rig::new(4_096);
    rig.begin(ID, Taped::Both { left: Side::B });
    rig.says(Side::A, forward(), &packet(8, &[1; 160]));
    rig.says(Side::B, forward(), &packet(0, &[1; 80]));
    rig.says(Side::B, forward(), &packet(13, &[1; 80]));
    for reason in [
        DropReason::Playing,
        DropReason::NoDestination,
        DropReason::Source,
    ] {
        rig.says(Side::A, Verdict::Drop(reason), &packet(8, &[1; 160]));
    }
    rig.tap.end(Mono(9), &mut rig.tapes, ID);
    rig.says(Side::A, forward(), &packet(8, &[1; 160]));
    rig.tap.end(Mono(9), &mut rig.tapes, ID);
    assert_eq!(
        rig.read(),
        ["begin 77 true", "77 1 Pcma 160", "77 0 Pcmu 80", "end 77"]
    );
}

#[test]
fn of_one_side_alone_all_is_recorded_that_is_its_own() {
    let mut rig = Rig::new(4_096);
    rig.begin(ID, Taped::Only(Side::A));
    let said = packet(9, &[1; 160]);
    rig.says(Side::A, Verdict::Drop(DropReason::NoDestination), &said);
    rig.says(Side::A, Verdict::Drop(DropReason::Playing), &said);
    rig.says(Side::A, forward(), &said);
    for reason in [
        DropReason::Source,
        DropReason::Format,
        DropReason::Malformed,
    ] {
        rig.says(Side::A, Verdict::Drop(reason), &said);
    }
    rig.says(Side::B, forward(), &said);
    let tapes = std::mem::take(&mut rig.tapes);
    rig.tap.end_all(Mono(9), tapes);
    let heard = "77 0 G722 160";
    assert_eq!(
        rig.read(),
        ["begin 77 false", heard, heard, heard, "end 77"]
    );
}

#[test]
fn one_packet_goes_into_each_recording_of_the_call_and_there_are_few() {
    let mut rig = Rig::new(4_096);
    for id in 1..=5 {
        rig.begin(RecordingId(id), Taped::Only(Side::A));
    }
    rig.begin(RecordingId(1), Taped::Only(Side::A));
    let words = rig.read();
    assert_eq!(words[3..], ["begin 4 false", "end 5"], "too many at once");
    rig.says(Side::A, forward(), &packet(8, &[1; 8]));
    assert_eq!(
        rig.read(),
        ["1 0 Pcma 8", "2 0 Pcma 8", "3 0 Pcma 8", "4 0 Pcma 8"]
    );
}

#[test]
fn a_full_ring_loses_packets_and_counts_them_but_no_beginning_and_no_end() {
    let mut rig = Rig::new(HEADER + 2 * (HEADER + 160));
    rig.begin(ID, Taped::Only(Side::A));
    for _ in 0..5 {
        rig.says(Side::A, forward(), &packet(8, &[1; 160]));
    }
    rig.begin(OTHER, Taped::Only(Side::A));
    rig.tap.end(Mono(9), &mut rig.tapes, ID);
    assert!(rig.tap.is_behind());
    let said = "77 0 Pcma 160";
    assert_eq!(rig.read(), ["begin 77 false", said, said]);
    // There is room, but what was told first comes first.
    rig.says(Side::A, forward(), &packet(8, &[]));
    assert_eq!(rig.read(), [""; 0]);
    assert_eq!((rig.reader.lost(), rig.reader.lost()), (4, 0));
    rig.tap.flush();
    assert!(!rig.tap.is_behind());
    rig.says(Side::A, forward(), &packet(8, &[7]));
    assert_eq!(rig.read(), ["begin 78 false", "end 77", "78 0 Pcma 1"]);
}

#[test]
fn a_monstrous_packet_is_not_recorded() {
    let mut rig = Rig::new(1 << 20);
    rig.begin(ID, Taped::Only(Side::A));
    rig.says(Side::A, forward(), &packet(8, &[1; 4_097]));
    assert_eq!(rig.reader.lost(), 1);
    rig.says(Side::A, forward(), &packet(8, &[1; 4_096]));
    assert_eq!(rig.read().len(), 2);
}

#[test]
fn without_a_recorder_nothing_waits() {
    let mut tap = Tap::default();
    let mut tapes = Tapes::default();
    tap.begin(Mono(1), &mut tapes, ID, Taped::Only(Side::A));
    tap.end(Mono(2), &mut tapes, ID);
    assert!(!tap.is_behind());
}

#[test]
fn a_reader_learns_that_the_media_thread_has_ended() {
    let mut rig = Rig::new(4_096);
    rig.begin(ID, Taped::Only(Side::A));
    assert!(!rig.reader.is_abandoned());
    drop(std::mem::take(&mut rig.tap));
    assert!(rig.reader.is_abandoned());
    assert_eq!(rig.read(), ["begin 77 false"]);
}

#[test]
fn a_packet_that_goes_round_the_end_of_the_ring_is_the_same() {
    let mut rig = Rig::new(256);
    rig.begin(ID, Taped::Only(Side::A));
    assert_eq!(rig.read().len(), 1);
    for length in 90..170_u8 {
        let payload: Vec<u8> = (0..length).collect();
        rig.says(Side::A, forward(), &packet(0, &payload));
        let mut came = Vec::new();
        rig.reader.drain(|record| {
            if let Record::Packet { packet, .. } = record {
                assert_eq!(packet.ssrc, 0x0506_0708);
                came = packet.payload.to_vec();
            }
        });
        assert_eq!(came, payload);
    }
}
