//! RTCP of a renumbered stream (RFC 3550 section 6): a translator that changes SSRCs changes them in reports, too.
//!
//! Octets in place, each packet of a compound for itself; the compound has been checked to be one.

use super::Current;

/// What a source says of itself becomes what the stream says. False when it speaks for another source.
pub(super) fn forwards(compound: &mut [u8], current: &Current) -> bool {
    let mut rest = compound;
    while let Some((packet, next)) = split(rest) {
        rest = next;
        let kind = packet.get(1).copied().unwrap_or_default();
        if !replace(packet, 4, current.source, current.ssrc) && kind != SDES {
            return false;
        }
        if kind == SR {
            add(packet, RTP_TIMESTAMP, current.timestamp_offset);
        }
    }
    true
}

/// What a phone says of the stream becomes what is said of its source.
pub(super) fn backwards(compound: &mut [u8], current: &Current) {
    let mut rest = compound;
    while let Some((packet, next)) = split(rest) {
        rest = next;
        let Some([flags, kind]) = packet.first_chunk::<2>().copied() else {
            return;
        };
        let count = flags & 0x1f;
        match kind {
            SR => blocks(packet, AFTER_SENDER, count, current),
            RR => blocks(packet, AFTER_REPORTER, count, current),
            // The source that the feedback is about (RFC 4585 section 6.1).
            RTPFB | PSFB => {
                replace(packet, 8, current.ssrc, current.source);
            }
            _ => {}
        }
    }
}

fn blocks(packet: &mut [u8], first: usize, count: u8, current: &Current) {
    for n in 0..usize::from(count) {
        let at = first + n * BLOCK;
        if replace(packet, at, current.ssrc, current.source) {
            // The highest number received, with its cycles above the lower 16 bits.
            add(
                packet,
                at + 8,
                u32::from(current.sequence_offset).wrapping_neg(),
            );
        }
    }
}

/// The first packet of a compound and the others.
fn split(compound: &mut [u8]) -> Option<(&mut [u8], &mut [u8])> {
    let words = compound.get(2..4)?;
    let words = usize::from(u16::from_be_bytes([*words.first()?, *words.last()?])) + 1;
    compound.split_at_mut_checked(words * 4)
}

/// Replaces a 32-bit word where it is this one.
fn replace(packet: &mut [u8], at: usize, from: u32, to: u32) -> bool {
    let word = packet.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>);
    let Some(word) = word.filter(|word| u32::from_be_bytes(**word) == from) else {
        return false;
    };
    *word = to.to_be_bytes();
    true
}

fn add(packet: &mut [u8], at: usize, offset: u32) {
    if let Some(word) = packet.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *word = u32::from_be_bytes(*word).wrapping_add(offset).to_be_bytes();
    }
}

const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;
const RTPFB: u8 = 205;
const PSFB: u8 = 206;

/// Of an SR: header, SSRC, NTP timestamp.
const RTP_TIMESTAMP: usize = 16;
/// Report blocks of an SR follow its sender's information.
const AFTER_SENDER: usize = 28;
/// Report blocks of an RR follow its SSRC.
const AFTER_REPORTER: usize = 8;
/// Octets of a report block.
const BLOCK: usize = 24;
