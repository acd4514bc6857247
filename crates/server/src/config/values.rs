//! The kinds of values that keys have: how each is read, and how it is written again.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;

use super::fault::Place;
use super::tree::{Item, Raw};

/// What is wrong with one value. `path` is empty, or the place in a list: `[1]`.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) place: Place,
    pub(super) path: String,
    pub(super) message: String,
}

/// A kind of value.
pub(super) trait Value: Clone + PartialEq {
    /// Reads it; all that is wrong goes to `wrong`.
    fn read(item: &Item, wrong: &mut Vec<Wrong>) -> Option<Self>;

    /// Writes it as TOML.
    fn write(&self) -> String;
}

/// A value whose TOML form is a string.
pub(super) trait Text: Clone + PartialEq {
    /// Reads the text, or says in words what was expected.
    fn from_text(text: &str) -> Result<Self, String>;

    /// The text that is read back as the same value.
    fn to_text(&self) -> String;
}

impl<T: Text> Value for T {
    fn read(item: &Item, wrong: &mut Vec<Wrong>) -> Option<Self> {
        let text = match (&item.raw, &item.text) {
            (Raw::String(text), _) => text,
            // OFFHOOK__NODE__NAME=7 means the name "7".
            (_, Some(text)) => text,
            (other, None) => {
                say(
                    item,
                    format!("must be a string, not {}", other.kind()),
                    wrong,
                );
                return None;
            }
        };
        T::from_text(text)
            .map_err(|message| say(item, message, wrong))
            .ok()
    }

    fn write(&self) -> String {
        quote(&self.to_text())
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(item: &Item, wrong: &mut Vec<Wrong>) -> Option<Self> {
        let Raw::Array(items) = &item.raw else {
            say(
                item,
                format!("must be a list such as [\"…\"], not {}", item.raw.kind()),
                wrong,
            );
            return None;
        };
        let before = wrong.len();
        let mut values = Self::new();
        for (n, item) in items.iter().enumerate() {
            let first = wrong.len();
            values.extend(T::read(item, wrong));
            for fault in wrong.iter_mut().skip(first) {
                fault.path = format!("[{n}]{}", fault.path);
            }
        }
        (wrong.len() == before).then_some(values)
    }

    fn write(&self) -> String {
        let items: Vec<String> = self.iter().map(Value::write).collect();
        format!("[{}]", items.join(", "))
    }
}

macro_rules! whole_numbers {
    ($($kind:ty),+) => {
        $(impl Value for $kind {
            fn read(item: &Item, wrong: &mut Vec<Wrong>) -> Option<Self> {
                let Raw::Integer(number) = &item.raw else {
                    say(item, format!("must be a whole number, not {}", item.raw.kind()), wrong);
                    return None;
                };
                let fits = Self::try_from(*number);
                fits.map_err(|_| say(item, format!("must be between 0 and {}", Self::MAX), wrong)).ok()
            }

            fn write(&self) -> String {
                self.to_string()
            }
        })+
    };
}

whole_numbers!(u16, u32);

impl Text for String {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn to_text(&self) -> String {
        self.clone()
    }
}

impl Text for PathBuf {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Err("must not be empty".to_owned())
        } else {
            Ok(Self::from(text))
        }
    }

    fn to_text(&self) -> String {
        self.display().to_string()
    }
}

impl Text for SocketAddr {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not an address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\""))
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}

impl Text for IpAddr {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("{text:?} is not an IP address, such as \"192.0.2.10\""))
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}

impl Text for IpNet {
    /// A network; a lone address means itself alone.
    fn from_text(text: &str) -> Result<Self, String> {
        let network = text
            .parse()
            .or_else(|_| text.parse::<IpAddr>().map(Self::from));
        network.map_err(|_| {
            format!("{text:?} is not a network, such as \"10.0.0.0/8\" or \"192.0.2.10\"")
        })
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}

/// `""` is none.
impl<T: Text> Text for Option<T> {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Ok(None)
        } else {
            T::from_text(text).map(Some)
        }
    }

    fn to_text(&self) -> String {
        self.as_ref().map(Text::to_text).unwrap_or_default()
    }
}

