//! A client of the REST API, for the commands that talk to a running server and for the demo.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use offhook_base::Secret;
use rustls_pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use url::{Host, Url};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The largest answer that is read.
const MAX_ANSWER: usize = 64 << 20;

/// Why the server gave no usable answer.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The address is not one.
    BadUrl(String),
    /// No connection, or it broke.
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// A status outside 2xx; `message` is the server's, in words.
    Refused {
        /// The status.
        status: StatusCode,
        /// The server's words.
        message: String,
    },
    /// 2xx, but not what the API promises.
    Nonsense(String),
}

impl ClientError {
    /// Whether the server says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: StatusCode::NOT_FOUND,
                ..
            }
        )
    }
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadUrl(message) => write!(f, "--url: {message}"),
            Self::Unreachable { url, reason } => write!(f, "cannot reach {url}: {reason}"),
            Self::Refused { status: StatusCode::UNAUTHORIZED, .. } => {
                f.write_str("the server does not accept this token; give a valid one by --token or OFFHOOK_TOKEN")
            }
            Self::Refused { status, message } if message.is_empty() => write!(f, "the server answered {status}"),
            Self::Refused { status, message } => write!(f, "the server answered {}: {message}", status.as_u16()),
            Self::Nonsense(message) => write!(f, "the server's answer makes no sense: {message}"),
        }
    }
}

impl std::error::Error for ClientError {}

/// A server's API and the token to use it with.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    url: Url,
    token: Option<Secret<String>>,
}

impl Client {
    /// A client of the server at `url`, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When `url` is not an http or https address.
    pub(crate) fn new(url: &str, token: Option<Secret<String>>) -> Result<Self, ClientError> {
        let bad = |why: &str| ClientError::BadUrl(format!("{url:?} {why}"));
        let parsed =
            Url::parse(url).map_err(|error| bad(&format!("is not an address: {error}")))?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
            return Err(bad("is not an address such as http://127.0.0.1:8080"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(bad(
                "carries credentials; give the token by --token or OFFHOOK_TOKEN",
            ));
        }
        Ok(Self { url: parsed, token })
    }

    /// `GET`, answered by JSON.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.json(Method::GET, path, None).await
    }

