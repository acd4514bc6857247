//! What becomes of commands that a thread does not take.

use offhook_media_core::{
    Codec, Format, Music, RelayId, Side, Sound, SrtpKey, SrtpKeys, SrtpSuite,
};

use super::*;

#[test]
fn a_full_queue_refuses_what_can_be_refused_and_keeps_what_gives_ports_back() {
    let poll = mio::Poll::new().unwrap();
    let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
    let (commands, inbox) = sync_channel(1);
    let thread = std::thread::spawn(|| ());
    let mut lane = Lane {
        commands,
        backlog: VecDeque::new(),
        waker,
        thread,
    };
    let stop = |relay| MediaCommand::Stop {
        relay: RelayId(relay),
    };
    let update = |remote: Option<&str>| MediaCommand::Update {
        relay: RelayId(1),
        side: Side::A,
        remote: remote.map(|remote| remote.parse().unwrap()),
    };

    let key = |octet| SrtpKey::new(SrtpSuite::Aes128Sha1Tag80, &[octet; 30]).unwrap();
    let secure = |octet| MediaCommand::Secure {
        relay: RelayId(1),
        side: Side::A,
        keys: Some(Box::new(SrtpKeys {
            receive: key(octet),
            send: key(9),
        })),
    };

    assert_eq!(lane.send(stop(1)), Ok(()));
    assert_eq!(lane.send(update(Some("192.0.2.1:4000"))), Ok(()));
    assert_eq!(lane.send(update(None)), Ok(()), "the newest is kept");
    assert_eq!(lane.send(secure(1)), Ok(()));
    assert_eq!(lane.send(secure(2)), Ok(()), "the newest is kept");
    assert_eq!(lane.send(stop(2)), Ok(()));
    assert_eq!(lane.send(stop(3)), Ok(()));
    assert_eq!(
        lane.send(MediaCommand::Refill { count: 1 }),
        Err(Overloaded)
    );
    let play = MediaCommand::Play {
        relay: RelayId(1),
        side: Side::A,
        sound: Sound::Music(Music::Tune),
        format: Format {
            payload_type: 8,
            codec: Codec::Pcma,
        },
    };
    let stop_play = MediaCommand::StopPlay {
        relay: RelayId(4),
        side: Side::A,
    };
    assert_eq!(lane.send(play), Err(Overloaded));
    assert_eq!(lane.send(stop_play.clone()), Ok(()));
    assert_eq!(lane.send(stop_play.clone()), Ok(()), "and is kept once");
    let mut carried_out = Vec::new();
    for _ in 0..6 {
        carried_out.push(inbox.try_recv().unwrap());
        lane.flush();
    }
    assert_eq!(
        carried_out,
        [
            stop(1),
            update(None),
            secure(2),
            stop(2),
            stop(3),
            stop_play
        ],
        "in the order in which they were sent"
    );
    assert!(inbox.try_recv().is_err());
    assert_eq!(lane.send(update(None)), Ok(()));
}
