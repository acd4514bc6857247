//! Login passwords and tokens: made, hashed, checked. Argon2 takes long on purpose: never on an async thread.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use offhook_base::Secret;

/// Letters and digits that are not mistaken for one another; 58 of them.
const ALPHABET: &[u8; 58] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";

/// The system's source of randomness gave nothing, or the hash function refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the system gives no random octets")]
pub struct NoRandomness;

/// How much one hash costs an attacker, and us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordCost {
    /// The least that the algorithm allows: for tests, whose passwords guard nothing.
    Least,
    /// 19 MiB and two passes, as OWASP advises.
    Usual,
}

impl PasswordCost {
    fn argon2(self) -> Argon2<'static> {
        let params = match self {
            Self::Least => Params::new(Params::MIN_M_COST, 1, 1, None).unwrap_or_default(),
            Self::Usual => Params::default(),
        };
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
    }
}

/// The PHC string of a login password.
///
/// # Errors
/// When the system gives no random octets for the salt.
pub fn hash_password(
    password: &Secret<String>,
    cost: PasswordCost,
) -> Result<Secret<String>, NoRandomness> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| NoRandomness)?;
    let hash = cost
        .argon2()
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map_err(|_| NoRandomness)?;
    Ok(Secret::new(hash.to_string()))
}

/// Whether `password` is the one that `hash` was made from.
pub(crate) fn is_password(password: &Secret<String>, hash: &Secret<String>) -> bool {
    PasswordHash::new(hash.expose()).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.expose().as_bytes(), &hash)
            .is_ok()
    })
}

/// A password of 20 letters and digits, about 117 bits.
///
/// # Errors
/// When the system gives no random octets.
pub fn generate_password() -> Result<Secret<String>, NoRandomness> {
    let mut text = String::with_capacity(20);
    while text.len() < 20 {
        let mut octets = [0; 32];
        getrandom::fill(&mut octets).map_err(|_| NoRandomness)?;
        // Octets from 232 = 4 × 58 on are passed over, or the first letters would come more often.
        let letters = octets
            .iter()
            .filter(|octet| **octet < 232)
            .filter_map(|octet| ALPHABET.get(usize::from(octet % 58)));
        text.extend(
            letters
                .map(|letter| char::from(*letter))
                .take(20 - text.len()),
        );
    }
    Ok(Secret::new(text))
}

/// A token: 40 lowercase hex digits, as published client scripts insist.
pub(crate) fn generate_token() -> Result<Secret<String>, NoRandomness> {
    let mut octets = [0; 20];
    getrandom::fill(&mut octets).map_err(|_| NoRandomness)?;
    Ok(Secret::new(
        octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    ))
}