    /// `GET`, answered by text.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, ClientError> {
        let body = self.send(Method::GET, path, None).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// `POST` of JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.json(Method::POST, path, Some(body)).await
    }

    /// `PATCH` with JSON.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.json(Method::PATCH, path, Some(body)).await
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let answer = self.send(method, path, body).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).map_err(|error| ClientError::Nonsense(error.to_string()))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, ClientError> {
        let request = self.request(method, path, body)?;
        let exchange = async {
            match self.url.scheme() {
                "https" => self.over(self.connect_tls().await?, request).await,
                _ => self.over(self.connect().await?, request).await,
            }
        };
        let timed_out = || self.unreachable(&format!("no answer within {} s", TIMEOUT.as_secs()));
        let (status, body) = tokio::time::timeout(TIMEOUT, exchange)
            .await
            .map_err(|_| timed_out())??;
        if status.is_success() {
            Ok(body)
        } else {
            Err(refusal(status, &body))
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let base = self.url.path().trim_end_matches('/');
        let base = if base.is_empty() { "/v1.1" } else { base };
        let host = self.url.host_str().unwrap_or_default();
        let authority = self
            .url
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{base}{path}"))
            .header(header::HOST, authority);
        if let Some(token) = &self.token {
            request = request.header("X-Auth-Token", token.expose());
        }
        let octets = match body {
            Some(value) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(value.to_string())
            }
            None => Bytes::new(),
        };
        // What can be wrong here is a token or an id with characters that no header or path has.
        request
            .body(Full::new(octets))
            .map_err(|error| ClientError::BadUrl(error.to_string()))
    }

    async fn connect(&self) -> Result<TcpStream, ClientError> {
        let port = self.url.port_or_known_default().unwrap_or(80);
        let connected = match self.url.host() {
            Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
            Some(Host::Ipv4(address)) => TcpStream::connect((address, port)).await,
            Some(Host::Ipv6(address)) => TcpStream::connect((address, port)).await,
            None => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        };
        connected.map_err(|error| {
            if error.kind() == io::ErrorKind::ConnectionRefused {
                self.unreachable("connection refused; is `offhook serve` running there?")
            } else {
                self.unreachable(&error.to_string())
            }
        })
    }

    async fn connect_tls(&self) -> Result<tokio_rustls::client::TlsStream<TcpStream>, ClientError> {
        let broken = |error: &dyn std::fmt::Display| self.unreachable(&error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_platform_verifier())
            .map_err(|error| broken(&error))?
            .with_no_client_auth();
        let host = self
            .url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| broken(&error))?;
        let stream = self.connect().await?;
        tokio_rustls::TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| broken(&error))
    }

    async fn over<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let broken = |error: &dyn std::fmt::Display| self.unreachable(&error.to_string());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let exchange = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(|error| broken(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER)
                .collect()
                .await
                .map_err(|error| broken(&error))?;
            Ok((status, body.to_bytes()))
        };
        let mut exchange = std::pin::pin!(exchange);
        // The connection moves the octets of the exchange; its own end says nothing that the exchange does not.
        tokio::select! {
            answer = &mut exchange => answer,
            _ = connection => exchange.await,
        }
    }

    fn unreachable(&self, reason: &str) -> ClientError {
        ClientError::Unreachable {
            url: self.url.to_string().trim_end_matches('/').to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// The error envelope of the API in words: its message and what it says of single fields.
fn refusal(status: StatusCode, body: &[u8]) -> ClientError {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut message = answer
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    for error in answer
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
        message = format!("{message}; {}: {}", text("field"), text("message"));
    }
    ClientError::Refused { status, message }
}

/// The text in a form that can stand in a query string.
pub(crate) fn query_escape(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Answers one request with `answer` and returns the request as read.
    async fn server_with(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                let mut octets = [0; 4096];
                let len = stream.read(&mut octets).await.unwrap();
                request.extend_from_slice(&octets[..len]);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        (url, task)
    }

    #[tokio::test]
    async fn a_request_carries_the_token_and_the_versioned_path() {
        let (url, server) =
            server_with("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"data\":[]}").await;
        let client = Client::new(&url, Some(Secret::new("abc".to_owned()))).unwrap();
        assert_eq!(
            client.get("/calls?limit=1").await.unwrap(),
            serde_json::json!({"data": []})
        );
        let request = server.await.unwrap().to_ascii_lowercase();
        assert!(
            request.starts_with("get /v1.1/calls?limit=1 http/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains("x-auth-token: abc\r\n"), "{request}");
    }

    #[tokio::test]
    async fn nobody_listening_is_told_in_words() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", closed.local_addr().unwrap());
        drop(closed);
        let error = Client::new(&url, None)
            .unwrap()
            .get("/calls")
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot reach {url}: connection refused; is `offhook serve` running there?")
        );
    }

    #[tokio::test]
    async fn a_token_that_is_not_accepted_is_told_in_words() {
        let (url, _server) =
            server_with("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await;
        let error = Client::new(&url, None)
            .unwrap()
            .get("/calls")
            .await
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the server does not accept this token"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_servers_own_words_are_passed_on() {
        let body = r#"{"message":"Validation failed","code":"validation","errors":[{"field":"url","message":"not https"}]}"#;
        let answer: &'static str = format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .leak();
        let (url, _server) = server_with(answer).await;
        let error = Client::new(&url, None)
            .unwrap()
            .post("/webhooks", &Value::Null)
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server answered 400: Validation failed; url: not https"
        );
    }

    #[tokio::test]
    async fn an_answer_that_is_no_json_is_told() {
        let (url, _server) = server_with("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
        let error = Client::new(&url, None)
            .unwrap()
            .get("/calls")
            .await
            .unwrap_err();
        assert!(matches!(error, ClientError::Nonsense(_)), "{error}");
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for url in [
            "",
            "127.0.0.1:8080",
            "ftp://127.0.0.1",
            "http://user:secret@127.0.0.1",
        ] {
            assert!(
                matches!(Client::new(url, None), Err(ClientError::BadUrl(_))),
                "{url}"
            );
        }
    }
}
