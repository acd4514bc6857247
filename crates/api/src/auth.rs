//! Who calls: the token of a request, its user, and what that role may do.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_base::Secret;
use offhook_store::{CdrScope, Role, StoreError, User};

use crate::Api;
use crate::error::ApiError;
use crate::ports::ClientAddr;

/// Token guesses of one address count together, whatever name they come with.
const TOKENS: &str = "\u{1}tokens";

/// The active user whose token the request carries.
pub(crate) struct Caller(pub(crate) User);

/// A caller that may do everything.
pub(crate) struct Admin;

impl Caller {
    pub(crate) fn is_admin(&self) -> bool {
        self.0.role == Role::Admin
    }

    /// Whose CDRs this caller may read.
    pub(crate) fn cdr_scope(&self) -> CdrScope {
        match self.0.role {
            Role::Admin => CdrScope::All,
            Role::User => CdrScope::Of(self.0.id),
        }
    }
}

/// The address of the client; one for all when the server does not tell it.
pub(crate) struct Origin(pub(crate) IpAddr);

impl FromRequestParts<Api> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, ApiError> {
        let known = parts.extensions.get::<ClientAddr>();
        Ok(Self(
            known.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0),
        ))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let credentials = Credentials::of(&parts.headers)?;
        let Origin(from) = Origin::from_request_parts(parts, api).await?;
        match credentials.user(api).await {
            Ok(user) => Ok(Self(user)),
            // A right token passes whatever others behind the same address guessed.
            Err(Refusal::Unknown) => {
                match api
                    .inner
                    .guesses()
                    .begin(api.inner.now().mono, from, TOKENS)
                {
                    Ok(()) => Err(ApiError::unauthorized()),
                    Err(wait) => Err(ApiError::too_many_guesses("X-Auth-Token", wait)),
                }
            }
            Err(Refusal::Other(error)) => Err(error),
        }
    }
}

impl FromRequestParts<Api> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, api).await?;
        if caller.is_admin() {
            Ok(Self)
        } else {
            Err(ApiError::access_denied())
        }
    }
}

enum Refusal {
    Unknown,
    Other(ApiError),
}

/// A token, and the user it was sent for where the form has one.
struct Credentials {
    token: Secret<String>,
    name: Option<String>,
}

impl Credentials {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        if let Some(token) = headers.get("x-auth-token") {
            let token = token.to_str().unwrap_or_default().trim();
            return Ok(Self {
                token: Secret::new(token.to_owned()),
                name: None,
            });
        }
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Err(ApiError::unauthorized());
        };
        let (name, token) = basic(value.as_bytes()).ok_or_else(ApiError::bad_authorization)?;
        Ok(Self {
            token: Secret::new(token),
            name: Some(name),
        })
    }

    async fn user(self, api: &Api) -> Result<User, Refusal> {
        let is_token = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
        let text = self.token.expose();
        if text.len() != 40 || !text.bytes().all(is_token) {
            return Err(Refusal::Unknown);
        }
        let token = self.token;
        let found = api
            .store(move |inner| inner.stores.config.authenticate(&token, inner.wall()))
            .await;
        let user = match found {
            Ok(Ok(session)) => session.user,
            Ok(Err(StoreError::NotFound)) => return Err(Refusal::Unknown),
            Ok(Err(error)) => return Err(Refusal::Other(error.into())),
            Err(error) => return Err(Refusal::Other(error)),
        };
        match self.name {
            Some(name)
                if name != user.id.to_string() && !name.eq_ignore_ascii_case(&user.email) =>
            {
                Err(Refusal::Unknown)
            }
            _ => Ok(user),
        }
    }
}

/// `Basic base64(user_id:T)` or `Basic base64(email:T)`.
fn basic(value: &[u8]) -> Option<(String, String)> {
    let (scheme, rest) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim_ascii()).ok()?).ok()?;
    let (name, token) = text.split_once(':')?;
    Some((name.to_owned(), token.to_owned()))
}
