//! Every piece of code in the documentation is run, or at least read, as a reader would.
//!
//! What a block is stands behind its language, such as ```` ```bash run ````:
//!
//! | block | what happens |
//! |---|---|
//! | `bash run` | runs in a shell, must succeed |
//! | `bash from=key` | `NAME=...`: the value comes from that key of the answer before |
//! | `bash check` | is read by a shell, not run: it installs, copies, or names the reader's own things |
//! | `python run` | runs with `python3`, must succeed |
//! | `json response` | has the keys and the types of the answer before |
//! | `json example` | parses |
//! | `toml settings` | the program accepts it as its settings |
//! | `text response`, `text like` | is the output before; `like`: but for numbers, ids, times |
//! | `text`, `ini`, `nginx` | for reading |

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::world::{Server, data_dir, json, key_in, run};

/// Seconds that one block may take.
const BLOCK_TIME_LIMIT_S: &str = "120";

/// The network of this test's own servers, as the setting `outbound.allow` wants it.
const LOOPBACK: &str = "[\"127.0.0.0/8\"]";
/// A logo with a transparent background.
const LOGO_PNG: &[u8] = include_bytes!("logo.png");

/// A piece of code of a page.
#[derive(Debug)]
struct Block {
    page: String,
    line: usize,
    info: String,
    code: String,
}

impl Block {
    fn place(&self) -> String {
        format!("{}.md:{} ({})", self.page, self.line, self.info)
    }
}

/// Takes the fenced blocks out of a page.
fn blocks_of(page: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block {
                    page: page.to_owned(),
                    line: index + 1,
                    info: info.trim().to_owned(),
                    code: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.code.push_str(line);
                block.code.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block without an end");
    blocks
}

/// One shop with a photo, a product and a finished try-on, in a folder of its own.
struct Shop {
    dir: PathBuf,
    env: BTreeMap<String, String>,
    /// Standard output of the block before.
    output: String,
}

impl Shop {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.arg(BLOCK_TIME_LIMIT_S).arg(program);
        command.env_clear().envs(&self.env).current_dir(&self.dir);
        command
    }

    fn shell(&self, code: &str) -> Output {
        let script = format!("set -euo pipefail\n{code}");
        self.command("bash").arg("-c").arg(script).output().unwrap()
    }

    fn succeed(&mut self, output: &Output) -> Result<(), String> {
        self.output = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(());
        }
        let told = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {}{told}", output.status, self.output))
    }

    /// Deals with one block. `next` is the block after it.
    fn handle(&mut self, block: &Block, next: Option<&Block>) -> Result<(), String> {
        match block.info.as_str() {
            "bash run" => {
                let output = self.shell(&block.code);
                self.succeed(&output)?;
                let is_refused = serde_json::from_str::<Value>(&self.output)
                    .is_ok_and(|answer| answer["requestId"].is_string());
                let is_expected = next.is_some_and(|next| next.code.contains("\"requestId\""));
                if is_refused && !is_expected {
                    return Err(format!("refused: {}", self.output));
                }
                Ok(())
            }
            "bash check" => {
                let output = self
                    .command("bash")
                    .args(["-n", "-c", &block.code])
                    .output();
                self.succeed(&output.unwrap())
            }
            "python run" => {
                let file = self.dir.join("sample.py");
                std::fs::write(&file, &block.code).unwrap();
                let output = self.command("python3").arg(&file).output().unwrap();
                self.succeed(&output)
            }
            "json example" => read_json(&block.code).map(drop),
            "json response" => {
                let (told, real) = (read_json(&block.code)?, read_json(&self.output)?);
                compare("answer", &told, &real)
            }
            "toml settings" => {
                let file = self.dir.join("sample.toml");
                std::fs::write(&file, &block.code).unwrap();
                let output = self.command("drape");
                let output = { output }
                    .arg("--config")
                    .arg(&file)
                    .args(["config", "show"])
                    .output();
                self.succeed(&output.unwrap())
            }
            "text response" => same_text(&block.code, &self.output),
            "text like" => same_text(
                &without_numbers(&block.code),
                &without_numbers(&self.output),
            ),
            "text" | "text figure" | "ini" | "nginx" => Ok(()),
            info => match info.strip_prefix("bash from=") {
                Some(key) => self.take(key, &block.code),
                None => Err("an unknown mark; the head of this test lists all".to_owned()),
            },
        }
    }

    /// Puts a value of the answer before into the variable that the block names.
    fn take(&mut self, key: &str, code: &str) -> Result<(), String> {
        let (name, _) = code.split_once('=').ok_or("no NAME=...")?;
        let answer = read_json(&self.output)?;
        let value = answer.pointer(&format!("/{}", key.replace('.', "/")));
        let value = value
            .and_then(Value::as_str)
            .ok_or("the answer has no such key")?;
        self.env.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}

