//! Who sent this request?

use std::collections::BTreeMap;
use std::net::IpAddr;

use hashbrown::HashMap;
use offhook_base::{Mono, PhoneId, Secret};
use offhook_sip_message::{AuthParams, Name, Uri, View};

use super::digest::{DigestAlgorithm, same_hex};
use super::nonce::Nonces;
use super::{Account, ha1};
use crate::StackConfig;

/// The accounts, and what is needed to tell a right password from a wrong one.
#[derive(Debug)]
pub(crate) struct Authenticator {
    realm: String,
    algorithms: Vec<DigestAlgorithm>,
    accounts: BTreeMap<PhoneId, Account>,
    by_username: HashMap<String, PhoneId>,
    /// Does the same work for a username that does not exist.
    decoy: Account,
    nonces: Nonces,
}

/// The outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// This phone's password was shown.
    Authenticated(PhoneId),
    /// There are no credentials for our realm.
    Anonymous,
    /// The password is right, the nonce is not good any more: a new one will do.
    Stale,
    /// Unknown user, wrong password, wrong algorithm, somebody else's request: never told apart.
    Wrong {
        /// Whether they answer a good nonce of ours, given to this source: then they really came from there.
        genuine: bool,
    },
}

/// Credentials as a request shows them.
struct Credentials<'a> {
    algorithm: Option<DigestAlgorithm>,
    username: std::borrow::Cow<'a, [u8]>,
    nonce: &'a [u8],
    uri: &'a [u8],
    response: &'a [u8],
    qop: Option<&'a [u8]>,
    nc: Option<&'a [u8]>,
    cnonce: &'a [u8],
}

impl Authenticator {
    /// Without accounts.
    pub(crate) fn new(config: &StackConfig, secret: [u8; 32], decoy: u64) -> Self {
        let password = format!("{decoy:016x}");
        let hash = |algorithm| Some(Secret::new(ha1(algorithm, "", &config.realm, &password)));
        let mut algorithms = config.algorithms.clone();
        algorithms.dedup();
        Self {
            realm: config.realm.clone(),
            algorithms,
            accounts: BTreeMap::new(),
            by_username: HashMap::new(),
            decoy: Account {
                phone: PhoneId(0),
                username: String::new(),
                ha1_md5: hash(DigestAlgorithm::Md5),
                ha1_sha256: hash(DigestAlgorithm::Sha256),
                enabled: false,
            },
            nonces: Nonces::new(secret, config.nonce_life, config.limits.nonces),
        }
    }

    /// Adds an account or replaces the one of the same phone.
    pub(crate) fn put(&mut self, account: Account) {
        self.remove(account.phone);
        self.by_username
            .insert(account.username.clone(), account.phone);
        self.accounts.insert(account.phone, account);
    }

    /// Forgets an account.
    pub(crate) fn remove(&mut self, phone: PhoneId) {
        if let Some(account) = self.accounts.remove(&phone)
            && self.by_username.get(&account.username) == Some(&phone)
        {
            self.by_username.remove(&account.username);
        }
    }

    /// The enabled account of a phone.
    pub(crate) fn account(&self, phone: PhoneId) -> Option<&Account> {
        self.accounts.get(&phone).filter(|account| account.enabled)
    }

    /// The phone with a username.
    pub(crate) fn phone_named(&self, username: &str) -> Option<PhoneId> {
        self.by_username.get(username).copied()
    }

