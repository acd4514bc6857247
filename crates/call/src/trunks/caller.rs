//! Who is shown to whom: numbers as a trunk wants them, and what a trunk says of a caller.

use offhook_sip_message::{Message, Name, NameAddr, Uri, View};

use crate::{Numbering, Outside, Trunk, convey};

/// What a caller who does not want to be known is called.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// The digits that a trunk gets for a number: so many of the first taken off, its prefix in front. A service number
/// means something as it is dialled only.
pub(crate) fn number_sent(trunk: &Trunk, number: &Outside) -> String {
    match number {
        Outside::Number(digits) => {
            let rest = digits.get(usize::from(trunk.strip)..).unwrap_or_default();
            if rest.is_empty() {
                return String::new();
            }
            format!("{}{rest}", trunk.prefix)
        }
        Outside::Service(digits) => digits.clone(),
    }
}

/// The number that a user's call shows outside: what was asked for, else the user's own number, else the trunk's, else
/// the extension.
pub(crate) fn shown<'a>(
    trunk: &'a Trunk,
    explicit: Option<&'a str>,
    own: Option<&'a str>,
    ext: &'a str,
) -> &'a str {
    let in_order = [explicit, own, Some(&*trunk.caller_id)];
    let mut known = in_order.into_iter().flatten();
    known.find(|number| !number.is_empty()).unwrap_or(ext)
}

/// Number and name of an outside caller, by a request of a trunk.
///
/// A trunk is trusted: what it asserts (RFC 3325) goes before From, which the caller wrote. Who asks for privacy is
/// `anonymous`, also where the trunk knows better: our users stand outside what the trunk trusts (RFC 3325 7).
pub(crate) fn caller_of(request: &Message, numbering: &Numbering) -> (String, String) {
    let view = request.view();
    let from = view.from();
    if hides(request) {
        return (ANONYMOUS.to_owned(), String::new());
    }
    let asserted: Vec<_> = view
        .elements(Name::PAssertedIdentity)
        .take(MAX_IDENTITIES)
        .filter_map(NameAddr::parse)
        .collect();
    let identities = || asserted.iter().chain(&from);
    let number = identities().find_map(|identity| number_of(identity.parsed_uri()?, numbering));
    let name = identities().find_map(|identity| {
        let name = convey::text(identity.display_text().as_deref());
        let name = short(name.trim());
        (!name.is_empty()).then_some(name)
    });
    (
        number.unwrap_or_else(|| ANONYMOUS.to_owned()),
        name.unwrap_or_default(),
    )
}

/// What a URI has for a number: digits, or else whatever stands in the user part.
fn number_of(uri: Uri<'_>, numbering: &Numbering) -> Option<String> {
    let user = convey::text(uri.user_decoded().as_deref());
    // Parameters of the user part (RFC 3261 19.1.6), such as `;npdi`.
    let user = user.split(';').next().unwrap_or_default();
    let is_number = uri.is_tel() || user.starts_with('+');
    let visual = |char: &char| is_number && matches!(char, '-' | '.' | '(' | ')');
    let dialled: String = user.chars().filter(|char| !visual(char)).collect();
    if let Some(outside) = numbering.outside(&dialled) {
        return Some(outside.digits().to_owned());
    }
    let text = short(dialled.strip_prefix('+').unwrap_or(&dialled));
    (!text.is_empty()).then_some(text)
}

/// Whether who sends a request does not want to be known by whom it calls.
pub(crate) fn hides(request: &Message) -> bool {
    let view = request.view();
    wants_privacy(view) || view.from().is_some_and(|from| is_anonymous(&from))
}

