//! Measures how many try-ons a server accepts per second, and that each one survives a power cut.
//!
//! `cargo build --release -p drape && cargo run --release -p drape --example accept_rate -- [SECONDS] [CONNECTIONS]`
//! starts its own server on a loopback port with a fresh data folder, sends `POST /try-on` by reference with the mock
//! engine over kept-alive connections, kills the server (SIGKILL), and counts the rows.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use drape_core::{ids::AccountId, page::PageRequest, ports::Generations as _};
use drape_storage::{SqlStore, StoreOptions};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let seconds: u64 = args.next().map_or(Ok(10), |text| text.parse())?;
    let connections: usize = args.next().map_or(Ok(64), |text| text.parse())?;
    ensure!(
        seconds <= 60 && connections <= 512,
        "at most 60 seconds and 512 connections"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(Duration::from_secs(seconds), connections))
}

async fn measure(length: Duration, connections: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("drape-data");
    let mut server = Server::start(&data)?;
    let made = Command::new(binary()?)
        .args([
            "account",
            "create",
            "bench",
            "--credits",
            "10000000",
            "--rate-limit",
            "100000000",
            "--json",
            "--data-dir",
        ])
        .arg(&data)
        .output()?;
    let made: Value = serde_json::from_slice(&made.stdout)?;
    let key = made["apiKey"].as_str().context("no key")?.to_owned();
    let account: AccountId = made["accountId"].as_str().context("no account")?.parse()?;

    let image = upload(&server.address, &key, &data.join("demo/person.jpg")).await?;
    let product =
        r#"{"externalId":"sku","title":"mock","images":[{"url":"https://shop.example/a.jpg"}]}"#;
    let (status, body) = call(
        &server.address,
        &request(
            "/tryon/v1/products",
            &key,
            "application/json",
            product.as_bytes(),
        ),
    )
    .await?;
    ensure!(status == 201, "{status}: {body}");

    let body = format!(r#"{{"product":{{"externalId":"sku"}},"customer":{{"id":"{image}"}}}}"#);
    let message = request(
        "/tryon/v1/try-on",
        &key,
        "application/json",
        body.as_bytes(),
    );
    let started = Instant::now();
    let clients = (0..connections).map(|_| client(&server.address, &message, started + length));
    let outcomes = futures::future::join_all(clients).await;
    let elapsed = started.elapsed();
    server.child.kill()?;
    server.child.wait()?;

    let mut latencies = Vec::new();
    for outcome in outcomes {
        latencies.extend(outcome?);
    }
    latencies.sort_unstable();
    let accepted = latencies.len();
    ensure!(accepted > 0, "nothing was accepted");
    let at =
        |share: f64| latencies[((accepted - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "{accepted} accepted in {:.1} s with {connections} connections",
        elapsed.as_secs_f64()
    );
    println!(
        "{:.0} accepted per second",
        accepted as f64 / elapsed.as_secs_f64()
    );
    println!(
        "latency ms: median {:.1}, p99 {:.1}, max {:.1}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    let stored = count(&data, account).await?;
    println!("{stored} rows after SIGKILL");
    ensure!(stored >= accepted, "accepted try-ons are gone");
    Ok(())
}

fn binary() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?
        .parent()
        .and_then(Path::parent)
        .context("no target folder")?
        .join("drape");
    ensure!(
        path.is_file(),
        "build the server first: cargo build --release -p drape"
    );
    Ok(path)
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &Path) -> anyhow::Result<Self> {
        use std::io::BufRead as _;
        let mut child = Command::new(binary()?)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--set",
                "log.filter=error",
            ])
            .arg("--data-dir")
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = std::io::BufReader::new(child.stdout.take().context("no output")?);
        for line in stdout.lines() {
            if let Some((_, address)) = line?.split_once("listens on http://") {
                return Ok(Self {
                    child,
                    address: address.to_owned(),
                });
            }
        }
        bail!("the server did not start")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn request(path: &str, key: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn upload(address: &str, key: &str, file: &Path) -> anyhow::Result<String> {
    let mut body =
        b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"p.jpg\"\r\n\r\n"
            .to_vec();
    body.extend(std::fs::read(file)?);
    body.extend(b"\r\n--b--\r\n");
    let message = request(
        "/tryon/v1/images/upload",
        key,
        "multipart/form-data; boundary=b",
        &body,
    );
    let (status, body) = call(address, &message).await?;
    ensure!(status == 201, "{status}: {body}");
    Ok(body["imageId"].as_str().context("no image id")?.to_owned())
}

async fn call(address: &str, message: &[u8]) -> anyhow::Result<(u16, Value)> {
    let mut connection = Connection {
        stream: TcpStream::connect(address).await?,
        buffer: Vec::new(),
    };
    let (status, body) = connection.call(message).await?;
    Ok((status, serde_json::from_slice(&body)?))
}

/// Sends the same request again and again; the time that each answer took.
async fn client(address: &str, message: &[u8], until: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut connection = Connection {
        stream: TcpStream::connect(address).await?,
        buffer: Vec::new(),
    };
    connection.stream.set_nodelay(true)?;
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let sent = Instant::now();
        let (status, body) = connection.call(message).await?;
        ensure!(
            status == 202,
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        latencies.push(sent.elapsed());
    }
    Ok(latencies)
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// One request and its answer with a `content-length`.
    async fn call(&mut self, message: &[u8]) -> anyhow::Result<(u16, Vec<u8>)> {
        self.stream.write_all(message).await?;
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = length.context("no content-length")?.trim().parse()?;
                if self.buffer.len() >= end + 4 + length {
                    let status = head.split(' ').nth(1).context("no status")?.parse()?;
                    let body = self.buffer[end + 4..end + 4 + length].to_vec();
                    self.buffer.drain(..end + 4 + length);
                    return Ok((status, body));
                }
            }
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "the server closed the connection"
            );
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

async fn count(data: &Path, account: AccountId) -> anyhow::Result<usize> {
    let store = SqlStore::open(
        &data.join("drape.db").to_string_lossy(),
        StoreOptions::default(),
    )
    .await?;
    let mut page = PageRequest {
        limit: 10_000,
        after: None,
    };
    let mut rows = 0;
    loop {
        let found = store.list(account, page).await?;
        rows += found.items.len();
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(rows),
        }
    }
}
