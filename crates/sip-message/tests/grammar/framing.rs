//! A stream gives the same messages however it is cut.

use offhook_sip_message::{Framed, Framing, Index, Message, ParseError, StreamFramer};

use crate::fixtures::{Draw, all, mutate, read};
use crate::torture::describe;

/// What a stream held: descriptions of messages, pings, and the fault that ended it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    messages: Vec<(String, Vec<u8>)>,
    pings: usize,
    fault: Option<ParseError>,
}

fn feed<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Held {
    let mut framer = StreamFramer::new(32_768);
    let mut held = Held::default();
    for chunk in chunks {
        framer.push(chunk);
        loop {
            match framer.poll() {
                Ok(Some(Framed::Message(message))) => {
                    held.messages
                        .push((describe(message.view()), message.raw().to_vec()));
                }
                Ok(Some(Framed::Ping)) => held.pings += 1,
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!(framer.poll().err(), Some(fault), "a fault stays");
                    held.fault = Some(fault);
                    return held;
                }
            }
        }
    }
    held
}

fn stream() -> Vec<u8> {
    let mut octets = b"\r\n".to_vec();
    for file in [
        "invite-995.sip",
        "wsinv.sip",
        "own-contacts.sip",
        "noreason.sip",
    ] {
        octets.extend_from_slice(&read(file));
        octets.extend_from_slice(b"\r\n\r\n");
    }
    octets
}

#[test]
fn single_octets_give_what_one_push_gives() {
    let octets = stream();
    let whole = feed([&octets[..]]);
    assert_eq!(
        (whole.messages.len(), whole.pings, whole.fault),
        (4, 4, None)
    );
    assert_eq!(feed(octets.chunks(1)), whole);
}

#[test]
fn a_cut_at_any_octet_changes_nothing() {
    let octets = stream();
    let whole = feed([&octets[..]]);
    for at in 0..=octets.len() {
        let (head, tail) = octets.split_at(at);
        assert_eq!(feed([head, tail]), whole, "cut at {at}");
    }
}

#[test]
fn every_torture_message_cut_at_any_octet_frames_alike() {
    for (name, raw) in all("sip").into_iter().filter(|(_, raw)| raw.len() <= 1_200) {
        let whole = feed([&raw[..]]);
        for at in 1..raw.len() {
            let (head, tail) = raw.split_at(at);
            assert_eq!(feed([head, tail]), whole, "{name} cut at {at}");
        }
    }
}

#[test]
fn every_torture_message_frames_alike_in_single_octets_and_as_the_parser_has_it() {
    for (name, raw) in all("sip") {
        let whole = feed([&raw[..]]);
        assert_eq!(feed(raw.chunks(1)), whole, "{name}");
        match Index::parse(&raw, Framing::Stream) {
            Ok(_) => {
                let message = Message::parse(raw.clone().into(), Framing::Stream).unwrap();
                assert_eq!(whole.messages[0].0, describe(message.view()), "{name}");
                assert_eq!(whole.messages[0].1, message.view().raw(), "{name}");
            }
            // A stream that ends inside a message is no fault yet.
            Err(ParseError::Incomplete) => {
                assert_eq!((whole.messages.len(), whole.fault), (0, None), "{name}")
            }
            Err(ParseError::BodyTooShort { declared, .. }) if declared <= 65_000 => {
                assert_eq!((whole.messages.len(), whole.fault), (0, None), "{name}");
            }
            Err(ParseError::BodyTooShort { .. }) => {
                assert_eq!(whole.fault, Some(ParseError::TooLarge), "{name}")
            }
            Err(fault) => assert_eq!(
                (whole.messages.len(), whole.fault),
                (0, Some(fault)),
                "{name}"
            ),
        }
    }
}

#[test]
fn mutated_streams_frame_alike_in_chunks_of_any_size() {
    let bases = all("sip");
    let mut draw = Draw(7);
    let mut framed = 0;
    for round in 0..5_000 {
        let mut octets = Vec::new();
        for _ in 0..=draw.below(3) {
            let base = &bases[draw.below(bases.len())].1;
            let other = &bases[draw.below(bases.len())].1;
            let octet_cap = base.len().min(2_000);
            octets.extend(mutate(&mut draw, &base[..octet_cap], other));
        }
        let whole = feed([&octets[..]]);
        framed += whole.messages.len();
        let size = 1 + draw.below(50);
        assert_eq!(
            feed(octets.chunks(size)),
            whole,
            "seed 7, round {round}, chunks of {size}"
        );
        assert_eq!(
            feed(octets.chunks(1)),
            whole,
            "seed 7, round {round}, chunks of 1"
        );
    }
    assert!(framed > 500, "{framed}");
}

#[test]
fn rfc5626_4_4_1_pings_between_messages_are_told_from_line_ends() {
    let held = |octets: &[u8]| {
        let held = feed(octets.chunks(1));
        (held.pings, held.messages.len(), held.fault)
    };
    assert_eq!(held(b"\r\n\r\n"), (1, 0, None));
    assert_eq!(held(b"\r\n\r\n\r\n\r\n"), (2, 0, None));
    assert_eq!(held(b"\r\n"), (0, 0, None));
    assert_eq!(
        held(b"\r\n\r\n\r\nOPTIONS sip:a SIP/2.0\r\nl:0\r\n\r\n\r\n\r\n"),
        (2, 1, None)
    );
    assert_eq!(held(b"\n\n\rOPTIONS sip:a SIP/2.0\nl:0\n\n"), (0, 1, None));
}

#[test]
fn a_head_or_body_over_the_limit_is_refused_before_it_is_there() {
    let mut framer = StreamFramer::new(1000);
    framer.push(b"OPTIONS sip:a SIP/2.0\r\nX: ");
    assert!(framer.poll().unwrap().is_none());
    framer.push(&[b'x'; 1000]);
    assert_eq!(framer.poll().err(), Some(ParseError::TooLarge));
    assert_eq!(
        framer.salvage().unwrap().view().request_uri(),
        Some(&b"sip:a"[..])
    );

    let mut framer = StreamFramer::new(1000);
    framer.push(b"MESSAGE sip:a SIP/2.0\r\nContent-Length: 65536\r\n\r\n");
    assert_eq!(framer.poll().err(), Some(ParseError::TooLarge));
    framer.push(b"more");
    assert_eq!(framer.poll().err(), Some(ParseError::TooLarge));
}

#[test]
fn a_head_of_just_the_limit_is_taken() {
    let head = "OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n";
    let mut framer = StreamFramer::new(head.len());
    framer.push(head.as_bytes());
    assert!(matches!(framer.poll(), Ok(Some(Framed::Message(_)))));
    let mut framer = StreamFramer::new(head.len() - 1);
    framer.push(head.as_bytes());
    assert_eq!(framer.poll().err(), Some(ParseError::TooLarge));
}

#[test]
fn what_waits_is_told() {
    let mut framer = StreamFramer::new(1000);
    framer.push(b"OPTIONS sip:a SIP/2.0\r\nl: 2\r\n\r\nab\r\n");
    assert!(
        matches!(framer.poll(), Ok(Some(Framed::Message(message))) if message.view().body() == b"ab")
    );
    assert!(framer.poll().unwrap().is_none());
    assert_eq!(framer.pending(), 2);
    framer.push(b"\r\n");
    assert!(matches!(framer.poll(), Ok(Some(Framed::Ping))));
    assert_eq!(framer.pending(), 0);
}
