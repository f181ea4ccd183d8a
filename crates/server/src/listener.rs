//! Accepting connections: bounded in number, patient only so long with slow clients, ended gracefully.

mod bare_errors;

use std::{sync::Arc, time::Duration};

use axum::Router;
use drape_core::ports::Ids;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use bare_errors::ShapedErrors;

/// Pause after the system refused to accept (too many open files, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How connections are treated.
#[derive(Clone)]
pub struct ListenerOptions {
    /// Time that a client may take for the head of a request.
    pub header_timeout: Duration,
    /// Connections at once; further ones wait in the system's queue.
    pub max_connections: usize,
    /// Time that open requests get to end at shutdown.
    pub shutdown_grace: Duration,
    /// Names what never becomes a request, in the error shape of the API; without it such errors have no body.
    pub ids: Option<Arc<dyn Ids>>,
}

/// A connection, with or without a shape for errors.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Serves connections until `stop`; then lets open requests end within the grace.
pub async fn serve_connections(
    listener: TcpListener,
    router: Router,
    options: ListenerOptions,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(options.max_connections.max(1)));
    let connections = TaskTracker::new();
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Answers are small and wanted now.
        stream.set_nodelay(true).ok();
        let stream: Box<dyn Stream> = match &options.ids {
            Some(ids) => Box::new(ShapedErrors::new(stream, Arc::clone(ids))),
            None => Box::new(stream),
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(options.header_timeout)
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(router.clone()),
            );
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a connection ended early"
                );
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(options.shutdown_grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not end in time");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a connection could not be accepted"
            );
            None
        }
    }
}
