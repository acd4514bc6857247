//! The HTTP listener of the REST API.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use offhook_api::ports::ClientAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower_service::Service as _;

/// Connections at once; a further one waits in the kernel's queue.
const CONNECTIONS: usize = 1_024;
/// A client must have sent its request's head within this time.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// A client that takes nothing of what waits for it within this time is cut off.
const UNREAD_FOR: Duration = Duration::from_secs(60);

/// Serves until the task is dropped.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let seats = std::sync::Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(seat) = std::sync::Arc::clone(&seats).acquire_owned().await else {
            return;
        };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let router = router.clone();
                    connections.spawn(async move {
                        connection(stream, from, router).await;
                        drop(seat);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting an HTTP connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(done) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = done {
                    tracing::error!(%error, "an HTTP connection's task failed");
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, from: SocketAddr, router: Router) {
    // An event of a stream is small and leaves at once; a stream whose client is gone, or reads nothing, gives its place back.
    let socket = socket2::SockRef::from(&stream);
    let set = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_user_timeout(Some(UNREAD_FOR)));
    if let Err(error) = set {
        tracing::debug!(%error, "TCP options of an HTTP connection");
    }
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let mut request: Request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ClientAddr(from.ip()));
            let Ok(response) = router.call(request).await;
            Ok::<_, Infallible>(response)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%from, %error, "an HTTP connection ended");
    }
}
