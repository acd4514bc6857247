//! A client of the event stream (Server-Sent Events).

use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::rest::Rest;

/// An open stream. Dropping it cuts its connection.
#[derive(Debug)]
pub struct Stream {
    body: Incoming,
    text: String,
    connection: JoinHandle<hyper::Result<()>>,
    /// Every message so far.
    pub seen: Vec<Message>,
}

/// One message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// What it is about: the name of an event, or `call`, `delivery`, `registration`.
    pub name: String,
    /// The cursor, empty when it has none.
    pub id: String,
    /// Its data as it came.
    pub text: String,
    /// Its data as JSON.
    pub data: Value,
}

impl Message {
    /// Whether it is an event of the journal.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.data["event_name"].is_string() && !self.id.is_empty()
    }
}

impl Stream {
    /// Opens the stream, from a cursor on when there is one, and waits for its first message.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(rest: &Rest, query: &str, last_event_id: Option<&str>) -> Self {
        let socket = TcpStream::connect(rest.server())
            .await
            .expect("REST is reachable");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::get(format!("/v1.1/events/stream?{query}"))
            .header("host", rest.server().to_string())
            .header("x-auth-token", rest.token());
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer = sender
            .send_request(request.body(Empty::<Bytes>::new()).unwrap())
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = Self {
            body: answer.into_body(),
            text: String::new(),
            connection,
            seen: Vec::new(),
        };
        let open = stream.wait_for("open", |message| message.name == "open");
        open.await;
        stream
    }

    /// Reads until a message satisfies the test, and gives that one.
    ///
    /// # Panics
    /// When the time is over or the stream ends, with all that came.
    pub async fn wait_for(&mut self, what: &str, satisfied: impl Fn(&Message) -> bool) -> Message {
        let found = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let message = self.next().await?;
                if satisfied(&message) {
                    return Some(message);
                }
            }
        });
        match found.await {
            Ok(Some(message)) => message,
            Ok(None) => panic!("the stream ended before {what}; it told {:#?}", self.seen),
            Err(_) => panic!("{what} did not come; the stream told {:#?}", self.seen),
        }
    }

    /// Waits until the node ends the stream.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ended(&mut self) {
        let end = async { while self.next().await.is_some() {} };
        let ended = tokio::time::timeout(Duration::from_secs(20), end).await;
        ended.expect("the stream ends");
    }

    /// The ids of the events so far.
    ///
    /// # Panics
    /// When one has none.
    #[must_use]
    pub fn event_ids(&self) -> Vec<String> {
        let events = self.seen.iter().filter(|message| message.is_event());
        events
            .map(|event| event.data["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let message = parse(message);
                self.text = rest.to_owned();
                // A comment keeps the connection alive and says nothing.
                let Some(message) = message else { continue };
                self.seen.push(message.clone());
                return Some(message);
            }
            let data = self.body.frame().await?.ok()?.into_data().ok()?;
            self.text += std::str::from_utf8(&data).expect("UTF-8");
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn parse(text: &str) -> Option<Message> {
    let mut message = Message::default();
    for line in text.lines() {
        let (field, value) = line.split_once(": ").unwrap_or((line, ""));
        match field {
            "event" => message.name = value.to_owned(),
            "id" => message.id = value.to_owned(),
            "data" => {
                assert_eq!(message.text, "", "data has one line");
                message.text = value.to_owned();
                message.data = serde_json::from_str(value).expect("JSON");
            }
            _ => {}
        }
    }
    (!message.name.is_empty()).then_some(message)
}
