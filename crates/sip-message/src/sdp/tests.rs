use super::*;

#[test]
fn a_body_without_version_is_no_description() {
    assert_eq!(Sdp::parse(b"hello").err(), Some(SdpError::NotSdp));
}
