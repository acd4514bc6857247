use super::*;

fn uri(text: &[u8]) -> Uri<'_> {
    Uri::parse(text).unwrap_or_else(|| panic!("{:?} is refused", text.escape_ascii().to_string()))
}

#[test]
fn all_parts_are_read() {
    let uri =
        uri(b"sips:j%40doe:p%3aw@[2001:db8::9]:5061;transport=tcp;lr?Subject=x&Priority=urgent");
    assert!(uri.is_secure());
    assert_eq!(uri.user, Some(&b"j%40doe"[..]));
    assert_eq!(uri.user_decoded().as_deref(), Some(&b"j@doe"[..]));
    assert_eq!(uri.password, Some(&b"p%3aw"[..]));
    assert_eq!(uri.host, b"[2001:db8::9]");
    assert_eq!(uri.bare_host(), b"2001:db8::9");
    assert_eq!(uri.port, Some(5061));
    assert_eq!(uri.params.get("transport"), Some(&b"tcp"[..]));
    assert!(uri.params.has("lr"));
    assert_eq!(uri.headers, Some(&b"Subject=x&Priority=urgent"[..]));
}

#[test]
fn rfc4475_3_1_1_1_users_hold_semicolons_and_question_marks() {
    let with_semicolon = uri(b"sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com");
    assert_eq!(with_semicolon.host, b"example.com");
    assert_eq!(
        uri(b"sip:vivekg@chair-dnrc.example.com;unknownparam")
            .params
            .raw(),
        b"unknownparam"
    );
    let mail = uri(b"sip:alice@home.example@pbx.example");
    assert_eq!(
        (mail.user, mail.host),
        (Some(&b"alice@home.example"[..]), &b"pbx.example"[..])
    );
    let header = uri(b"sip:alice@pbx.example?Replaces=x@y");
    assert_eq!(
        (header.user, header.host),
        (Some(&b"alice"[..]), &b"pbx.example"[..])
    );
}

#[test]
fn hosts_without_user_and_other_schemes() {
    assert_eq!(
        (
            uri(b"sip:10.0.0.1:5070").host,
            uri(b"SIP:10.0.0.1:5070").port
        ),
        (&b"10.0.0.1"[..], Some(5070))
    );
    let tel = uri(b"tel:+1-201-555-0123;phone-context=example.com");
    assert!(tel.is_tel());
    assert_eq!(tel.user, Some(&b"+1-201-555-0123"[..]));
    assert_eq!(tel.params.get("phone-context"), Some(&b"example.com"[..]));
    assert_eq!(uri(b"urn:service:sos").user, Some(&b"service:sos"[..]));
}

#[test]
fn what_cannot_be_a_uri_is_refused() {
    for bad in [
        &b""[..],
        b"sip:",
        b"sip:@host",
        b"sip:a@",
        b"sip:a@host:99999",
        b"sip:a@host:5x",
        b"sip:a@[::1",
        b"sip:a@[]",
        b"alice",
        b":a@b",
        b"1sip:a@b",
        b"<sip:a@b>",
        b"sip:a b@c",
        b"sip:a@b\0",
        b"tel:",
    ] {
        assert_eq!(
            Uri::parse(bad),
            None,
            "{:?}",
            bad.escape_ascii().to_string()
        );
    }
}

#[test]
fn rfc3261_19_1_4_equivalent_uris() {
    for (one, two) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;newparam=5",
        ),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ] {
        assert!(
            uri(one.as_bytes()).is_equivalent(&uri(two.as_bytes())),
            "{one} {two}"
        );
        assert!(
            uri(two.as_bytes()).is_equivalent(&uri(one.as_bytes())),
            "{two} {one}"
        );
    }
}

#[test]
fn rfc3261_19_1_4_uris_that_differ() {
    for (one, two) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next%20meeting",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
    ] {
        assert!(
            !uri(one.as_bytes()).is_equivalent(&uri(two.as_bytes())),
            "{one} {two}"
        );
        assert!(
            !uri(two.as_bytes()).is_equivalent(&uri(one.as_bytes())),
            "{two} {one}"
        );
    }
}

#[test]
fn percent_coding_there_and_back() {
    assert_eq!(percent_decode(b"100%25%zz%4").as_ref(), b"100%%zz%4");
    let mut out = Vec::new();
    percent_encode_user(b"J\xf6rg @1#", &mut out);
    assert_eq!(out, b"J%F6rg%20%401%23");
    assert_eq!(percent_decode(&out).as_ref(), b"J\xf6rg @1#");
}
