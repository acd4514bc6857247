/// Declares [`Name`], its wire spellings and its compact forms from one table.
macro_rules! names {
    ($($variant:ident $text:literal $($compact:literal)?;)*) => {
        /// The name of a header, where it is one that we know.
        ///
        /// Names are compared without regard to case and the compact forms of RFC 3261 §7.3.3 are understood.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Name {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
            /// Any other name; [`crate::Header::name`] has its octets.
            Other,
        }

        impl Name {
            const ALL: &'static [Self; Self::KNOWN] = &[$(Self::$variant),*];
            const TEXTS: &'static [&'static str; Self::KNOWN] = &[$($text),*];
            /// How many names are known.
            pub(crate) const KNOWN: usize = [$($text),*].len();

            /// The long form as RFCs spell it; empty for [`Name::Other`].
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other => "",
                }
            }

            fn from_compact(letter: u8) -> Self {
                match letter {
                    $($($compact => Self::$variant,)?)*
                    _ => Self::Other,
                }
            }
        }
    };
}

names! {
    Accept "Accept";
    AcceptContact "Accept-Contact" b'a';
    AcceptEncoding "Accept-Encoding";
    AcceptLanguage "Accept-Language";
    AlertInfo "Alert-Info";
    Allow "Allow";
    AllowEvents "Allow-Events" b'u';
    AnswerMode "Answer-Mode";
    AuthenticationInfo "Authentication-Info";
    Authorization "Authorization";
    CallId "Call-ID" b'i';
    CallInfo "Call-Info";
    Contact "Contact" b'm';
    ContentDisposition "Content-Disposition";
    ContentEncoding "Content-Encoding" b'e';
    ContentLanguage "Content-Language";
    ContentLength "Content-Length" b'l';
    ContentType "Content-Type" b'c';
    CSeq "CSeq";
    Date "Date";
    Diversion "Diversion";
    ErrorInfo "Error-Info";
    Event "Event" b'o';
    Expires "Expires";
    FlowTimer "Flow-Timer";
    From "From" b'f';
    HistoryInfo "History-Info";
    Identity "Identity" b'y';
    InReplyTo "In-Reply-To";
    Join "Join";
    MaxForwards "Max-Forwards";
    MimeVersion "MIME-Version";
    MinExpires "Min-Expires";
    MinSe "Min-SE";
    Organization "Organization";
    PAccessNetworkInfo "P-Access-Network-Info";
    PAssertedIdentity "P-Asserted-Identity";
    PAssociatedUri "P-Associated-URI";
    PCalledPartyId "P-Called-Party-ID";
    PEarlyMedia "P-Early-Media";
    PPreferredIdentity "P-Preferred-Identity";
    Path "Path";
    Priority "Priority";
    Privacy "Privacy";
    ProxyAuthenticate "Proxy-Authenticate";
    ProxyAuthorization "Proxy-Authorization";
    ProxyRequire "Proxy-Require";
    RAck "RAck";
    Reason "Reason";
    RecordRoute "Record-Route";
    ReferSub "Refer-Sub";
    ReferTo "Refer-To" b'r';
    ReferredBy "Referred-By" b'b';
    RejectContact "Reject-Contact" b'j';
    RemotePartyId "Remote-Party-ID";
    Replaces "Replaces";
    ReplyTo "Reply-To";
    RequestDisposition "Request-Disposition" b'd';
    Require "Require";
    RetryAfter "Retry-After";
    Route "Route";
    RSeq "RSeq";
    Server "Server";
    ServiceRoute "Service-Route";
    SessionExpires "Session-Expires" b'x';
    SipEtag "SIP-ETag";
    SipIfMatch "SIP-If-Match";
    Subject "Subject" b's';
    SubscriptionState "Subscription-State";
    Supported "Supported" b'k';
    TargetDialog "Target-Dialog";
    Timestamp "Timestamp";
    To "To" b't';
    Unsupported "Unsupported";
    UserAgent "User-Agent";
    Via "Via" b'v';
    Warning "Warning";
    WwwAuthenticate "WWW-Authenticate";
}

