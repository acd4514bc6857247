//! A plain REST client.

use std::fmt::Write as _;
use std::net::SocketAddr;

use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// A client with a token.
#[derive(Clone, Debug)]
pub struct Rest {
    server: SocketAddr,
    token: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null when empty, a text when it is no JSON.
    pub body: Value,
    /// Its body as it came.
    pub octets: Bytes,
    what: String,
}

impl Rest {
    /// Logs in.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn login(server: SocketAddr, email: &str, password: &str) -> Self {
        let nobody = Self {
            server,
            token: String::new(),
        };
        let body = nobody
            .post("/login", json!({"email": email, "password": password}))
            .await
            .expect(200);
        let token = body["user_token"].as_str().expect("a token").to_owned();
        Self { server, token }
    }

    /// Where it connects to.
    #[must_use]
    pub const fn server(&self) -> SocketAddr {
        self.server
    }

    /// Its token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// `GET /v1.1<path>`
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// `GET /v1.1<path>` of a part only: what the header `Range` asks for.
    pub async fn get_part(&self, path: &str, range: &str) -> Reply {
        let (path, range) = (format!("/v1.1{path}"), Some(range));
        self.send_octets(Method::GET, &path, None, range).await
    }

    /// Only the status of `GET /<path>`, whose body need not be JSON.
    pub async fn get_at_root(&self, path: &str) -> u16 {
        self.send_to(Method::GET, &format!("/{path}"), None)
            .await
            .status
            .as_u16()
    }

    /// `POST /v1.1<path>`
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    /// `POST /v1.1<path>` with a body that need not be JSON.
    pub async fn post_text(&self, path: &str, body: &str) -> Reply {
        self.send_to(Method::POST, &format!("/v1.1{path}"), Some(body.to_owned()))
            .await
    }

    /// `POST /v1.1<path>` with a WAV file.
    pub async fn post_wav(&self, path: &str, file: Vec<u8>) -> Reply {
        let body = Some((file.into(), "audio/wav"));
        self.send_octets(Method::POST, &format!("/v1.1{path}"), body, None)
            .await
    }

    /// The same client with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            server: self.server,
            token: token.to_owned(),
        }
    }

    /// `PATCH /v1.1<path>`
    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// `DELETE /v1.1<path>`
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// The rows of a list that match all conditions, each of (property, operator, value).
    pub async fn filter(&self, resource: &str, conditions: &[(&str, &str, Value)]) -> Vec<Value> {
        let filter: Vec<Value> = conditions
            .iter()
            .map(|(property, operator, value)| json!({"property": property, "operator": operator, "value": value}))
            .collect();
        let filter = percent_encode(&Value::from(filter).to_string());
        let body = self
            .get(&format!("/{resource}?filter={filter}&limit=1000"))
            .await
            .expect(200);
        body["data"].as_array().expect("a list").clone()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let body = body.map(|body| body.to_string());
        self.send_to(method, &format!("/v1.1{path}"), body).await
    }

    async fn send_to(&self, method: Method, path: &str, body: Option<String>) -> Reply {
        let body = body.map(|body| (Bytes::from(body), "application/json"));
        self.send_octets(method, path, body, None).await
    }

    async fn send_octets(
        &self,
        method: Method,
        path: &str,
        body: Option<(Bytes, &str)>,
        range: Option<&str>,
    ) -> Reply {
        let text = body.as_ref().map(|(octets, kind)| match *kind {
            "application/json" => String::from_utf8_lossy(octets).into_owned(),
            kind => kind.to_owned(),
        });
        let what = format!("{method} {path} {}", text.unwrap_or_default());
        let stream = TcpStream::connect(self.server)
            .await
            .expect("REST is reachable");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.server.to_string());
        if !self.token.is_empty() {
            request = request.header("x-auth-token", &self.token);
        }
        if let Some(range) = range {
            request = request.header("range", range);
        }
        if let Some((_, kind)) = &body {
            request = request.header("content-type", *kind);
        }
        let octets = body.map(|(octets, _)| octets).unwrap_or_default();
        let answer = sender
            .send_request(request.body(Full::new(octets)).unwrap())
            .await
            .expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let octets = answer
            .into_body()
            .collect()
            .await
            .expect("a whole body")
            .to_bytes();
        connection.abort();
        let body = if octets.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&octets)
                .unwrap_or_else(|_| String::from_utf8_lossy(&octets).into())
        };
        Reply {
            status,
            headers,
            body,
            octets,
            what,
        }
    }
}

impl Reply {
    /// The body as it came, if the status is the one expected.
    ///
    /// # Panics
    /// When it is another one.
    #[track_caller]
    pub fn expect_octets(self, status: u16) -> Bytes {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.what, self.body);
        self.octets
    }

    /// The body, if the status is the one expected.
    ///
    /// # Panics
    /// When it is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.what, self.body);
        self.body
    }
}

/// A text as it stands in a query.
///
/// # Panics
/// Never.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, octet| {
        if octet.is_ascii_alphanumeric() {
            encoded.push(octet.into());
        } else {
            write!(encoded, "%{octet:02X}").expect("a string takes everything");
        }
        encoded
    })
}
