//! What is learnt of one side's packets besides passing them on: the keys that it presses, and how well it arrives.

use std::time::Duration;

use offhook_base::Mono;

use crate::codec::{Codec, Decoder};
use crate::command::{PressWay, SideQuality};
use crate::dtmf::{EventPacket, EventReceiver, Press, Tone, ToneDetector};
use crate::formats::{Encoding, PayloadFormat};
use crate::packet::RtpHeader;
use crate::quality::{Arrival, CodecImpairment, Receiver};
use crate::rtcp::{Report, RoundTrip, reports};

/// Listens to one side.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    events: EventReceiver,
    tones: Option<Tones>,
    /// A key that was heard as tones and not told yet.
    heard: Option<Press>,
    receiver: Receiver,
    impairment: Option<CodecImpairment>,
    round_trip: RoundTrip,
}

/// Hears tones in one codec.
#[derive(Debug)]
struct Tones {
    codec: Codec,
    decoder: Decoder,
    detector: Box<ToneDetector>,
}

impl Hearing {
    /// A packet of the side's own. `keys_apart` says whether its SDP lists telephone-event, so that it need not press keys
    /// as tones.
    pub(super) fn on_packet(
        &mut self,
        now: Mono,
        header: &RtpHeader,
        format: Option<PayloadFormat>,
        keys_apart: bool,
        packet: &[u8],
    ) {
        let encoding = format.map_or(Encoding::Other, |format| format.encoding);
        let clock = format.map(|format| format.clock);
        self.receiver.on_packet(
            now,
            &Arrival {
                ssrc: header.ssrc,
                sequence: header.sequence,
                timestamp: header.timestamp,
                clock_rate: clock.filter(|_| encoding != Encoding::TelephoneEvent),
            },
        );
        let payload = header.payload(packet);
        let codec = match encoding {
            Encoding::TelephoneEvent => {
                let event = EventPacket {
                    ssrc: header.ssrc,
                    timestamp: header.timestamp,
                    marker: header.marker,
                    clock_rate: clock.unwrap_or_default(),
                    payload,
                };
                return self.events.handle_packet(now, &event);
            }
            Encoding::ComfortNoise | Encoding::Other => return,
            Encoding::Opus => {
                self.impairment = Some(CodecImpairment::OPUS);
                encoding.codec()
            }
            Encoding::G722 | Encoding::Pcma | Encoding::Pcmu => {
                self.impairment = Some(CodecImpairment::G711);
                encoding.codec()
            }
        };
        if let Some(codec) = codec.filter(|codec| !codec.is_dear() || !keys_apart) {
            self.listen(now, codec, payload);
        }
    }

    fn listen(&mut self, now: Mono, codec: Codec, payload: &[u8]) {
        let tones = match &mut self.tones {
            Some(tones) if tones.codec == codec => tones,
            other => {
                let Some(detector) = ToneDetector::new(codec.sample_rate()) else {
                    return;
                };
                other.insert(Tones {
                    codec,
                    decoder: Decoder::new(codec),
                    detector: Box::new(detector),
                })
            }
        };
        let mut samples = [0; MOST_SAMPLES];
        let count = tones.decoder.decode(payload, &mut samples);
        let mut rest = samples.get(..count).unwrap_or_default();
        while let Some(tone) = tones.detector.handle_samples(&mut rest) {
            if let Tone::Ended { digit, duration } = tone {
                self.heard = Some(Press {
                    digit,
                    at: Mono(now.0.saturating_sub(nanos(duration + LATE))),
                    duration,
                });
            }
        }
    }

    /// A report of the side's own.
    pub(super) fn on_report(&mut self, now: Mono, packet: &[u8]) {
        for report in reports(packet) {
            if let Report::Received(reception) = report {
                self.round_trip.on_reception(now, &reception);
            }
        }
    }

    /// A report that goes to the side.
    pub(super) fn on_report_to(&mut self, now: Mono, packet: &[u8]) {
        for report in reports(packet) {
            if let Report::Sent { middle } = report {
                self.round_trip.on_sent(now, middle);
            }
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Mono> {
        self.events.next_timeout()
    }

    pub(super) fn handle_timeout(&mut self, now: Mono) {
        self.events.handle_timeout(now);
    }

    /// A key that was pressed and not told yet, and how it was heard.
    pub(super) fn poll_press(&mut self) -> Option<(Press, PressWay)> {
        if let Some(press) = self.events.poll_press() {
            return Some((press, PressWay::Rfc4733));
        }
        self.heard.take().map(|press| (press, PressWay::InBand))
    }

    /// How well the side has arrived so far.
    pub(super) fn quality(&self) -> SideQuality {
        let impairment = self.impairment.unwrap_or(CodecImpairment::G711);
        let quality = self.receiver.quality(impairment, self.round_trip.last());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small and positive"
        )]
        SideQuality {
            packets: quality.packets,
            lost: quality.lost,
            jitter_us: (quality.jitter * 1_000.0) as u32,
            mos_x100: (quality.mos.unwrap_or_default() * 100.0).round() as u16,
            round_trip_us: quality
                .round_trip
                .map(|trip| u32::try_from(trip.as_micros()).unwrap_or(u32::MAX)),
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.receiver.lost()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Samples of the longest packet that is listened to: 120 ms at 16,000 a second.
const MOST_SAMPLES: usize = 1_920;

/// How late the end of a tone is known.
const LATE: Duration = Duration::from_millis(40);
