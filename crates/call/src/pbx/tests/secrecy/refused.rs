//! What cannot be secured, or must be and is not.

use super::*;

fn statuses(script: &Script) -> Vec<u16> {
    let status = |command: &Command| {
        if let Command::Answer { status, .. } | Command::Reply { status, .. } = command {
            Some(*status)
        } else {
            None
        }
    };
    script.commands.iter().filter_map(status).collect()
}

#[test]
fn an_offer_without_a_key_that_we_can_use_gets_488() {
    let mki = format!("{}|2^20|1:4", line(1, 1));
    let unknown = Crypto::attribute(1, "F8_128_HMAC_SHA1_80", &[1; 30]);
    let bare = format!("{} UNENCRYPTED_SRTP", line(1, 1));
    let dtls = "fingerprint:sha-256 00".to_owned();
    for (profile, attributes) in [
        ("RTP/SAVP", Vec::new()),
        ("RTP/SAVP", vec![mki]),
        ("RTP/SAVPF", vec![unknown]),
        ("RTP/SAVP", vec![bare]),
        ("UDP/TLS/RTP/SAVP", vec![dtls.clone()]),
        ("UDP/TLS/RTP/SAVPF", vec![dtls, line(1, 1)]),
    ] {
        let mut script = script(SrtpOffers::Offered).registered(&[4]);
        let offer = sdp_with(1, 1, profile, &attributes);
        script.invite("2003", Some(&offer)).commit();
        assert_eq!(statuses(&script), [488], "{offer}");
    }
    let mut script = connected();
    let offer = sdp_with(1, 2, "UDP/TLS/RTP/SAVP", &[]);
    script.request(A, 2, "INVITE", Some(&offer)).commit();
    assert_eq!(statuses(&script).last(), Some(&488));
}

#[test]
fn the_first_line_that_can_be_used_is_taken() {
    let mut script = script(SrtpOffers::Offered).registered(&[4]);
    let lines = [
        format!("{} KDR=1", line(1, 1)),
        Crypto::attribute(2, "AES_CM_128_HMAC_SHA1_32", &[2; 30]),
        line(3, 3),
    ];
    let offer = sdp_with(1, 1, "RTP/SAVP", &lines);
    script.invite("2003", Some(&offer)).commit();
    script
        .answered(B1, Some(&sdp_with(2, 1, "RTP/AVP", &[])))
        .commit();
    let (_, tags, ours) = read(&answer(&script, A));
    assert_eq!(tags, [2]);
    assert_eq!(ours[0].suite(), SrtpSuite::Aes128Sha1Tag32);
}

#[test]
fn where_it_is_required_a_plain_offer_by_tls_gets_488() {
    for (offers, refused) in [(SrtpOffers::Required, true), (SrtpOffers::Offered, false)] {
        let mut script = script(offers).registered(&[4]);
        invited(&mut script, "2003", &sdp_with(1, 1, "RTP/AVP", &[]));
        script.commit();
        assert_eq!(statuses(&script).contains(&488), refused);
    }
    let mut script = script(SrtpOffers::Required).registered(&[4]);
    invited(
        &mut script,
        "2003",
        &sdp_with(1, 1, "RTP/AVP", &[line(1, 1)]),
    );
    script.commit();
    plain(&invite(&script, B1));
}

#[test]
fn where_it_is_required_a_plain_answer_by_tls_is_not_acceptable() {
    let mut script = script(SrtpOffers::Required);
    registered(&mut script, 4);
    script
        .invite("2003", Some(&sdp_with(1, 1, "RTP/AVP", &[])))
        .commit();
    let (profile, tags, _) = read(&invite(&script, B1));
    assert_eq!((&*profile, &tags[..]), ("RTP/SAVP", &[1, 2][..]));
    script
        .answered(B1, Some(&sdp_with(2, 1, "RTP/AVP", &[])))
        .commit();
    assert_eq!(statuses(&script), [488]);
    let byes = script.commands.iter();
    let bye = |command: &&Command| matches!(command, Command::Bye { leg: B1, .. });
    assert_eq!(byes.filter(bye).count(), 1);
}

#[test]
fn an_answer_by_a_key_that_was_not_offered_is_not_acceptable() {
    let bad = [
        line(7, 9),
        line(2, 9),
        format!("{} UNENCRYPTED_SRTP", line(1, 9)),
    ];
    for attribute in bad {
        let mut script = script(SrtpOffers::Offered);
        registered(&mut script, 4);
        script
            .invite("2003", Some(&sdp_with(1, 1, "RTP/AVP", &[])))
            .commit();
        script.answered(B1, Some(&sdp_with(2, 1, "RTP/AVP", &[attribute])));
        script.commit();
        assert_eq!(statuses(&script), [488]);
        assert_eq!(script.keys(Side::B), None);
    }
}
