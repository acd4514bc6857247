//! A phone that encrypts, at its socket: an implementation that is not ours reads and writes its packets.

use offhook_media_core::{SrtpKey, SrtpKeys, SrtpSuite};
use rtc_srtp::context::Context;
use rtc_srtp::crypto::default_provider;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::*;

fn keys(octet: u8) -> Option<Box<SrtpKeys>> {
    let key = |octet| SrtpKey::new(SrtpSuite::Aes128Sha1Tag80, &[octet; 30]);
    Some(Box::new(SrtpKeys {
        receive: key(octet)?,
        send: key(octet | 0x80)?,
    }))
}

fn context(octet: u8) -> Context {
    let profile = ProtectionProfile::Aes128CmHmacSha1_80;
    let provider = default_provider().unwrap();
    Context::new(
        &[octet; 16],
        &[octet; 14],
        profile,
        None,
        None,
        provider.crypto(),
    )
    .unwrap()
}

#[test]
fn a_phone_that_encrypts_and_one_that_does_not_hear_each_other_and_a_sound() {
    let mut rig = Rig::new();
    let (ann, bob) = (Phone::new(), Phone::new());
    let relay = RelayId(1);
    let [facing_ann, facing_bob] = rig.relay(relay, &ann, &bob);
    rig.send(MediaCommand::Secure {
        relay,
        side: Side::A,
        keys: keys(1),
    });
    rig.settle(relay);
    let (mut says, mut hears) = (context(1), context(1 | 0x80));

    let mut tampered = says.encrypt_rtp(&rtp(1)).unwrap();
    tampered[50] ^= 0x10;
    for bad in [&tampered[..], &rtp(1)] {
        ann.rtp.send_to(bad, rtp_of(facing_ann)).unwrap();
    }
    for number in 2..6 {
        let secret = says.encrypt_rtp(&rtp(number)).unwrap();
        ann.rtp.send_to(&secret, rtp_of(facing_ann)).unwrap();
        assert_eq!(bob.hears(), (rtp(number), rtp_of(facing_bob)));

        bob.rtp.send_to(&rtp(number), rtp_of(facing_bob)).unwrap();
        let (secret, from) = ann.hears();
        assert_eq!(from, rtp_of(facing_ann));
        assert_eq!(hears.decrypt_rtp(&secret).unwrap(), rtp(number));
    }
    let report = [vec![0x80, 200, 0, 6, 1, 2, 3, 4], vec![0; 20]].concat();
    // The first one tells where its reports come from.
    let secret = says.encrypt_rtcp(&report).unwrap();
    ann.rtcp.send_to(&secret, rtcp_of(facing_ann)).unwrap();
    rig.settle(relay);
    bob.rtcp.send_to(&report, rtcp_of(facing_bob)).unwrap();
    let (secret, _) = receive_on(&ann.rtcp);
    assert_eq!(hears.decrypt_rtcp(&secret).unwrap(), report);
    let secret = says.encrypt_rtcp(&report).unwrap();
    ann.rtcp.send_to(&secret, rtcp_of(facing_ann)).unwrap();
    assert_eq!(receive_on(&bob.rtcp).0, report);

    rig.send(MediaCommand::Play {
        relay,
        side: Side::A,
        sound: Sound::Ringback,
        format: PCMA,
    });
    for number in 0..5 {
        let (secret, _) = ann.hears();
        let plain = hears.decrypt_rtp(&secret).unwrap();
        assert_eq!((plain.len(), plain[1] & 0x7f), (172, 8), "{number}");
    }
    let stats = rig.stop(relay);
    assert_eq!((stats.a.packets, stats.a.unauthentic), (4, 2));
}
