//! The messages in `tests/data` and the generator of mutated ones.

use std::path::PathBuf;

/// Numbers that look random and are the same on every run (SplitMix64).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// One file of `tests/data`.
pub(crate) fn read(file: &str) -> Vec<u8> {
    std::fs::read(data().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All files of one kind, by name.
pub(crate) fn all(extension: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no .{extension} files");
    files
}

/// Compares with a committed file; with UPDATE_EXPECTED set, writes it.
pub(crate) fn expect_file(file: &str, actual: &str) {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(data().join(file), actual).unwrap();
    }
    let expected = String::from_utf8(read(file)).unwrap();
    let differing = expected
        .lines()
        .zip(actual.lines())
        .position(|(expected, actual)| expected != actual);
    let line = differing.unwrap_or_else(|| expected.lines().count().min(actual.lines().count()));
    assert!(
        expected == actual,
        "{file}, line {}: expected {:?}, got {:?}",
        line + 1,
        expected.lines().nth(line),
        actual.lines().nth(line)
    );
}

/// Changes a message in one to six places: octets flipped, cut out, doubled, replaced by what parsers stumble over.
pub(crate) fn mutate(draw: &mut Draw, base: &[u8], other: &[u8]) -> Vec<u8> {
    const STUMBLES: [&[u8]; 28] = [
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\"",
        b"<",
        b">",
        b";",
        b",",
        b":",
        b"=",
        b"@",
        b"\\",
        b" ",
        b"\t",
        b"[",
        b"]",
        b"%",
        b"\xff",
        b"\r\n ",
        b"\r\n\r\n",
        b"Content-Length: 18446744073709551610\r\n",
        b"Content-Length: -1\r\n",
        b"l: 3\r\n",
        b"Via: \r\n",
        b"v: ,\r\n",
        b"To: \"\r\n",
        b";tag=",
    ];
    let mut octets = base.to_vec();
    for _ in 0..=draw.below(6) {
        let at = draw.below(octets.len() + 1);
        let until = (at + draw.below(40)).min(octets.len());
        match draw.below(7) {
            0 if at < octets.len() => octets[at] = u8::try_from(draw.next() & 0xff).unwrap(),
            1 => drop(octets.drain(at..until)),
            2 => {
                let piece = octets[at..until].to_vec();
                octets.splice(at..at, piece);
            }
            3 => octets.truncate(at),
            4 if !other.is_empty() => {
                let from = draw.below(other.len());
                let piece = other[from..(from + draw.below(60)).min(other.len())].to_vec();
                octets.splice(at..at, piece);
            }
            _ => {
                let stumble = draw.pick(&STUMBLES);
                octets.splice(at..at, stumble.iter().copied());
            }
        }
    }
    octets
}
