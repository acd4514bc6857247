//! The body of an answer: as much of it as is of interest, and no longer than we care to wait.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) body: Bytes,
    /// Its end was seen, so that the connection can be used again.
    pub(super) complete: bool,
}

/// Reads up to 16 KiB, until `deadline`.
pub(super) async fn read(mut incoming: Incoming, deadline: Instant) -> Read {
    let mut body = BytesMut::new();
    loop {
        let Ok(frame) = timeout_at(deadline, incoming.frame()).await else {
            return Read {
                body: body.freeze(),
                complete: false,
            };
        };
        match frame {
            None => {
                return Read {
                    body: body.freeze(),
                    complete: true,
                };
            }
            Some(Err(_)) => {
                return Read {
                    body: body.freeze(),
                    complete: false,
                };
            }
            Some(Ok(frame)) => {
                let Some(data) = frame.data_ref() else {
                    continue;
                };
                let room = MOST - body.len();
                body.extend_from_slice(data.get(..room).unwrap_or(data));
                if data.len() > room {
                    return Read {
                        body: body.freeze(),
                        complete: false,
                    };
                }
            }
        }
    }
}

const MOST: usize = 16 * 1024;
