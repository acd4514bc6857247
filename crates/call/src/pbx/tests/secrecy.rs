//! Phones with SRTP, each by itself: what it is told, and what the relay is told of its keys.

use offhook_base::UserId;
use offhook_media_core::{MediaCommand, Side, SrtpKey, SrtpKeys, SrtpSuite};
use offhook_sip_core::{Binding, BindingKey, Body, Command, Event, LegId, Peer, Transport};
use offhook_sip_message::sdp::{Crypto, Sdp};

use super::{A, B1, B2, Script, message, peer};
use crate::{ApiCommand, SrtpOffers};

mod refused;

const SUITE: &str = "AES_CM_128_HMAC_SHA1_80";

/// A line with a key of so many times this octet.
fn line(tag: u32, octet: u8) -> String {
    Crypto::attribute(tag, SUITE, &[octet; 30])
}

fn key(octet: u8) -> SrtpKey {
    SrtpKey::new(SrtpSuite::Aes128Sha1Tag80, &[octet; 30]).expect("30 octets")
}

/// An SDP with this m= line's profile and these attributes.
fn sdp_with(host: u8, version: u32, profile: &str, attributes: &[String]) -> String {
    let mut text = format!(
        "v=0\r\no=- 1 {version} IN IP4 192.0.2.{host}\r\ns=-\r\nc=IN IP4 192.0.2.{host}\r\nt=0 0\r\n\
         m=audio 4000 {profile} 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    );
    for attribute in attributes {
        text.push_str(&format!("a={attribute}\r\n"));
    }
    text
}

fn secret(n: u32) -> Peer {
    Peer {
        transport: Transport::Tls,
        ..peer(n)
    }
}

fn script(srtp: SrtpOffers) -> Script {
    let mut script = Script::with(|config| {
        config.relay = Some([192, 0, 2, 254].into());
        config.srtp = srtp;
    });
    script.ports(8);
    script
}

/// Registers a phone by TLS.
fn registered(script: &mut Script, phone: u32) {
    let binding = Binding {
        key: BindingKey(format!("k{phone}").into()),
        contact: format!("sip:p{phone}@192.0.2.{phone}:5061").into(),
        path: Vec::new(),
        peer: secret(phone),
        user_agent: "Desk/1".into(),
        instance: "".into(),
        expires_at: script.now.wall + std::time::Duration::from_secs(3_600),
        call_id: "reg".into(),
        cseq: 1,
    };
    script.event(Event::Registered {
        phone: offhook_base::PhoneId(phone),
        binding,
    });
}

/// 2001 calls by TLS.
fn invited(script: &mut Script, dialled: &str, sdp: &str) {
    let start = format!("INVITE sip:{dialled}@pbx.example SIP/2.0");
    script.event(Event::Invite {
        leg: A,
        from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(1)),
        peer: secret(1),
        request: message(&start, "1 INVITE", &[], Some(sdp)),
    });
}

/// Picks the SDP of one kind of command, and whose leg it is for; a reply is for whoever asked.
type Pick = fn(&Command) -> Option<(Option<LegId>, &Body)>;

/// The last SDP of a command of this kind.
fn said(script: &Script, to: LegId, pick: Pick) -> String {
    let picked = script.commands.iter().rev().filter_map(pick);
    let mut own = picked.filter(|(leg, _)| leg.is_none_or(|leg| leg == to));
    let (_, body) = own.next().expect("an SDP");
    String::from_utf8(body.octets.to_vec()).expect("UTF-8")
}

fn invite(script: &Script, to: LegId) -> String {
    said(script, to, |command| {
        if let Command::Invite { leg, invite, .. } = command {
            Some((Some(*leg), invite.body.as_ref()?))
        } else {
            None
        }
    })
}

fn answer(script: &Script, to: LegId) -> String {
    said(script, to, |command| {
        if let Command::Answer { leg, body, .. } = command {
            Some((Some(*leg), body.as_ref()?))
        } else {
            None
        }
    })
}

fn reply(script: &Script) -> String {
    said(script, A, |command| {
        if let Command::Reply { body, .. } = command {
            Some((None, body.as_ref()?))
        } else {
            None
        }
    })
}

fn asked(script: &Script, to: LegId) -> String {
    said(script, to, |command| {
        if let Command::Request { leg, body, .. } = command {
            Some((Some(*leg), body.as_ref()?))
        } else {
            None
        }
    })
}

fn acknowledged(script: &Script, to: LegId) -> String {
    said(script, to, |command| {
        if let Command::Ack { leg, body, .. } = command {
            Some((Some(*leg), body.as_ref()?))
        } else {
            None
        }
    })
}