impl Name {
    /// Reads a name in its long or compact form; what is not known is [`Name::Other`].
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        if let [letter] = text {
            return Self::from_compact(letter.to_ascii_lowercase());
        }
        let mut slot = hash(text);
        // A free slot, which says Other, ends the probe: the table is never full.
        while let Some(name) = TABLE.get(slot) {
            let Some(known) = Self::TEXTS.get(*name as usize) else {
                break;
            };
            // Nearly every peer spells names as the RFCs do, and comparing octets is cheaper than letters.
            if known.as_bytes() == text || known.as_bytes().eq_ignore_ascii_case(text) {
                return *name;
            }
            slot = (slot + 1) % SLOTS;
        }
        Self::Other
    }

    /// The place of this name in a table of all known names; past its end for [`Name::Other`].
    pub(crate) fn ordinal(self) -> usize {
        self as usize
    }
}

const SLOTS: usize = 256;
static TABLE: [Name; SLOTS] = table();

/// Mixes length, first, middle and last letter; the table resolves what collides.
const fn hash(text: &[u8]) -> usize {
    let (Some(first), Some(last)) = (text.first(), text.last()) else {
        return 0;
    };
    let (_, tail) = text.split_at(text.len() / 2);
    let middle = match tail.first() {
        Some(middle) => *middle,
        None => 0,
    };
    // Letters differ from their capitals in this bit alone.
    let first = (*first | 0x20) as usize;
    let last = (*last | 0x20) as usize;
    let middle = (middle | 0x20) as usize;
    (text.len() * 7 + first * 31 + last * 5 + middle * 59) % SLOTS
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, where a slip stops the build"
)]
const fn table() -> [Name; SLOTS] {
    let mut table = [Name::Other; SLOTS];
    let mut at = 0;
    while at < Name::KNOWN {
        let mut slot = hash(Name::TEXTS[at].as_bytes());
        while !matches!(table[slot], Name::Other) {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = Name::ALL[at];
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for name in Name::ALL.iter().copied() {
            assert_eq!(Name::parse(name.as_str().as_bytes()), name);
            assert_eq!(
                Name::parse(name.as_str().to_ascii_uppercase().as_bytes()),
                name
            );
            assert_eq!(
                Name::parse(name.as_str().to_ascii_lowercase().as_bytes()),
                name
            );
            assert_eq!(Name::ALL.get(name.ordinal()), Some(&name));
        }
    }

    #[test]
    fn rfc3261_7_3_3_compact_forms_are_understood() {
        let forms = [
            (b"v", Name::Via),
            (b"F", Name::From),
            (b"t", Name::To),
            (b"i", Name::CallId),
            (b"m", Name::Contact),
            (b"l", Name::ContentLength),
            (b"c", Name::ContentType),
            (b"k", Name::Supported),
            (b"x", Name::SessionExpires),
            (b"r", Name::ReferTo),
            (b"b", Name::ReferredBy),
            (b"o", Name::Event),
        ];
        for (form, name) in forms {
            assert_eq!(Name::parse(form), name);
        }
        assert_eq!(Name::parse(b"z"), Name::Other);
    }

    #[test]
    fn what_is_not_known_is_other() {
        for text in [
            &b""[..],
            b"X-Custom",
            b"Vias",
            b"Vi",
            b"\xff\xfe",
            b"Contact ",
        ] {
            assert_eq!(Name::parse(text), Name::Other, "{text:?}");
        }
    }

    #[test]
    fn probes_stay_short() {
        let longest = Name::ALL
            .iter()
            .map(|name| {
                let home = hash(name.as_str().as_bytes());
                let at = TABLE.iter().position(|entry| entry == name).unwrap();
                (at + SLOTS - home) % SLOTS
            })
            .max();
        assert!(longest < Some(8), "{longest:?}");
    }
}
