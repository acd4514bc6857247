use offhook_media_core::SrtpSuite;
use offhook_sip_message::sdp::{Crypto, Sdp};

use super::*;

const LEG: LegId = LegId(1);

fn secrecy(offers: SrtpOffers, signalling: Signalling) -> Secrecy {
    let mut secrecy = Secrecy::new(offers, [7; 32]);
    secrecy.open(LEG, signalling);
    secrecy
}

fn line(tag: u32, octet: u8) -> String {
    let suite = SrtpSuite::Aes128Sha1Tag80.name();
    format!("a={}\r\n", Crypto::attribute(tag, suite, &[octet; 30]))
}

fn audio(profile: &str, attributes: &str) -> String {
    format!("m=audio 4000 {profile} 0\r\nc=IN IP4 192.0.2.1\r\n{attributes}")
}

fn sdp(media: &[String]) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n{}",
        media.concat()
    )
}

fn text(octets: Option<Bytes>) -> String {
    let octets = octets.expect("it is changed");
    String::from_utf8(octets.to_vec()).expect("UTF-8")
}

/// The keys that an SDP within us names.
fn named(secrecy: &Secrecy, text: &str) -> Option<Box<SrtpKeys>> {
    let sdp = Sdp::parse(text.as_bytes()).expect("an SDP");
    let id = KeysId::of(sdp.first_audio()?)?;
    secrecy.keys(id)
}

#[test]
fn an_sdp_without_keys_stays_as_it_is() {
    let mut secrecy = secrecy(SrtpOffers::Offered, Signalling::Open);
    let plain = sdp(&[audio("RTP/AVP", "a=sendonly\r\n")]);
    for role in [Role::Offer, Role::Answer] {
        assert_eq!(secrecy.said(LEG, role, plain.as_bytes()), None);
        assert_eq!(secrecy.told(LEG, role, plain.as_bytes()), None);
    }
}

#[test]
fn the_first_audio_that_can_be_had_is_taken_and_each_line_is_answered_by_its_own_profile() {
    let mut secrecy = secrecy(SrtpOffers::Offered, Signalling::Open);
    let offer = sdp(&[
        audio("UDP/TLS/RTP/SAVPF", "a=setup:active\r\n"),
        audio("RTP/SAVPF", &line(9, 1)),
        audio("RTP/AVP", ""),
    ]);
    let said = text(secrecy.said(LEG, Role::Offer, offer.as_bytes()));
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("m=")).collect();
    let expected = [
        "m=audio 0 UDP/TLS/RTP/SAVPF 0",
        "m=audio 4000 RTP/AVPF 0",
        "m=audio 0 RTP/AVP 0",
    ];
    assert_eq!(lines, expected);
    assert!(named(&secrecy, &said).is_some());
    let answer = said.replace("a=x-offhook", "a=was");
    let told = text(secrecy.told(LEG, Role::Answer, answer.as_bytes()));
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("m=")).collect();
    let expected = [
        "m=audio 0 UDP/TLS/RTP/SAVPF 0",
        "m=audio 4000 RTP/SAVPF 0",
        "m=audio 0 RTP/AVP 0",
    ];
    assert_eq!(lines, expected);
    assert_eq!(told.matches("a=crypto:9 ").count(), 1, "{told}");
}

#[test]
fn a_phone_may_leave_keys_that_it_was_only_offered_but_not_a_secure_profile() {
    for (profile, may) in [("RTP/AVP", true), ("RTP/SAVP", false)] {
        let mut secrecy = secrecy(SrtpOffers::Offered, Signalling::Secret);
        let plain = sdp(&[audio("RTP/AVP", "")]);
        let offer = sdp(&[audio(profile, &line(1, 1))]);
        let said = text(secrecy.said(LEG, Role::Offer, offer.as_bytes()));
        assert!(named(&secrecy, &said).is_some());
        secrecy.told(LEG, Role::Answer, plain.as_bytes());
        let told = text(secrecy.told(LEG, Role::Offer, plain.as_bytes()));
        assert!(
            told.contains(&format!("m=audio 4000 {profile} 0")),
            "{told}"
        );
        let answered = secrecy.said(LEG, Role::Answer, plain.as_bytes());
        let refused = answered.is_some_and(|said| said.windows(9).any(|part| part == b"m=audio 0"));
        assert_eq!(refused, !may, "{profile}");
    }
}

#[test]
fn the_keys_of_a_leg_are_few_and_go_with_it() {
    let mut secrecy = secrecy(SrtpOffers::Offered, Signalling::Open);
    let plain = sdp(&[audio("RTP/AVP", "")]);
    let offer = |octet| sdp(&[audio("RTP/SAVP", &line(1, octet))]);
    let first = text(secrecy.said(LEG, Role::Offer, offer(0).as_bytes()));
    secrecy.told(LEG, Role::Answer, plain.as_bytes());
    // Offers that are refused, one after the other.
    for octet in 1..=255 {
        let said = text(secrecy.said(LEG, Role::Offer, offer(octet).as_bytes()));
        assert!(named(&secrecy, &said).is_some());
        assert!(secrecy.desk.keys.len() <= 5);
    }
    assert!(
        named(&secrecy, &first).is_some(),
        "what was agreed on stays"
    );
    secrecy.close(LEG);
    assert!(secrecy.desk.keys.is_empty() && secrecy.legs.is_empty());
}

#[test]
fn each_leg_has_keys_that_no_other_has_and_a_seed_tells_the_same_story() {
    let story = || {
        let mut secrecy = secrecy(SrtpOffers::Required, Signalling::Secret);
        secrecy.open(LegId(2), Signalling::Secret);
        let plain = sdp(&[audio("RTP/AVP", "")]);
        [LEG, LegId(2)].map(|leg| text(secrecy.told(leg, Role::Offer, plain.as_bytes())))
    };
    let [one, other] = story();
    assert_ne!(one, other);
    assert_eq!(story(), [one, other]);
}

#[test]
fn whatever_is_said_nothing_panics() {
    let mut secrecy = secrecy(SrtpOffers::Required, Signalling::Secret);
    let whole = sdp(&[
        audio("RTP/SAVP", &(line(1, 1) + &line(2, 2))),
        audio("RTP/AVP", "a=x-offhook-keys:99999999999999999999\r\n"),
    ]);
    for cut in 0..whole.len() {
        for role in [Role::Offer, Role::Answer] {
            secrecy.said(LEG, role, &whole.as_bytes()[..cut]);
            secrecy.told(LEG, role, &whole.as_bytes()[cut..]);
            let mut bad = whole.clone().into_bytes();
            bad[cut] = bad[cut].wrapping_mul(31).wrapping_add(7);
            secrecy.said(LEG, role, &bad);
            secrecy.told(LEG, role, &bad);
        }
    }
    assert!(secrecy.desk.keys.len() <= 5);
    assert_eq!(secrecy.said(LegId(99), Role::Offer, whole.as_bytes()), None);
}
