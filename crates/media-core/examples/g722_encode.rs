//! Encodes sound as the prompts are kept: 16 bits, 16,000 samples a second from standard input, G.722 to standard output.

use std::io::{Read as _, Write as _};

use offhook_media_core::{Codec, Encoder};

fn main() -> std::io::Result<()> {
    let mut octets = Vec::new();
    std::io::stdin().lock().read_to_end(&mut octets)?;
    let words = octets.as_chunks().0.iter();
    let mut samples: Vec<i16> = words.map(|word| i16::from_le_bytes(*word)).collect();
    // Whole frames of 20 ms: what is said next begins with one.
    samples.resize(samples.len().next_multiple_of(320), 0);
    let mut payload = vec![0; samples.len() / 2];
    Encoder::new(Codec::G722).encode(&samples, &mut payload);
    std::io::stdout().lock().write_all(&payload)
}