fn read_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON: {error}\n{text}"))
}

fn same_text(told: &str, real: &str) -> Result<(), String> {
    let lines =
        |text: &str| -> Vec<String> { text.lines().map(|line| line.trim().to_owned()).collect() };
    if lines(told) == lines(real) {
        return Ok(());
    }
    Err(format!("the page says\n{told}\nbut it is\n{real}"))
}

/// Puts a 0 in the place of every number, hash, id and date.
fn without_numbers(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_part = |c: char| matches!(c, '0'..='9' | 'a'..='f' | '-');
        let run = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let length = if run >= 8 { run } else { digits };
        if length > 0 {
            result.push('0');
        } else {
            result.push(first);
        }
        rest = &rest[length.max(first.len_utf8())..];
    }
    result
}

/// An answer on a page must have the keys of the real one, no more and no fewer, and values of the same types.
fn compare(place: &str, told: &Value, real: &Value) -> Result<(), String> {
    match (told, real) {
        (Value::Object(told_map), Value::Object(real_map)) => {
            // The content of an open object is the shop's own.
            let is_open = place.ends_with("classifications") || place.ends_with("metadata");
            for key in told_map.keys() {
                if !real_map.contains_key(key) {
                    return Err(format!("{place}: the real answer has no {key}: {real}"));
                }
            }
            for (key, value) in real_map {
                match told_map.get(key) {
                    Some(told) => compare(&format!("{place}.{key}"), told, value)?,
                    None if is_open => {}
                    None => return Err(format!("{place}: the page does not show {key}: {real}")),
                }
            }
            Ok(())
        }
        (Value::Array(told_list), Value::Array(real_list)) => {
            let Some(first) = real_list.first() else {
                return if told_list.is_empty() {
                    Ok(())
                } else {
                    Err(format!("{place}: the real list is empty"))
                };
            };
            for (index, entry) in told_list.iter().enumerate() {
                let real = real_list.get(index).unwrap_or(first);
                compare(&format!("{place}.{index}"), entry, real)?;
            }
            Ok(())
        }
        (Value::String(told), Value::String(real)) => {
            let is_fixed = ["status", "code", "errorCode", "type", "path"]
                .iter()
                .any(|key| place.ends_with(&format!(".{key}")));
            if is_fixed && told != real {
                return Err(format!("{place}: the page says {told}, but it is {real}"));
            }
            Ok(())
        }
        (Value::Number(told), Value::Number(real))
            if place.ends_with(".status") && told != real =>
        {
            Err(format!("{place}: the page says {told}, but it is {real}"))
        }
        (told, real) if std::mem::discriminant(told) == std::mem::discriminant(real) => Ok(()),
        _ => Err(format!("{place}: the page says {told}, but it is {real}")),
    }
}

/// Serves one picture at every address, for as long as the test runs, and returns where.
fn serve_picture(picture: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4_096];
            if stream.read(&mut request).is_err() {
                continue;
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                picture.len()
            );
            // A reader that went away is its own business.
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&picture);
        }
    });
    format!("http://{address}/tee.jpg")
}

