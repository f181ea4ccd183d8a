//! Certificates are checked, by name and by issuer.

use std::sync::{Arc, Mutex};

use drape_outbound::{
    OutboundOptions,
    hub::{HubClient, HubError, HubOptions, RemoteFile},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    fetch_with, final_reason, opened,
    server::{file_answer, serve, text_answer},
};

/// Starts a TLS server with a certificate for `localhost`; returns its port and the certificate.
async fn start() -> (u16, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let log = Mutex::new(Vec::new());
                let answer = |head: &str| {
                    if head.starts_with("GET /down") {
                        text_answer(
                            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
                        )
                    } else {
                        file_answer(b"picture")
                    }
                };
                serve(stream, &answer, &log, &Mutex::new(Vec::new())).await;
            });
        }
    });
    (port, cert.der().clone())
}

fn trusting(root: &CertificateDer<'static>) -> OutboundOptions {
    OutboundOptions {
        extra_roots: vec![root.clone()],
        ..opened(&["127.0.0.1/32"])
    }
}

#[tokio::test]
async fn a_trusted_certificate_of_the_right_name_passes() {
    let (port, root) = start().await;
    let body = fetch_with(trusting(&root), &format!("https://localhost:{port}/")).await;
    assert_eq!(body.unwrap(), "picture");
}

#[tokio::test]
async fn an_unknown_issuer_and_a_wrong_name_are_refused() {
    let (port, root) = start().await;
    let expected = "no secure connection: the server's certificate or TLS is not valid";
    let by_name = format!("https://localhost:{port}/");
    let unknown = fetch_with(opened(&["127.0.0.1/32"]), &by_name).await;
    assert_eq!(final_reason(unknown), expected);
    let by_address = format!("https://127.0.0.1:{port}/");
    let wrong_name = fetch_with(trusting(&root), &by_address).await;
    assert_eq!(final_reason(wrong_name), expected);
}

#[tokio::test]
async fn a_step_down_to_http_needs_http_to_be_allowed() {
    let (port, root) = start().await;
    let https_only = OutboundOptions {
        allow_http: false,
        ..trusting(&root)
    };
    let result = fetch_with(https_only, &format!("https://localhost:{port}/down")).await;
    assert_eq!(
        final_reason(result),
        "after a redirect: only https URLs are allowed"
    );
}

#[tokio::test]
async fn a_broken_root_is_a_setup_error() {
    let options = OutboundOptions {
        extra_roots: vec![CertificateDer::from(vec![1, 2, 3])],
        ..OutboundOptions::default()
    };
    assert!(drape_outbound::GuardedFetch::new(options).is_err());
}

/// Asks a hub for a file into nowhere; returns the error.
async fn ask_hub(endpoint: &str, roots: Vec<CertificateDer<'static>>) -> HubError {
    let options = HubOptions {
        extra_roots: roots,
        ..HubOptions::new(Some(endpoint)).unwrap()
    };
    let file = RemoteFile {
        repository: "owner/name",
        revision: "main",
        name: "file",
        bytes: 1,
    };
    let client = HubClient::new(options).unwrap();
    let result = client.download(&file, &mut Nowhere, &mut drop).await;
    result.unwrap_err()
}

/// Keeps nothing.
struct Nowhere;

impl drape_outbound::hub::Sink for Nowhere {
    fn position(&self) -> u64 {
        0
    }

    fn etag(&self) -> Option<String> {
        None
    }

    fn start_anew(&mut self, _: Option<&str>) -> std::io::Result<()> {
        Ok(())
    }

    fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

#[tokio::test]
async fn a_hub_is_believed_only_with_a_right_certificate() {
    let (port, root) = start().await;
    let endpoint = format!("https://localhost:{port}");
    let unknown = ask_hub(&endpoint, Vec::new()).await;
    assert!(matches!(unknown, HubError::Tls { .. }), "{unknown}");
    // With the root the answer is read: a file of seven bytes.
    let known = ask_hub(&endpoint, vec![root]).await;
    assert!(
        matches!(known, HubError::WrongSize { announced: 7, .. }),
        "{known}"
    );
}

#[tokio::test]
async fn a_hub_may_not_step_down_to_http() {
    let (port, root) = start().await;
    let error = ask_hub(&format!("https://localhost:{port}/down"), vec![root]).await;
    let message = error.to_string();
    assert!(
        message.ends_with("redirected from https to an unencrypted address"),
        "{message}"
    );
}
