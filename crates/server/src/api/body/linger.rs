//! Reads what a refused request still has to say.
//!
//! A server that answers and closes while the caller is still sending resets the connection, and the caller never
//! sees why it was refused. So whatever of a body nobody read is read and thrown away, within bounds.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http::header;
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// How much of an unread rest is read at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DrainLimits {
    /// Bytes.
    pub max_bytes: usize,
    /// Time.
    pub max_time: Duration,
}

/// What was left of a request's body.
pub(crate) struct Unread {
    slot: Slot,
    limits: DrainLimits,
}

type Slot = Arc<Mutex<Option<Body>>>;

/// Puts a watch on the body, so that its unread rest can be read later.
pub(crate) fn watch_body(request: Request, limits: DrainLimits) -> (Request, Unread) {
    let slot = Slot::default();
    let unread = Unread {
        slot: Arc::clone(&slot),
        limits,
    };
    if request.body().is_end_stream() {
        return (request, unread);
    }
    // A caller that asks first (`100-continue`) sends nothing until somebody begins to read.
    let is_coming = !request.headers().contains_key(header::EXPECT);
    let request = request.map(|inner| {
        Body::new(WatchedBody {
            inner: Some(inner),
            is_coming,
            slot,
        })
    });
    (request, unread)
}

impl Unread {
    /// Reads the rest, up to the limits of size and time.
    pub(crate) async fn drain(self) {
        let rest = self
            .slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut rest) = rest else { return };
        let mut left = self.limits.max_bytes;
        let reading = async {
            while let Some(Ok(frame)) = rest.frame().await {
                let read = frame.data_ref().map_or(0, Bytes::len);
                if read > left {
                    return;
                }
                left -= read;
            }
        };
        // Past its time the connection is simply closed.
        let _ = tokio::time::timeout(self.limits.max_time, reading).await;
    }
}

/// A body that hands its unread rest over when it is dropped.
struct WatchedBody {
    inner: Option<Body>,
    is_coming: bool,
    slot: Slot,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_coming = true;
        let Some(inner) = self.inner.as_mut() else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(inner).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.inner = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && self.is_coming
            && !inner.is_end_stream()
        {
            *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::StreamExt as _;

    use super::*;

    fn up_to(max_bytes: usize) -> DrainLimits {
        DrainLimits {
            max_bytes,
            max_time: Duration::from_secs(10),
        }
    }

    /// A body of 1 KB chunks that counts how many were taken.
    fn counted(chunks: usize) -> (Body, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let stream = futures::stream::iter(0..chunks).map(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1_000]))
        });
        (Body::from_stream(stream), taken)
    }

    #[tokio::test]
    async fn the_rest_of_a_refused_body_is_read() {
        let (body, taken) = counted(50);
        let (mut request, unread) = watch_body(Request::new(body), up_to(1_000_000));
        let first = request.body_mut().frame().await;
        assert!(first.is_some());
        drop(request);
        unread.drain().await;
        assert_eq!(taken.load(Ordering::Relaxed), 50);
    }

    #[tokio::test]
    async fn but_only_up_to_its_limit() {
        let (body, taken) = counted(5_000);
        let (request, unread) = watch_body(Request::new(body), up_to(20_000));
        drop(request);
        unread.drain().await;
        assert_eq!(taken.load(Ordering::Relaxed), 21);
    }

    #[tokio::test]
    async fn a_caller_that_asked_first_is_not_waited_for() {
        let (body, taken) = counted(5);
        let mut request = Request::new(body);
        let expect = http::HeaderValue::from_static("100-continue");
        request.headers_mut().insert(header::EXPECT, expect);
        let (request, unread) = watch_body(request, up_to(1_000_000));
        drop(request);
        unread.drain().await;
        assert_eq!(taken.load(Ordering::Relaxed), 0);

        let (body, taken) = counted(5);
        let mut request = Request::new(body);
        request.headers_mut().insert(
            header::EXPECT,
            http::HeaderValue::from_static("100-continue"),
        );
        let (mut request, unread) = watch_body(request, up_to(1_000_000));
        assert!(request.body_mut().frame().await.is_some());
        drop(request);
        unread.drain().await;
        assert_eq!(taken.load(Ordering::Relaxed), 5, "it was told to send");
    }

    #[tokio::test]
    async fn a_body_that_was_read_leaves_nothing() {
        let (body, _) = counted(3);
        let (request, unread) = watch_body(Request::new(body), up_to(1_000_000));
        let bytes = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(bytes.len(), 3_000);
        assert!(unread.slot.lock().unwrap().is_none());
    }
}
