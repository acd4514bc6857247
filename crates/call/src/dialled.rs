//! What was dialled, read from a URI.

use offhook_sip_message::{Message, Uri};

/// The number in the Request-URI.
pub(crate) fn dialled(request: &Message) -> String {
    let view = request.view();
    let uri = view.request_uri().and_then(Uri::parse);
    uri.map(|uri| number_of(&uri)).unwrap_or_default()
}

/// The number that a URI names: its user part, percent-decoded; for `tel:` the number. A `+` in front is kept, as it
/// says that it is no extension; the separators that people write into numbers (RFC 3966 §5.1.1) are not. Anything else that no
/// number has is kept as `?`, which nobody answers to, so that a caller never reaches a number that was not dialled.
pub(crate) fn number_of(uri: &Uri<'_>) -> String {
    let decoded = uri.user_decoded().unwrap_or_default();
    read(&String::from_utf8_lossy(&decoded), uri.is_tel())
}

/// The number in what somebody wrote, who may have put spaces into it.
pub(crate) fn number_in(written: &str) -> String {
    read(&written.replace(' ', ""), false)
}

fn read(text: &str, is_tel: bool) -> String {
    // User parameters such as `;phone-context=` are no part of the number either.
    let number = text.split(';').next().unwrap_or_default();
    let global = number.starts_with('+') || is_tel;
    let separator = |c: char| global && "-.()".contains(c);
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || "*#-_.!~".contains(c) {
            c
        } else {
            '?'
        }
    };
    let plus = number.starts_with('+').then_some('+');
    let rest = number.trim_start_matches('+').chars();
    plus.into_iter()
        .chain(rest.filter(|c| !separator(*c)).map(kept))
        .take(64)
        .collect()
}
