//! Judged by the vectors of RFC 3711 and RFC 6188, by those of libsrtp, and by `rtc-srtp`, which is nobody of ours.

mod rules;
mod vectors;

use rtc_srtp::context::Context;
use rtc_srtp::crypto::default_provider;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::*;
use crate::random::Random;

fn key(suite: SrtpSuite, seed: u64) -> SrtpKey {
    let mut random = Random(seed);
    let octets: Vec<u8> = (0..suite.key_octets()).map(|_| random.octet()).collect();
    SrtpKey::new(suite, &octets).unwrap()
}

fn sender(key: &SrtpKey) -> SrtpSender {
    SrtpSender::new(key).unwrap()
}

fn receiver(key: &SrtpKey) -> SrtpReceiver {
    SrtpReceiver::new(key).unwrap()
}

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 160]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend(payload);
    packet
}

fn report(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend([7; 20]);
    packet
}

/// The packet as it is sent.
fn sealed(sender: &mut SrtpSender, plain: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + SRTP_TRAILER_OCTETS, 0);
    let length = sender.seal_rtp(&mut buffer, plain.len())?;
    buffer.truncate(length);
    Some(buffer)
}

fn sealed_report(sender: &mut SrtpSender, plain: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + SRTP_TRAILER_OCTETS, 0);
    let length = sender.seal_rtcp(&mut buffer, plain.len())?;
    buffer.truncate(length);
    Some(buffer)
}

fn opened(receiver: &mut SrtpReceiver, sealed: &[u8]) -> Result<Vec<u8>, Unauthentic> {
    let mut packet = sealed.to_vec();
    let length = receiver.open_rtp(&mut packet)?;
    packet.truncate(length);
    Ok(packet)
}

fn opened_report(receiver: &mut SrtpReceiver, sealed: &[u8]) -> Result<Vec<u8>, Unauthentic> {
    let mut packet = sealed.to_vec();
    let length = receiver.open_rtcp(&mut packet)?;
    packet.truncate(length);
    Ok(packet)
}

fn judge(key: &SrtpKey) -> Context {
    let profile = match key.suite() {
        SrtpSuite::Aes128Sha1Tag80 => ProtectionProfile::Aes128CmHmacSha1_80,
        SrtpSuite::Aes128Sha1Tag32 => ProtectionProfile::Aes128CmHmacSha1_32,
        SrtpSuite::Aes256Sha1Tag80 => ProtectionProfile::Aes256CmHmacSha1_80,
        SrtpSuite::Aes256Sha1Tag32 => ProtectionProfile::Aes256CmHmacSha1_32,
    };
    let (master, salt) = key.master();
    let provider = default_provider().unwrap();
    Context::new(master, salt, profile, None, None, provider.crypto()).unwrap()
}

#[test]
fn another_implementation_reads_what_we_send_and_we_read_what_it_sends() {
    for suite in SrtpSuite::ALL {
        let key = key(suite, 7);
        let (mut ours, mut theirs) = (sender(&key), judge(&key));
        let (mut read, mut written) = (receiver(&key), judge(&key));
        // Twice over the end of the sequence numbers, in steps that are not all one.
        for step in 0..1_500_u32 {
            let sequence = u16::try_from(step * 101 % 65_536).unwrap();
            let payload = vec![step.to_le_bytes()[0]; 1 + usize::from(sequence) % 333];
            let plain = rtp(sequence, 0xcafe_babe, &payload);
            let secret = sealed(&mut ours, &plain).unwrap();
            assert_ne!(secret[12..plain.len()], plain[12..], "{suite:?} {step}");
            assert_eq!(
                theirs.decrypt_rtp(&secret).unwrap(),
                plain,
                "{suite:?} {step}"
            );
            let secret = written.encrypt_rtp(&plain).unwrap();
            assert_eq!(
                opened(&mut read, &secret).unwrap(),
                plain,
                "{suite:?} {step}"
            );
        }
        for _ in 0..3 {
            let plain = report(0xcafe_babe);
            let secret = sealed_report(&mut ours, &plain).unwrap();
            assert_eq!(theirs.decrypt_rtcp(&secret).unwrap(), plain, "{suite:?}");
            let secret = written.encrypt_rtcp(&plain).unwrap();
            assert_eq!(
                opened_report(&mut read, &secret).unwrap(),
                plain,
                "{suite:?}"
            );
        }
    }
}