/// What all shops of the test share.
struct World {
    server: Server,
    data: PathBuf,
    root: PathBuf,
    garment_url: String,
}

impl World {
    /// Opens a shop for one page.
    fn open_shop(&self, page: &str) -> Shop {
        let dir = self.root.join(page);
        std::fs::create_dir(&dir).unwrap();
        for (from, to) in [
            ("person.jpg", "customer.jpg"),
            ("garment.jpg", "tee.jpg"),
            ("trousers.jpg", "jeans.jpg"),
        ] {
            std::fs::copy(self.data.join("demo").join(from), dir.join(to)).unwrap();
        }
        let name = format!("page-{page}");
        let args = [
            "account",
            "create",
            &name,
            "--credits",
            "100",
            "--rate-limit",
            "10000",
            "--json",
        ];
        let made = json(&self.data, &args);
        std::fs::write(dir.join("logo.png"), LOGO_PNG).unwrap();
        let admin = json(&self.data, &["admin-key", "create", "--json"]);
        let programs = Path::new(env!("CARGO_BIN_EXE_drape")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = path.to_string_lossy();
        let mut env = BTreeMap::new();
        for (name, value) in [
            ("PATH", format!("{}:{path}", programs.display())),
            ("HOME", dir.display().to_string()),
            ("DRAPE_STORAGE__DATA_DIR", self.data.display().to_string()),
            ("DRAPE_OUTBOUND__ALLOW", LOOPBACK.to_owned()),
            ("DRAPE_URL", self.server.url("")),
            ("DRAPE_KEY", made["apiKey"].as_str().unwrap().to_owned()),
            (
                "DRAPE_ADMIN_KEY",
                admin["adminKey"].as_str().unwrap().to_owned(),
            ),
            ("ACCOUNT", name.clone()),
            ("WEBHOOK_URL", self.garment_url.replace("/tee.jpg", "/hook")),
            ("GARMENT_URL", self.garment_url.clone()),
        ] {
            env.insert(name.to_owned(), value);
        }
        let mut shop = Shop {
            dir,
            env,
            output: String::new(),
        };
        Self::stock(&mut shop);
        shop
    }

    /// Gives the shop what pages take for granted: `IMAGE_ID`, the product `linen-shirt`, `GENERATION_ID`.
    fn stock(shop: &mut Shop) {
        for (code, taken) in [
            (
                r#"curl -s "$DRAPE_URL/tryon/v1/images/upload" -H "x-api-key: $DRAPE_KEY" -F file=@customer.jpg"#,
                Some(("imageId", "IMAGE_ID=")),
            ),
            (
                r#"curl -s "$DRAPE_URL/tryon/v1/products" -H "x-api-key: $DRAPE_KEY" -H "content-type: application/json" -d '{"externalId":"linen-shirt","title":"Linen shirt","images":[{"url":"'"$GARMENT_URL"'"}]}'"#,
                None,
            ),
            (
                r#"curl -s "$DRAPE_URL/tryon/v1/try-on" -H "x-api-key: $DRAPE_KEY" -H "content-type: application/json" -d '{"customer":{"id":"'"$IMAGE_ID"'"},"product":{"externalId":"linen-shirt"}}'"#,
                Some(("generationId", "GENERATION_ID=")),
            ),
            (
                r#"until curl -s "$DRAPE_URL/tryon/v1/generations/$GENERATION_ID" -H "x-api-key: $DRAPE_KEY" | grep COMPLETED; do sleep 0.1; done"#,
                None,
            ),
        ] {
            let output = shop.shell(code);
            shop.succeed(&output).unwrap();
            if let Some((key, name)) = taken {
                shop.take(key, name).unwrap();
            }
        }
    }
}

fn curl(url: &str) -> String {
    let output = Command::new("curl").args(["-sf", url]).output().unwrap();
    assert!(output.status.success(), "{url}");
    String::from_utf8(output.stdout).unwrap()
}

/// Says whether a program answers; a test that has to do without it says so.
fn has(program: &str, args: &[&str]) -> bool {
    let answers = Command::new(program).args(args).output();
    let is_there = answers.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("SKIPPED: `{program} {}` does not work here", args.join(" "));
    }
    is_there
}