/// An amount of octets: `2GiB`, `512MiB`, `1000`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ByteSize(pub(crate) u64);

const UNITS: [(&str, u64); 5] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("", 1),
];

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        let unit = text.get(digits.len()..).unwrap_or_default().trim();
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit || (unit == "B" && name.is_empty()))
            .map(|(_, factor)| *factor);
        let number = digits
            .bytes()
            .all(|octet| octet.is_ascii_digit())
            .then(|| digits.parse::<u64>().ok())
            .flatten();
        let size = number
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor));
        size.map(Self).ok_or_else(|| {
            format!("{text:?} is not a size, such as \"2GiB\", \"512MiB\" or \"100000\"")
        })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| self.0.is_multiple_of(*factor) && self.0 >= *factor)
            .unwrap_or(("", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl Text for ByteSize {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn to_text(&self) -> String {
        self.to_string()
    }
}

/// The UDP ports that media may use, both ends included. `0` lets the system choose free ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PortRange {
    /// First port; even, because RTP takes the even port of a pair (RFC 3550, section 11). 0: any free ones.
    pub(crate) first: u16,
    /// Last port; odd, the RTCP port of the last pair.
    pub(crate) last: u16,
}

impl PortRange {
    /// Any free ports.
    pub(crate) const ANY: Self = Self { first: 0, last: 0 };

    /// Whether the system chooses the ports.
    pub(crate) const fn is_any(self) -> bool {
        self.first == 0
    }
}

impl Text for PortRange {
    fn from_text(text: &str) -> Result<Self, String> {
        if text == "0" {
            return Ok(Self::ANY);
        }
        let port = |text: &str| text.trim().parse::<u16>().ok();
        let ports = text
            .split_once('-')
            .and_then(|(first, last)| port(first).zip(port(last)));
        let Some((first, last)) = ports else {
            return Err(format!(
                "{text:?} is not a range of ports, such as \"20000-29999\", nor \"0\" for any free ones"
            ));
        };
        if first < 1024 {
            return Err(format!(
                "{first} is below 1024, where ports are for system services"
            ));
        }
        if first % 2 == 1 || last % 2 == 0 || last < first {
            return Err(format!(
                "{text:?} does not hold whole pairs: the first port must be even, the last one odd and above it"
            ));
        }
        Ok(Self { first, last })
    }

    fn to_text(&self) -> String {
        if self.is_any() {
            "0".to_owned()
        } else {
            format!("{}-{}", self.first, self.last)
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl Text for $name {
            fn from_text(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("{text:?} is not one of {}", [$(concat!("\"", $word, "\"")),+].join(", "))),
                }
            }

            fn to_text(&self) -> String {
                match self { $(Self::$variant => $word.to_owned(),)+ }
            }
        }
    };
}

words! {
    /// A digest algorithm for the challenges of phones (RFC 8760).
    Digest {
        /// What every phone understands.
        Md5 = "MD5",
        /// Stronger; some phones refuse a challenge that offers it.
        Sha256 = "SHA-256",
    }
}

words! {
    /// Whether media passes through us.
    Relay {
        /// RTP and RTCP of every call pass through us.
        Always = "always",
        /// Signalling only: the phones' SDP is passed on as it is.
        Never = "never",
    }
}

words! {
    /// Whether phones that are reached by TLS are offered encrypted media.
    Srtp {
        /// No. A phone that wants it has it.
        Off = "off",
        /// Yes, and a phone may go without.
        Offered = "offered",
        /// Yes, and a phone without is not talked to.
        Required = "required",
    }
}

fn say(item: &Item, message: String, wrong: &mut Vec<Wrong>) {
    wrong.push(Wrong {
        place: item.place.clone(),
        path: String::new(),
        message,
    });
}

/// A TOML basic string.
fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