/// The profile of the audio in use, its tags and its keys.
fn read(text: &str) -> (String, Vec<u32>, Vec<SrtpKey>) {
    let sdp = Sdp::parse(text.as_bytes()).expect("an SDP");
    let audio = sdp.first_audio().expect("audio");
    assert!(!text.contains("offhook-keys"), "names stay inside: {text}");
    assert_ne!(audio.port, 0, "{text}");
    let key = |line: &Crypto<'_>| {
        let suite = SrtpSuite::from_name(line.suite).expect("a suite of ours");
        SrtpKey::new(suite, line.key()).expect("its length")
    };
    (
        String::from_utf8_lossy(audio.proto).into_owned(),
        audio.crypto().map(|line| line.tag).collect(),
        audio.crypto().map(|line| key(&line)).collect(),
    )
}

fn version(text: &str) -> u64 {
    let sdp = Sdp::parse(text.as_bytes()).expect("an SDP");
    sdp.origin().expect("an o= line").version
}

fn plain(text: &str) {
    let (profile, tags, _) = read(text);
    assert_eq!((&*profile, tags), ("RTP/AVP", Vec::new()), "{text}");
}

impl Script {
    /// Performs an event and gives what the relay was told of keys and addresses.
    fn relayed(&mut self, step: impl FnOnce(&mut Self)) -> Vec<String> {
        self.skip();
        step(self);
        let media = std::mem::take(&mut self.lines);
        let of = |line: String| {
            let line = line.strip_prefix("media ")?;
            let kind = line.split(' ').next()?;
            let side = line.split_once("side: ").map_or("", |(_, rest)| &rest[..1]);
            let none = line.contains("keys: None") || line.contains("remote: None");
            let known = ["Start", "Secure", "Update"].contains(&kind);
            known.then(|| format!("{kind} {side}{}", if none { " None" } else { "" }))
        };
        media.into_iter().filter_map(of).collect()
    }

    /// The keys that the relay was told last.
    fn keys(&mut self, side: Side) -> Option<SrtpKeys> {
        let told = self.secured.iter().rev();
        let mut told = told.filter_map(|command| {
            if let MediaCommand::Secure { side: of, keys, .. } = command {
                (*of == side).then_some(keys.as_deref())
            } else {
                None
            }
        });
        told.next().flatten().cloned()
    }
}

#[test]
fn a_secure_phone_calls_a_plain_one_and_the_relay_knows_its_keys_before_its_address() {
    let mut script = script(SrtpOffers::Offered).registered(&[4]);
    let offer = sdp_with(1, 1, "RTP/SAVP", &[line(5, 1), line(6, 2)]);
    script.invite("2003", Some(&offer)).commit();
    plain(&invite(&script, B1));
    let media = script.relayed(|script| {
        script.answered(B1, Some(&sdp_with(2, 1, "RTP/AVP", &[])));
        script.commit();
    });
    assert_eq!(media, ["Start  None", "Secure A", "Update A"]);
    let (profile, tags, ours) = read(&answer(&script, A));
    assert_eq!((&*profile, &tags[..]), ("RTP/SAVP", &[5][..]));
    let keys = script.keys(Side::A).expect("keys");
    assert_eq!((keys.receive, &keys.send), (key(1), &ours[0]));
    assert_ne!(ours[0], key(1));
    assert_eq!(script.keys(Side::B), None);
}

#[test]
fn rfc3311_an_update_without_an_offer_leaves_the_answer_to_come_an_answer() {
    let mut script = script(SrtpOffers::Offered).registered(&[4]);
    let offer = sdp_with(1, 1, "RTP/SAVP", &[line(5, 1)]);
    script.invite("2003", Some(&offer)).commit();
    script.request(A, 9, "UPDATE", None);
    script.answered(B1, Some(&sdp_with(2, 1, "RTP/AVP", &[])));
    script.commit();
    let (profile, tags, ours) = read(&answer(&script, A));
    assert_eq!((&*profile, &tags[..]), ("RTP/SAVP", &[5][..]));
    let keys = script.keys(Side::A).expect("keys");
    assert_eq!((keys.receive, &keys.send), (key(1), &ours[0]));
}

