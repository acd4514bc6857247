//! Digest credentials (RFC 2617, RFC 7616, RFC 8760).

use md5::Digest;
use offhook_sip_message::{AuthParams, Name, View};

/// A challenge, and how often it was answered.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    algorithm: Algorithm,
    nonce: String,
    opaque: Option<String>,
    /// 407 instead of 401.
    proxy: bool,
    qop_auth: bool,
    realm: String,
    pub(super) stale: bool,
    used: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        let octets = match self {
            Self::Md5 => md5::Md5::digest(text).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(text).to_vec(),
        };
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

impl Challenge {
    /// The first challenge of a 401 or 407 that we can answer (RFC 8760, section 2.4).
    pub(super) fn read(response: View<'_>) -> Option<Self> {
        let proxy = response.status() == Some(407);
        let name = if proxy {
            Name::ProxyAuthenticate
        } else {
            Name::WwwAuthenticate
        };
        response
            .headers(name)
            .find_map(|value| Self::parse(value, proxy))
    }

    fn parse(value: &[u8], proxy: bool) -> Option<Self> {
        let params = AuthParams::parse(value).filter(AuthParams::is_digest)?;
        let text = |name: &str| {
            params
                .get(name)
                .map(|value| String::from_utf8_lossy(&value).into_owned())
        };
        let algorithm = match text("algorithm") {
            None => Algorithm::Md5,
            Some(name) if name.eq_ignore_ascii_case("MD5") => Algorithm::Md5,
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Algorithm::Sha256,
            Some(_) => return None,
        };
        let qop = text("qop");
        let qop_auth = qop
            .as_deref()
            .is_some_and(|qop| qop.split(',').any(|word| word.trim() == "auth"));
        if qop.is_some() && !qop_auth {
            return None;
        }
        Some(Self {
            algorithm,
            nonce: text("nonce")?,
            opaque: text("opaque"),
            proxy,
            qop_auth,
            realm: text("realm")?,
            stale: text("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            used: 0,
        })
    }

    /// Name and value of the header that answers the challenge for this request.
    pub(super) fn answer(
        &mut self,
        username: &str,
        password: &str,
        (method, uri): (&str, &str),
        cnonce: &str,
    ) -> (&'static str, String) {
        self.used += 1;
        let hash = |text: &str| self.algorithm.hash(text);
        let ha1 = hash(&format!("{username}:{}:{password}", self.realm));
        let ha2 = hash(&format!("{method}:{uri}"));
        let nc = format!("{:08x}", self.used);
        let response = if self.qop_auth {
            hash(&format!("{ha1}:{}:{nc}:{cnonce}:auth:{ha2}", self.nonce))
        } else {
            hash(&format!("{ha1}:{}:{ha2}", self.nonce))
        };
        let mut value = format!(
            "Digest username=\"{username}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\", algorithm={}",
            self.realm,
            self.nonce,
            self.algorithm.name(),
        );
        if self.qop_auth {
            value.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        (
            if self.proxy {
                "Proxy-Authorization"
            } else {
                "Authorization"
            },
            value,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(value: &str, name: &str) -> String {
        let params = AuthParams::parse(value.as_bytes()).unwrap();
        String::from_utf8(params.get(name).unwrap().into_owned()).unwrap()
    }

    #[test]
    fn rfc2617_3_5_the_example_gives_its_response() {
        let challenge = br#"Digest realm="testrealm@host.com", qop="auth,auth-int",
            nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
        let mut challenge = Challenge::parse(challenge, false).unwrap();
        let request = ("GET", "/dir/index.html");
        let (name, value) = challenge.answer("Mufasa", "Circle Of Life", request, "0a4f113b");
        assert_eq!(name, "Authorization");
        assert_eq!(
            field(&value, "response"),
            "6629fae49393a05397450978507c4ef1"
        );
        assert_eq!(field(&value, "nc"), "00000001");
        assert_eq!(field(&value, "opaque"), "5ccc069c403ebaf9f0171e9517f40e41");
    }

    #[test]
    fn rfc7616_3_9_1_the_sha_256_example_gives_its_response() {
        let challenge = br#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
        let mut challenge = Challenge::parse(challenge, false).unwrap();
        let request = ("GET", "/dir/index.html");
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let (_, value) = challenge.answer("Mufasa", "Circle of Life", request, cnonce);
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert_eq!(field(&value, "response"), expected);
    }

    #[test]
    fn a_nonce_that_is_used_again_counts_on() {
        let mut challenge =
            Challenge::parse(br#"Digest realm="r", nonce="n", qop="auth""#, true).unwrap();
        let (name, _) = challenge.answer("u", "p", ("REGISTER", "sip:r"), "c");
        let (_, second) = challenge.answer("u", "p", ("REGISTER", "sip:r"), "c");
        assert_eq!(name, "Proxy-Authorization");
        assert_eq!(field(&second, "nc"), "00000002");
    }

    #[test]
    fn what_cannot_be_answered_is_no_challenge() {
        for value in [
            &br#"Basic realm="r""#[..],
            br#"Digest realm="r""#,
            br#"Digest nonce="n""#,
            br#"Digest realm="r", nonce="n", algorithm=SHA-512-256"#,
            br#"Digest realm="r", nonce="n", qop="auth-int""#,
        ] {
            assert!(
                Challenge::parse(value, false).is_none(),
                "{}",
                String::from_utf8_lossy(value)
            );
        }
    }
}