fn wants_privacy(view: View<'_>) -> bool {
    let mut values = view
        .headers(Name::Privacy)
        .flat_map(|value| value.split(|octet| matches!(octet, b';' | b',')));
    values.any(|value| {
        let value = value.trim_ascii();
        // RFC 3323 4.2, RFC 3325 9.3.
        ["id", "user", "header"]
            .iter()
            .any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// RFC 3323 4.1.1.3.
fn is_anonymous(identity: &NameAddr<'_>) -> bool {
    let Some(uri) = identity.parsed_uri() else {
        return false;
    };
    uri.user
        .is_some_and(|user| user.eq_ignore_ascii_case(ANONYMOUS.as_bytes()))
        || uri.host.eq_ignore_ascii_case(b"anonymous.invalid")
}

/// Text of a peer as it is kept: no control characters, not without end.
fn short(text: &str) -> String {
    let chars = text.chars().filter(|char| !char.is_control());
    chars.take(MAX_TEXT).collect()
}

/// RFC 3325 9.1: there are at most two.
const MAX_IDENTITIES: usize = 2;

/// Characters of a number or a name.
const MAX_TEXT: usize = 128;

#[cfg(test)]
mod tests {
    use offhook_sip_message::Framing;

    use super::*;

    fn request(from: &str, extra: &str) -> Message {
        let octets = format!(
            "INVITE sip:34910000000@192.0.2.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 192.0.2.70:5060;branch=z9hG4bK1\r\n\
             From: {from};tag=a\r\nTo: <sip:34910000000@192.0.2.1>\r\n\
             Call-ID: c\r\nCSeq: 1 INVITE\r\n{extra}Content-Length: 0\r\n\r\n"
        );
        Message::parse(octets.into(), Framing::Datagram).expect("a request")
    }

    #[track_caller]
    fn check(from: &str, extra: &str, number: &str, name: &str) {
        let numbering = Numbering::new(Some("ES")).expect("a country");
        let caller = caller_of(&request(from, extra), &numbering);
        assert_eq!((caller.0.as_str(), caller.1.as_str()), (number, name));
    }

    fn trunk(strip: u8, prefix: &str, caller_id: &str) -> Trunk {
        Trunk {
            strip,
            prefix: prefix.to_owned(),
            caller_id: caller_id.to_owned(),
            ..crate::trunks::tests::trunk(1)
        }
    }

    #[test]
    fn a_number_is_stripped_before_the_prefix_is_put_in_front() {
        let number = Outside::Number("34600111222".to_owned());
        for (strip, prefix, expect) in [
            (0, "", "34600111222"),
            (0, "+", "+34600111222"),
            (2, "", "600111222"),
            (2, "9", "9600111222"),
            (11, "9", ""),
            (200, "", ""),
        ] {
            assert_eq!(number_sent(&trunk(strip, prefix, ""), &number), expect);
        }
    }

    #[test]
    fn a_service_number_is_sent_as_dialled() {
        let number = Outside::Service("112".to_owned());
        assert_eq!(number_sent(&trunk(2, "00", ""), &number), "112");
    }

    #[test]
    fn what_is_shown_outside_is_the_first_that_is_known() {
        let known = trunk(0, "", "34910000000");
        let none = trunk(0, "", "");
        let own = Some("34911111111");
        assert_eq!(shown(&known, Some("anonymous"), own, "1001"), "anonymous");
        assert_eq!(shown(&known, None, own, "1001"), "34911111111");
        assert_eq!(shown(&known, Some(""), own, "1001"), "34911111111");
        assert_eq!(shown(&known, None, None, "1001"), "34910000000");
        assert_eq!(shown(&none, None, None, "1001"), "1001");
    }

    #[test]
    fn rfc3325_what_the_trunk_asserts_goes_before_from() {
        check(
            "\"Spoofed\" <sip:911@carrier.example>",
            "P-Asserted-Identity: \"Bob\" <sip:+34600111222@carrier.example>\r\n",
            "34600111222",
            "Bob",
        );
        check(
            "\"Bob\" <sip:911@carrier.example>",
            "P-Asserted-Identity: <sip:carrier.example>, <tel:+34-600-111-222>\r\n",
            "34600111222",
            "Bob",
        );
    }

    #[test]
    fn without_an_assertion_from_is_read_by_the_default_country() {
        check("<sip:600111222@carrier.example>", "", "34600111222", "");
        check(
            "<sip:+442079460018;npdi@carrier.example>",
            "",
            "442079460018",
            "",
        );
        check("<sip:1001@carrier.example>", "", "1001", "");
        check("Bob B <sip:bob@carrier.example>", "", "bob", "Bob B");
        check(
            "<sip:+999123456789@carrier.example>",
            "",
            "999123456789",
            "",
        );
        check("<sip:carrier.example>", "", "anonymous", "");
    }

    #[test]
    fn rfc3323_who_wants_to_be_anonymous_is_also_where_the_trunk_knows_better() {
        let asserted = "P-Asserted-Identity: \"Bob\" <sip:+34600111222@carrier.example>\r\n";
        let hidden = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
        check(hidden, "", "anonymous", "");
        check(hidden, asserted, "anonymous", "");
        check("<sip:Anonymous@carrier.example>", asserted, "anonymous", "");
        for (value, number) in [
            ("id", "anonymous"),
            ("critical; ID", "anonymous"),
            ("none", "34600111222"),
        ] {
            let extra = format!("{asserted}Privacy: {value}\r\n");
            let numbering = Numbering::new(Some("ES")).expect("a country");
            let caller = caller_of(&request("<sip:1@carrier.example>", &extra), &numbering);
            assert_eq!(caller.0, number, "{value}");
        }
    }

    #[test]
    fn names_and_numbers_of_a_peer_are_text_without_controls_and_not_without_end() {
        check("\"a\\\"b\" <sip:x%00%0Ay@h>", "", "xy", "a\"b");
        let long = "x".repeat(10_000);
        let numbering = Numbering::new(None).expect("none");
        let from = format!("\"{long}\" <sip:{long}@h>");
        let (number, name) = caller_of(&request(&from, ""), &numbering);
        assert_eq!((number.len(), name.len()), (128, 128));
        let octets = [b"\"J\xf6rg\" <sip:1@h>".as_slice()].concat();
        let mut message = request("X", "").raw().to_vec();
        let at = message.windows(2).position(|w| w == b"X;").expect("From");
        message.splice(at..=at, octets);
        let message = Message::parse(message.into(), Framing::Datagram).expect("a request");
        assert_eq!(caller_of(&message, &numbering).1, "J\u{fffd}rg");
    }
}