#[test]
fn rfc8643_a_phone_that_may_be_secure_is_and_one_that_is_not_hears_nothing_of_it() {
    let mut script = script(SrtpOffers::Off).registered(&[4]);
    let offer = sdp_with(1, 1, "RTP/AVPF", &[line(1, 1)]);
    script.invite("2003", Some(&offer)).commit();
    let (profile, tags, _) = read(&invite(&script, B1));
    assert_eq!((&*profile, tags), ("RTP/AVPF", Vec::new()));
    script
        .answered(B1, Some(&sdp_with(2, 1, "RTP/AVPF", &[])))
        .commit();
    let (profile, tags, _) = read(&answer(&script, A));
    assert_eq!((&*profile, &tags[..]), ("RTP/AVPF", &[1][..]));
    assert!(script.keys(Side::A).is_some());
}

#[test]
fn a_phone_reached_by_tls_is_offered_keys_of_its_own_and_may_go_without() {
    for (attributes, is_secure) in [(vec![line(1, 9)], true), (Vec::new(), false)] {
        let mut script = script(SrtpOffers::Offered);
        registered(&mut script, 2);
        registered(&mut script, 3);
        script
            .invite("2002", Some(&sdp_with(1, 1, "RTP/AVP", &[])))
            .commit();
        let (profile, tags, first) = read(&invite(&script, B1));
        assert_eq!((&*profile, &tags[..]), ("RTP/AVP", &[1, 2][..]));
        let (_, _, second) = read(&invite(&script, B2));
        assert!(first.iter().all(|key| !second.contains(key)));
        script.answered(B2, Some(&sdp_with(3, 1, "RTP/AVP", &attributes)));
        script.commit();
        plain(&answer(&script, A));
        let keys = script.keys(Side::B);
        let expected = is_secure.then(|| SrtpKeys {
            receive: key(9),
            send: second[0].clone(),
        });
        assert_eq!(keys, expected);
    }
}

#[test]
fn a_phone_reached_otherwise_is_offered_none() {
    for offers in [SrtpOffers::Offered, SrtpOffers::Required] {
        let mut script = script(offers).registered(&[4]);
        script
            .invite("2003", Some(&sdp_with(1, 1, "RTP/AVP", &[])))
            .commit();
        plain(&invite(&script, B1));
    }
    let mut script = script(SrtpOffers::Off);
    registered(&mut script, 4);
    script
        .invite("2003", Some(&sdp_with(1, 1, "RTP/AVP", &[])))
        .commit();
    plain(&invite(&script, B1));
}

/// 2001, which offered SAVP with key 1, talks to 2003, which is plain.
fn connected() -> Script {
    let mut script = script(SrtpOffers::Offered).registered(&[4]);
    let offer = sdp_with(1, 1, "RTP/SAVP", &[line(5, 1)]);
    script.invite("2003", Some(&offer)).commit();
    script
        .answered(B1, Some(&sdp_with(2, 1, "RTP/AVP", &[])))
        .commit();
    script.acked(A, None);
    script
}

#[test]
fn the_same_key_in_a_reinvite_changes_nothing_and_another_one_gets_another_of_ours() {
    let mut script = connected();
    let before = script.keys(Side::A);
    let told = answer(&script, A);
    let again = |script: &mut Script, n: u64, octet: u8| {
        let offer = sdp_with(1, 2, "RTP/SAVP", &[line(5, octet)]);
        script.request(A, 2 * n, "INVITE", Some(&offer));
        plain(&asked(script, B1));
        script.response(B1, n, 200, Some(&sdp_with(2, 1, "RTP/AVP", &[])));
        script.commit();
    };
    let media = script.relayed(|script| again(script, 1, 1));
    assert!(media.is_empty(), "{media:?}");
    let same = reply(&script);
    assert_eq!(read(&same), read(&told));

    let media = script.relayed(|script| again(script, 2, 7));
    assert_eq!(media, ["Secure A"]);
    let (profile, tags, ours) = read(&reply(&script));
    assert_eq!((&*profile, &tags[..]), ("RTP/SAVP", &[5][..]));
    let keys = script.keys(Side::A).expect("keys");
    assert_eq!((keys.receive, &keys.send), (key(7), &ours[0]));
    assert_ne!(Some(&keys.send), before.as_ref().map(|keys| &keys.send));
    assert!(
        version(&reply(&script)) > version(&same),
        "a key is a change, too"
    );
}

#[test]
fn a_reinvite_that_is_refused_leaves_the_keys_as_they_were() {
    let mut script = connected();
    let before = script.keys(Side::A);
    let offer = sdp_with(1, 2, "RTP/SAVP", &[line(5, 7)]);
    let media = script.relayed(|script| {
        script.request(A, 2, "INVITE", Some(&offer));
        script.response(B1, 1, 488, None);
        script.commit();
    });
    assert!(media.is_empty(), "{media:?}");
    assert_eq!(script.keys(Side::A), before);
}

