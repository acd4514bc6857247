//! Who calls: the token of a request, its user, and what that role may do.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_base::{RecordingKind, Secret};
use offhook_store::{CdrScope, RecordingScope, Role, SmsScope, StoreError, User};

use crate::Api;
use crate::cookie;
use crate::csrf;
use crate::error::ApiError;
use crate::ports::ClientAddr;

/// Token guesses of one address count together, whatever name they come with.
const TOKENS: &str = "\u{1}tokens";

/// The active user whose token the request carries.
pub(crate) struct Caller(pub(crate) User);

/// A caller that may do everything.
pub(crate) struct Admin;

/// A caller, and what let it in: for those who end that, or look again later whether it still does.
pub(crate) struct Holder {
    pub(crate) caller: Caller,
    pub(crate) credentials: Credentials,
}

impl Caller {
    pub(crate) fn is_admin(&self) -> bool {
        self.0.role == Role::Admin
    }

    /// Refuses everybody but admins.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn must_be_admin(&self) -> Result<(), ApiError> {
        if self.is_admin() {
            Ok(())
        } else {
            Err(ApiError::access_denied())
        }
    }

    /// Whose CDRs this caller may read.
    pub(crate) fn cdr_scope(&self) -> CdrScope {
        match self.0.role {
            Role::Admin => CdrScope::All,
            Role::User => CdrScope::Of(self.0.id),
        }
    }

    /// Whose recordings of this kind this caller may read.
    pub(crate) fn recording_scope(&self, kind: RecordingKind) -> RecordingScope {
        let user = match self.0.role {
            Role::Admin => None,
            Role::User => Some(self.0.id),
        };
        RecordingScope { kind, user }
    }

    /// Whose texts this caller may read.
    pub(crate) fn sms_scope(&self) -> SmsScope {
        match self.0.role {
            Role::Admin => SmsScope::All,
            Role::User => SmsScope::Of(self.0.id),
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

impl FromRequestParts<Api> for Holder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let credentials = Credentials::of(&parts.headers)?;
        if matches!(credentials.form, Form::Cookie) {
            // Before the token is looked up: a foreign page must not even prolong the session.
            csrf::check(&parts.method, &parts.headers)?;
        }
        let Origin(from) = Origin::from_request_parts(parts, api).await?;
        match credentials.user(api).await {
            Ok(user) => Ok(Self {
                caller: Caller(user),
                credentials,
            }),
            // A right token passes whatever others behind the same address guessed.
            Err(Refusal::Unknown) => {
                let wrong = || match credentials.form {
                    // Else each further request of an open page would count as a guess.
                    Form::Cookie => ApiError::unauthorized().forgetting_the_cookie(),
                    Form::Basic(_) | Form::Header => ApiError::unauthorized(),
                };
                Err(count_guess(api, from, "X-Auth-Token", wrong))
            }
            Err(Refusal::Other(error)) => Err(error),
        }
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        Holder::from_request_parts(parts, api)
            .await
            .map(|holder| holder.caller)
    }
}

impl FromRequestParts<Api> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, api).await?;
        caller.must_be_admin().map(|()| Self)
    }
}

/// A wrong token or ticket: the answer, which is 429 when this address guessed too often.
pub(crate) fn count_guess(
    api: &Api,
    from: IpAddr,
    field: &str,
    wrong: impl FnOnce() -> ApiError,
) -> ApiError {
    let now = api.inner.now().mono;
    match api.inner.guesses().begin(now, from, TOKENS) {
        Ok(()) => wrong(),
        Err(wait) => ApiError::too_many_guesses(field, wait),
    }
}

enum Refusal {
    Unknown,
    Other(ApiError),
}

/// A token, and how it was sent.
#[derive(Clone)]
pub(crate) struct Credentials {
    token: Secret<String>,
    form: Form,
}

#[derive(Clone)]
enum Form {
    /// `X-Auth-Token`
    Header,
    /// `Authorization: Basic`, with the user it was sent for.
    Basic(String),
    /// `Cookie`, which a browser sends whoever made the request.
    Cookie,
}

impl Credentials {
    /// A header that somebody wrote on purpose comes before the cookie.
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        if let Some(token) = headers.get("x-auth-token") {
            let token = token.to_str().unwrap_or_default().trim();
            return Ok(Self {
                token: Secret::new(token.to_owned()),
                form: Form::Header,
            });
        }
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let (name, token) = basic(value.as_bytes()).ok_or_else(ApiError::bad_authorization)?;
            return Ok(Self {
                token: Secret::new(token),
                form: Form::Basic(name),
            });
        }
        let token = cookie::read(headers).ok_or_else(ApiError::unauthorized)?;
        Ok(Self {
            token,
            form: Form::Cookie,
        })
    }

    pub(crate) const fn token(&self) -> &Secret<String> {
        &self.token
    }

    /// Whether they still let an admin in; that counts as use.
    pub(crate) async fn is_admin(&self, api: &Api) -> bool {
        let user = self.user(api).await;
        user.is_ok_and(|user| Caller(user).is_admin())
    }

    async fn user(&self, api: &Api) -> Result<User, Refusal> {
        if !is_token(self.token.expose()) {
            return Err(Refusal::Unknown);
        }
        let (token, by_cookie) = (self.token.clone(), matches!(self.form, Form::Cookie));
        let found = api
            .store(move |inner| {
                let (db, now) = (&inner.stores.config, inner.wall());
                if by_cookie {
                    db.authenticate_session(&token, now)
                } else {
                    db.authenticate(&token, now)
                }
            })
            .await;
        let user = match found {
            Ok(Ok(session)) => session.user,
            Ok(Err(StoreError::NotFound)) => return Err(Refusal::Unknown),
            Ok(Err(error)) => return Err(Refusal::Other(error.into())),
            Err(error) => return Err(Refusal::Other(error)),
        };
        match &self.form {
            Form::Basic(name)
                if *name != user.id.to_string() && !name.eq_ignore_ascii_case(&user.email) =>
            {
                Err(Refusal::Unknown)
            }
            Form::Header | Form::Basic(_) | Form::Cookie => Ok(user),
        }
    }
}

/// 40 lowercase hex digits.
pub(crate) fn is_token(text: &str) -> bool {
    let is_digit = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
    text.len() == 40 && text.bytes().all(is_digit)
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