#[test]
fn the_code_on_every_page_does_what_the_page_says() {
    if !(has("curl", &["--version"]) && has("bash", &["--version"])) {
        return;
    }
    let has_requests = has("python3", &["-c", "import requests"]);
    let (dir, data) = data_dir();
    let server = Server::start(&data, &["--set", &format!("outbound.allow={LOOPBACK}")]);
    assert!(key_in(&server.greeting).starts_with("gk_"));
    let garment = std::fs::read(data.join("demo/garment.jpg")).unwrap();
    let world = World {
        server,
        root: dir.path().to_owned(),
        garment_url: serve_picture(garment),
        data,
    };
    let index = curl(&world.server.url("/docs/llms.txt"));
    let pages: Vec<&str> = index
        .split("](/docs/")
        .filter_map(|rest| rest.split_once(".md)").map(|(slug, _)| slug))
        .filter(|slug| !slug.contains(['/', '\n', ' ']))
        .collect();
    assert!(pages.len() > 20, "{pages:?}");

    let mut wrong = Vec::new();
    let mut runs = 0;
    for page in pages {
        let text = curl(&world.server.url(&format!("/docs/{page}.md")));
        let blocks = blocks_of(page, &text);
        if blocks.is_empty() {
            continue;
        }
        let mut shop = world.open_shop(page);
        for (index, block) in blocks.iter().enumerate() {
            if block.info == "python run" && !has_requests {
                continue;
            }
            runs += usize::from(block.info.ends_with(" run"));
            if let Err(problem) = shop.handle(block, blocks.get(index + 1)) {
                wrong.push(format!("{}: {problem}", block.place()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(runs > 20, "{runs}");
    assert!(run(&world.data, &["doctor"]).status.success());
}

#[test]
fn blocks_and_answers_are_compared_as_said() {
    let blocks = blocks_of("p", "a\n```json example\n{}\n```\n\n```bash\nx\n```\n");
    assert_eq!(blocks.len(), 2);
    assert_eq!((blocks[0].line, blocks[0].code.as_str()), (2, "{}\n"));

    let fits = |told: &str, real: &str| {
        let (told, real) = (read_json(told).unwrap(), read_json(real).unwrap());
        compare("answer", &told, &real).is_ok()
    };
    assert!(fits(r#"{"a":1,"b":["x"]}"#, r#"{"b":["y","z"],"a":2}"#));
    assert!(!fits(r#"{"a":1}"#, r#"{"a":"1"}"#));
    assert!(!fits(r#"{"a":1}"#, r#"{"a":1,"b":2}"#));
    assert!(!fits(r#"{"a":1,"b":2}"#, r#"{"a":1}"#));
    assert!(!fits(r#"{"a":null}"#, r#"{"a":1}"#));
    assert!(!fits(r#"{"status":"PENDING"}"#, r#"{"status":"FAILED"}"#));
    assert!(!fits(r#"{"status":400}"#, r#"{"status":404}"#));
    assert!(!fits("[1]", "[]"));
    assert!(fits(r#"{"metadata":{}}"#, r#"{"metadata":{"a":1}}"#));
    assert_eq!(without_numbers("r=98;t=1"), without_numbers("r=7;t=10"));
    assert_ne!(without_numbers("r=98"), without_numbers("q=98"));
    assert_eq!(
        without_numbers("id 01a204d2-cdff-7031, é"),
        without_numbers("id 99999999-abab-7abc, é")
    );
}
