//! Running the binary: commands to their end, servers until told.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::Value;

/// Longest wait for something that a server must do.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A command without the developer's own settings.
pub(crate) fn drape(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drape"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.current_dir(data_dir.parent().unwrap_or(data_dir));
    command.arg("--data-dir").arg(data_dir);
    command
}

/// Runs a command to its end.
pub(crate) fn run(data_dir: &Path, args: &[&str]) -> Output {
    drape(data_dir).args(args).output().unwrap()
}

/// Standard output of a command that must succeed.
pub(crate) fn stdout(data_dir: &Path, args: &[&str]) -> String {
    let output = run(data_dir, args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// JSON that a command prints.
pub(crate) fn json(data_dir: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&stdout(data_dir, args)).unwrap()
}

/// A running `drape serve`; killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// Lines that were printed before the server listened.
    pub(crate) greeting: Vec<String>,
}

impl Server {
    /// Starts a server on a free port and waits until it listens.
    pub(crate) fn start(data_dir: &Path, args: &[&str]) -> Self {
        let mut command = drape(data_dir);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(args);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, received) = mpsc::channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        let mut greeting = Vec::new();
        loop {
            let Ok(line) = received.recv_timeout(PATIENCE) else {
                let mut told = String::new();
                child.kill().ok();
                child.wait().ok();
                child.stderr.take().unwrap().read_to_string(&mut told).ok();
                panic!("the server did not start: {told}");
            };
            if let Some((_, address)) = line.split_once("listens on http://") {
                let address = address.parse().unwrap();
                drain(&mut child);
                return Self {
                    child,
                    address,
                    greeting,
                };
            }
            greeting.push(line);
        }
    }

    /// URL of a path of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Ends the server with no chance to clean up.
    pub(crate) fn kill_nine(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the server to end (SIGTERM) and returns its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let told = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Keeps the log's pipe empty, so that a talkative server does not block.
fn drain(child: &mut Child) {
    if let Some(mut stderr) = child.stderr.take() {
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    }
}

/// A data folder that is gone at the end of the test.
pub(crate) fn data_dir() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drape-data");
    (dir, path)
}

/// Calls the API of a server.
pub(crate) struct Client {
    http: reqwest::Client,
    key: String,
    base: String,
}

impl Client {
    pub(crate) fn new(server: &Server, key: &str) -> Self {
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(no_tls())
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            http,
            key: key.to_owned(),
            base: server.url("/tryon/v1"),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<(u16, Value)> {
        let request = self
            .http
            .get(format!("{}{path}", self.base))
            .header("x-api-key", &self.key);
        answer(request.send().await?).await
    }

    /// Reads any URL of the machine as text.
    pub(crate) async fn get_text(&self, url: &str) -> String {
        let answer = self.http.get(url).send().await.unwrap();
        answer.text().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("x-api-key", &self.key)
            .json(body);
        answer(request.send().await?).await
    }

    pub(crate) async fn post_form(
        &self,
        path: &str,
        form: reqwest::multipart::Form,
    ) -> reqwest::Result<(u16, Value)> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("x-api-key", &self.key)
            .multipart(form);
        answer(request.send().await?).await
    }

    /// Asks until the generation has ended.
    pub(crate) async fn wait_for(&self, generation: &str) -> Value {
        let started = std::time::Instant::now();
        loop {
            let (status, body) = self
                .get(&format!("/generations/{generation}"))
                .await
                .unwrap();
            assert_eq!(status, 200, "{body}");
            if body["status"] == "COMPLETED" || body["status"] == "FAILED" {
                return body;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the generation does not end: {body}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn answer(response: reqwest::Response) -> reqwest::Result<(u16, Value)> {
    let status = response.status().as_u16();
    let text = response.text().await?;
    Ok((
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    ))
}

/// The client speaks plain HTTP to loopback only; its TLS settings trust nobody.
fn no_tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// The key in a greeting.
pub(crate) fn key_in(greeting: &[String]) -> String {
    let line = greeting
        .iter()
        .find_map(|line| line.split_once("shown this once: "))
        .unwrap();
    line.1.trim().to_owned()
}