#[test]
fn our_own_offer_to_a_secure_phone_is_as_secure_and_has_the_same_key() {
    let mut script = connected();
    let call = script.recorded.first().expect("a call").event.call;
    let told = read(&answer(&script, A)).2;
    script
        .api(
            1,
            ApiCommand::Hold {
                call,
                held: true,
                by: UserId(100_003),
            },
        )
        .commit();
    let (profile, tags, ours) = read(&asked(&script, A));
    assert_eq!((&*profile, &tags[..]), ("RTP/SAVP", &[1][..]));
    assert_eq!(ours, told);
}

#[test]
fn a_delayed_offer_is_made_by_the_called_phone_and_answered_in_the_ack() {
    let mut script = script(SrtpOffers::Offered).registered(&[4]);
    script.invite("2003", None).commit();
    let offer = sdp_with(2, 1, "RTP/SAVP", &[line(3, 4)]);
    script.answered(B1, Some(&offer)).commit();
    plain(&answer(&script, A));
    script
        .acked(A, Some(&sdp_with(1, 1, "RTP/AVP", &[])))
        .commit();
    let ack = acknowledged(&script, B1);
    let (profile, tags, ours) = read(&ack);
    assert_eq!((&*profile, &tags[..]), ("RTP/SAVP", &[3][..]));
    let keys = script.keys(Side::B).expect("keys");
    assert_eq!((keys.receive, &keys.send), (key(4), &ours[0]));
}

#[test]
fn with_media_that_does_not_pass_by_us_keys_pass_as_they_are() {
    let mut script = Script::new().registered(&[4]);
    let offer = sdp_with(1, 1, "RTP/SAVP", &[line(5, 1)]);
    script.invite("2003", Some(&offer)).commit();
    assert_eq!(invite(&script, B1), offer);
    let answered = sdp_with(2, 1, "RTP/SAVP", &[line(5, 2)]);
    script.answered(B1, Some(&answered)).commit();
    assert_eq!(read(&answer(&script, A)).2, [key(2)]);
}

#[test]
fn a_name_of_keys_from_outside_names_nothing() {
    let mut script = connected();
    let forged = sdp_with(2, 2, "RTP/AVP", &["x-offhook-keys:1".to_owned()]);
    let media = script.relayed(|script| {
        script.request(B1, 2, "INVITE", Some(&forged));
        let own = sdp_with(1, 1, "RTP/SAVP", &[line(1, 1)]);
        script.response(A, 1, 200, Some(&own)).commit();
    });
    assert!(!media.iter().any(|line| line == "Secure B"), "{media:?}");
    assert_eq!(script.keys(Side::B), None);
}

#[test]
fn what_is_logged_of_a_key_is_its_suite() {
    let script = connected();
    let printed = format!("{:?}{:?}", script.secured, script.pbx);
    assert!(printed.contains("SrtpKey(Aes128Sha1Tag80)"));
    assert!(!printed.contains("1, 1, 1, 1, 1"), "no octets of the key");
}

/// 2001, which is plain, talks to 2002, which is secure and transfers it to 2003: what the relay is told until 2003 rings.
fn transferring() -> Script {
    let mut script = script(SrtpOffers::Offered).registered(&[4]);
    registered(&mut script, 2);
    let offer = sdp_with(1, 1, "RTP/AVP", &[]);
    script.invite("2002", Some(&offer)).commit();
    script.answered(B1, Some(&sdp_with(2, 1, "RTP/AVP", &[line(1, 9)])));
    script.commit().acked(A, None);
    assert_eq!(script.keys(Side::B).map(|keys| keys.receive), Some(key(9)));
    let media = script.relayed(|script| {
        script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    });
    assert_eq!(media, ["Update B None"]);
    plain(&invite(&script, B2));
    script
}

#[test]
fn who_takes_the_place_of_a_secure_phone_is_as_secure_as_he_is_himself() {
    let mut script = transferring();
    let media = script.relayed(|script| {
        script.answered(B2, Some(&sdp_with(4, 1, "RTP/AVP", &[])));
        script.commit();
    });
    assert_eq!(media, ["Secure B None", "Update B"]);
}

#[test]
fn who_gets_a_call_back_has_the_keys_that_he_had() {
    let mut script = transferring();
    let media = script.relayed(|script| {
        script.refused(B2, 486).commit();
    });
    assert_eq!(media, ["Update B"]);
    assert_eq!(script.keys(Side::B).map(|keys| keys.receive), Some(key(9)));
}
