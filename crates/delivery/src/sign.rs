//! Standard Webhooks signatures, version 1: HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_base::Secret;
use ring::hmac;

/// A secret, ready to sign with.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

/// Why a text is not a signing secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretError {
    /// What follows the prefix is not base64.
    #[error("what follows whsec_ is not base64")]
    NotBase64,
    /// The prefix is missing.
    #[error("a signing secret starts with whsec_")]
    NoPrefix,
    /// Too short or too long.
    #[error("a signing secret has 24 to 64 bytes, this one {0}")]
    Length(usize),
}

impl SigningKey {
    /// Reads `whsec_` and the base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(secret: &Secret<String>) -> Result<Self, SecretError> {
        let text = secret
            .expose()
            .strip_prefix("whsec_")
            .ok_or(SecretError::NoPrefix)?;
        let bytes = STANDARD.decode(text).map_err(|_| SecretError::NotBase64)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretError::Length(bytes.len()));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// The value of `webhook-signature`: one `v1,<base64>` per key, parted by spaces.
#[must_use]
pub fn sign(keys: &[SigningKey], id: &str, unix_seconds: i64, body: &[u8]) -> String {
    let mut value = String::with_capacity(keys.len() * 48);
    for SigningKey(key) in keys {
        let mut context = hmac::Context::with_key(key);
        context.update(id.as_bytes());
        context.update(b".");
        context.update(unix_seconds.to_string().as_bytes());
        context.update(b".");
        context.update(body);
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str("v1,");
        STANDARD.encode_string(context.sign(), &mut value);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> SigningKey {
        SigningKey::parse(&Secret::new(secret.to_owned())).unwrap()
    }

    #[test]
    fn the_specifications_example_is_signed_as_published() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = sign(
            &[key],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_not_a_secret_is_refused_in_words() {
        let refused = |text: &str| {
            SigningKey::parse(&Secret::new(text.to_owned()))
                .map(|_| ())
                .unwrap_err()
        };
        assert_eq!(refused(""), SecretError::NoPrefix);
        assert_eq!(
            refused("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            SecretError::NoPrefix
        );
        assert_eq!(refused("whsec_***"), SecretError::NotBase64);
        assert_eq!(refused("whsec_MfKQ9r8GKYqrTwg="), SecretError::Length(11));
        assert_eq!(
            refused(&format!("whsec_{}", STANDARD.encode([1; 65]))),
            SecretError::Length(65)
        );
    }
}