    /// Tells who sent a request.
    pub(crate) fn judge(&mut self, now: Mono, source: IpAddr, request: View<'_>) -> Verdict {
        let mut seen = request.headers(Name::Authorization).take(MAX_CREDENTIALS);
        let Some(credentials) = seen.find_map(|value| Credentials::read(value, &self.realm)) else {
            return Verdict::Anonymous;
        };
        let account = std::str::from_utf8(&credentials.username)
            .ok()
            .and_then(|username| self.by_username.get(username))
            .and_then(|phone| self.account(*phone))
            .unwrap_or(&self.decoy);
        let phone = account.phone;
        // All the work is done before anything is decided, whoever asks.
        let offered = credentials
            .algorithm
            .filter(|known| self.algorithms.contains(known));
        let algorithm = offered.or_else(|| self.algorithms.first().copied());
        let right = algorithm.is_some_and(|algorithm| {
            credentials.are_right(
                algorithm,
                account,
                request.method_bytes().unwrap_or_default(),
            )
        });
        let nonce = self.nonces.judge(now, source, credentials.nonce);
        let count = credentials.count();
        let fits =
            is_for(credentials.uri, request) && !(count.is_none() && credentials.qop.is_some());
        if !right || offered.is_none() || !fits || !account.enabled {
            let genuine = nonce.is_some();
            return Verdict::Wrong { genuine };
        }
        match nonce {
            Some(nonce) if self.nonces.spend(nonce, phone, count) => Verdict::Authenticated(phone),
            _ => Verdict::Stale,
        }
    }

    /// The values of WWW-Authenticate: one for each algorithm, best first (RFC 8760 2.4).
    pub(crate) fn challenges(&mut self, now: Mono, source: IpAddr, stale: bool) -> Vec<String> {
        let nonce = self.nonces.make(now, source);
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = |algorithm: &DigestAlgorithm| {
            let (realm, algorithm) = (&self.realm, algorithm.as_str());
            format!(
                "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}"
            )
        };
        self.algorithms.iter().map(challenge).collect()
    }
}

impl<'a> Credentials<'a> {
    /// Reads a header value; `None` where it is not a digest for our realm.
    fn read(value: &'a [u8], realm: &str) -> Option<Self> {
        let params = AuthParams::parse(value).filter(AuthParams::is_digest)?;
        if params.get("realm")?.as_ref() != realm.as_bytes() {
            return None;
        }
        Some(Self {
            algorithm: DigestAlgorithm::parse(params.raw("algorithm")),
            username: params.get("username")?,
            nonce: params.raw("nonce")?,
            uri: params.raw("uri")?,
            response: params.raw("response")?,
            qop: params.raw("qop"),
            nc: params.raw("nc"),
            cnonce: params.raw("cnonce").unwrap_or_default(),
        })
    }

    /// Whether the response is what the account's password gives.
    fn are_right(&self, algorithm: DigestAlgorithm, account: &Account, method: &[u8]) -> bool {
        let ha1 = account.ha1(algorithm).unwrap_or_default().as_bytes();
        let ha2 = algorithm.hash(&[method, self.uri]);
        let expected = match self.qop {
            Some(qop) => algorithm.hash(&[
                ha1,
                self.nonce,
                self.nc.unwrap_or_default(),
                self.cnonce,
                qop,
                ha2.as_bytes(),
            ]),
            None => algorithm.hash(&[ha1, self.nonce, ha2.as_bytes()]),
        };
        same_hex(expected.as_bytes(), self.response) && !ha1.is_empty()
    }

    /// The count of this use; `None` without `qop=auth` or with a count that is no number.
    fn count(&self) -> Option<u32> {
        self.qop.filter(|qop| qop.eq_ignore_ascii_case(b"auth"))?;
        let digits = self.nc.filter(|nc| (1..=8).contains(&nc.len()))?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }
}

/// Whether the digest's URI is the one of the request.
///
/// A gateway on the way may have written another host into the Request-URI: then the user part must agree, and the
/// host must be one that the request names itself by, in To or From.
fn is_for(uri: &[u8], request: View<'_>) -> bool {
    let asked = request.request_uri().unwrap_or_default();
    if uri == asked {
        return true;
    }
    let (Some(signed), Some(asked)) = (Uri::parse(uri), Uri::parse(asked)) else {
        return false;
    };
    let is_host = |host: &[u8]| signed.host.eq_ignore_ascii_case(host);
    let named = || [request.to(), request.from()].into_iter().flatten();
    signed.user == asked.user
        && (is_host(asked.host)
            || named()
                .filter_map(|name| name.parsed_uri())
                .any(|uri| is_host(uri.host)))
}

/// Authorization headers that are looked at.
const MAX_CREDENTIALS: usize = 4;
