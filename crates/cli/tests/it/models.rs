//! `drape models` against a hub on this machine: good, cut, lying and missing.

mod hub;

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Instant,
};

use serde_json::Value;

use self::hub::{Hub, first_byte, head_from, send_from, send_status};
use crate::world::{PATIENCE, data_dir, drape, stdout};

/// Size of the test's model file, in bytes.
const SIZE: usize = 100_000;

/// The model file: bytes that do not repeat early.
fn content() -> Vec<u8> {
    (0..SIZE as u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

/// A data folder and a registry with the models `tiny` (MIT) and `study` (not for commercial use).
struct World {
    dir: tempfile::TempDir,
    data: PathBuf,
}

impl World {
    fn new() -> Self {
        let (dir, data) = data_dir();
        let mut hash = String::new();
        for byte in drape_imaging::content_hash(&content()) {
            write!(hash, "{byte:02x}").unwrap();
        }
        let mut registry = String::new();
        for (name, licence) in [
            (
                "tiny",
                r#"{ spdx = "MIT", url = "https://example.com/mit", commercial_use = true }"#,
            ),
            (
                "study",
                r#"{ spdx = "CC-BY-NC-4.0", url = "https://example.com/nc", commercial_use = false }"#,
            ),
        ] {
            write!(
                registry,
                "[[model]]\nname = \"{name}\"\npurpose = \"a test\"\nrepository = \"someone/{name}\"\n\
                 revision = \"abc123\"\nlicence = {licence}\n\
                 [[model.file]]\nname = \"a.bin\"\nbytes = {SIZE}\nsha256 = \"{hash}\"\n"
            )
            .unwrap();
        }
        fs::write(dir.path().join("registry.toml"), registry).unwrap();
        Self { dir, data }
    }

    fn command(&self, hub: Option<&Hub>, args: &[&str]) -> Command {
        let mut command = drape(&self.data);
        command.arg("models").args(args);
        command
            .arg("--registry")
            .arg(self.dir.path().join("registry.toml"));
        // Without a hub nothing may leave the machine.
        let endpoint = hub.map_or("http://127.0.0.1:9".to_owned(), Hub::url);
        command.env("HF_ENDPOINT", endpoint);
        command
    }

    fn models(&self, hub: Option<&Hub>, args: &[&str]) -> Told {
        Told::of(&self.command(hub, args).output().unwrap())
    }

    fn pull(&self, hub: &Hub) -> Told {
        self.models(Some(hub), &["pull", "tiny"])
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.join("models/tiny").join(name)
    }

    /// Starts a pull and waits until half of the file has arrived; its hub then says nothing more.
    fn half_pulled(&self) -> Child {
        let hub = Hub::start(|_, stream| {
            stream.write_all(&head_from(0, SIZE)).ok();
            stream.write_all(&content()[..SIZE / 2]).ok();
            // Until the client has gone.
            stream.read_exact(&mut [0]).ok();
        });
        let mut command = self.command(Some(&hub), &["pull", "tiny"]);
        let child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while size_of(&self.file("a.bin.part")) != Some(SIZE as u64 / 2) {
            assert!(started.elapsed() < PATIENCE, "nothing arrives");
            std::thread::yield_now();
        }
        child
    }
}

fn size_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|metadata| metadata.len())
}

/// What a command said.
#[derive(Debug)]
struct Told {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Told {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Checks exit code and words of a failure.
    #[track_caller]
    fn fails(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(words), "{self:?}");
    }

    #[track_caller]
    fn succeeds(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }
}

#[test]
fn a_model_is_pulled_verified_and_removed() {
    let (world, hub) = (World::new(), Hub::honest());
    let before = world.models(None, &["list"]);
    assert!(
        before
            .succeeds()
            .stdout
            .contains("tiny             missing     100.0 kB  MIT"),
        "{before:?}"
    );
    assert!(!world.data.exists(), "looking makes nothing");

    let pulled = world.pull(&hub);
    pulled.succeeds();
    for words in [
        "licence  MIT, commercial use allowed",
        "someone/tiny on 127.0.0.1",
        "100.0 kB to come",
        "tiny is installed in",
    ] {
        assert!(pulled.stdout.contains(words), "{words}: {pulled:?}");
    }
    assert!(
        pulled
            .stderr
            .contains("a.bin: installed, 100.0 kB, hash right"),
        "{pulled:?}"
    );
    assert!(
        !pulled.stderr.contains('\x1b'),
        "no colours in a pipe: {pulled:?}"
    );
    assert!(
        hub.heads()[0].starts_with("get /someone/tiny/resolve/abc123/a.bin "),
        "{:?}",
        hub.heads()
    );
    assert_eq!(fs::read(world.file("a.bin")).unwrap(), content());
    assert_eq!(size_of(&world.file("a.bin.part")), None);

    let listed = world.models(None, &["list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.succeeds().stdout).unwrap();
    assert_eq!(listed[0]["state"], "installed");
    assert_eq!(listed[0]["missingBytes"], 0);
    assert_eq!(listed[1]["licence"]["commercialUse"], false);
    assert_eq!(listed[1]["state"], "missing");

    let again = world.pull(&hub);
    assert!(
        again
            .succeeds()
            .stderr
            .contains("is there already, and whole"),
        "{again:?}"
    );
    assert_eq!(hub.heads().len(), 1);
    let verified = world.models(None, &["verify"]);
    assert_eq!(verified.succeeds().stdout, "ok     tiny/a.bin\n");

    let removed = world.models(None, &["remove", "tiny"]);
    assert!(
        removed
            .succeeds()
            .stdout
            .contains("100.0 kB are free again"),
        "{removed:?}"
    );
    assert!(removed.stdout.contains("models/tiny/a.bin"), "{removed:?}");
    world
        .models(None, &["remove", "tiny"])
        .fails(5, "there is nothing to remove");
    world
        .models(None, &["verify", "tiny"])
        .fails(5, "`drape models pull tiny` gets it");
    assert_eq!(
        world.models(None, &["verify"]).succeeds().stdout,
        "no model is installed\n"
    );
}

#[test]
fn the_token_is_for_the_hub_alone() {
    let (world, store) = (World::new(), Hub::honest());
    let target = store.url();
    let hub = Hub::start(move |_, stream| {
        send_status(stream, &format!("302 Found\r\nlocation: {target}/blob"));
    });
    let output = world
        .command(Some(&hub), &["pull", "tiny"])
        .env("HF_TOKEN", "hf_secret")
        .output();
    let told = Told::of(&output.unwrap());
    told.succeeds();
    assert!(
        hub.heads()[0].contains("authorization: bearer hf_secret"),
        "{:?}",
        hub.heads()
    );
    assert!(
        !store.heads()[0].contains("hf_secret"),
        "{:?}",
        store.heads()
    );
    assert!(!format!("{told:?}").contains("hf_secret"), "{told:?}");
}

#[test]
fn proxies_of_the_environment_are_used() {
    let (world, proxy) = (World::new(), Hub::honest());
    let mut command = world.command(None, &["pull", "tiny"]);
    command
        .env("HF_ENDPOINT", "http://hub.invalid")
        .env("http_proxy", proxy.url());
    Told::of(&command.output().unwrap()).succeeds();
    let head = &proxy.heads()[0];
    assert!(
        head.starts_with("get http://hub.invalid/someone/tiny/resolve/"),
        "{head}"
    );
}

#[test]
fn ctrl_c_keeps_what_has_arrived_and_the_next_pull_goes_on() {
    let world = World::new();
    let child = world.half_pulled();
    let told = Command::new("kill")
        .arg("-INT")
        .arg(child.id().to_string())
        .status();
    assert!(told.unwrap().success());
    let told = Told::of(&child.wait_with_output().unwrap());
    told.fails(130, "interrupted; what has arrived is kept");
    assert_eq!(size_of(&world.file("a.bin")), None);

    let listed = world.models(None, &["list"]);
    assert!(
        listed.stdout.contains("tiny             partly"),
        "{listed:?}"
    );
    let verified = world.models(None, &["verify"]);
    verified.fails(4, "not every model");
    assert!(
        verified
            .stdout
            .contains("WRONG  tiny/a.bin has not arrived completely (50000 bytes so far)"),
        "{verified:?}"
    );

    let hub = Hub::honest();
    let pulled = world.pull(&hub);
    assert!(
        pulled
            .succeeds()
            .stderr
            .contains("a.bin: goes on after 50.0 kB"),
        "{pulled:?}"
    );
    let head = &hub.heads()[0];
    assert!(
        head.contains("range: bytes=50000-\r\n") && head.contains("if-range: \"v1\"\r\n"),
        "{head}"
    );
    assert_eq!(fs::read(world.file("a.bin")).unwrap(), content());
    assert_eq!(size_of(&world.file("a.bin.part.etag")), None);
}

#[test]
fn a_killed_pull_leaves_no_lock_and_a_second_one_at_once_is_refused() {
    let world = World::new();
    let mut child = world.half_pulled();
    let hub = Hub::honest();
    world
        .pull(&hub)
        .fails(6, "is being pulled or removed by another process");
    world
        .models(None, &["remove", "tiny"])
        .fails(6, "by another process");
    assert!(hub.heads().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    world.pull(&hub).succeeds();
    assert!(
        hub.heads()[0].contains("range: bytes=50000-"),
        "{:?}",
        hub.heads()
    );
}

#[test]
fn a_cut_connection_is_taken_up_again() {
    let world = World::new();
    let hub = Hub::start(|head, stream| match first_byte(head) {
        0 => {
            stream.write_all(&head_from(0, SIZE)).ok();
            stream.write_all(&content()[..70_000]).ok();
        }
        first => send_from(stream, first, &content()),
    });
    let pulled = world.pull(&hub);
    assert!(
        pulled
            .succeeds()
            .stderr
            .contains("was cut after 70000 of 100000 bytes; next try in 1 s"),
        "{pulled:?}"
    );
    assert!(
        hub.heads()[1].contains("range: bytes=70000-"),
        "{:?}",
        hub.heads()
    );
    assert_eq!(fs::read(world.file("a.bin")).unwrap(), content());
}

#[test]
fn a_wrong_content_is_thrown_away() {
    let world = World::new();
    let hub = Hub::start(|_, stream| send_from(stream, 0, &vec![1; SIZE]));
    world.pull(&hub).fails(
        4,
        "a.bin arrived with the wrong content and was thrown away: its SHA-256 is ",
    );
    assert!(!world.data.join("models/tiny").exists());
    // A part that somebody spoilt is found by the hash, too, and the next pull is clean.
    fs::create_dir_all(world.data.join("models/tiny")).unwrap();
    fs::write(world.file("a.bin.part"), "spoilt").unwrap();
    let honest = Hub::honest();
    world.pull(&honest).fails(4, "wrong content");
    world.pull(&honest).succeeds();
    assert!(
        !honest.heads()[1].contains("range:"),
        "{:?}",
        honest.heads()
    );
}

#[test]
fn refusals_of_the_hub_are_told_and_leave_nothing() {
    let world = World::new();
    for (status, code, words) in [
        ("401 Unauthorized", 6, "HF_TOKEN is not set or not valid"),
        ("403 Forbidden", 6, "its terms may have to be accepted"),
        (
            "404 Not Found",
            5,
            "has no a.bin in someone/tiny at revision abc123",
        ),
    ] {
        let hub = Hub::start(move |_, stream| send_status(stream, status));
        world.pull(&hub).fails(code, words);
        assert!(!world.data.join("models/tiny").exists());
    }
    let hub = Hub::start(|_, stream| send_from(stream, 0, b"<html>log in</html>"));
    world
        .pull(&hub)
        .fails(4, "a file of 19 bytes where 100000 are expected");
    assert!(!world.data.join("models/tiny").exists());
}

#[test]
fn without_a_network_files_come_from_a_folder() {
    let world = World::new();
    let offline = |args: &[&str]| {
        let mut command = world.command(None, args);
        Told::of(&command.env("HF_HUB_OFFLINE", "1").output().unwrap())
    };
    offline(&["pull", "tiny"]).fails(1, "name it with `--from DIR`");
    assert!(!world.data.exists());
    let from = world.dir.path().join("stick");
    let from_text = from.to_str().unwrap();
    let copy = ["pull", "tiny", "--from", from_text];
    offline(&copy).fails(5, "a.bin is neither in");
    fs::create_dir_all(from.join("tiny")).unwrap();
    fs::write(from.join("tiny/a.bin"), vec![1; SIZE]).unwrap();
    offline(&copy).fails(4, "wrong content");
    assert!(!world.data.join("models/tiny").exists());
    fs::write(from.join("tiny/a.bin"), content()).unwrap();
    offline(&copy).succeeds();
    // With all files there, a pull has nothing to ask the network for.
    offline(&["pull", "tiny"]).succeeds();
    assert_eq!(fs::read(world.file("a.bin")).unwrap(), content());
    fs::write(world.file("a.bin"), vec![1; SIZE]).unwrap();
    offline(&["pull", "tiny"]).fails(1, "HF_HUB_OFFLINE forbids the network");
}

#[test]
fn a_model_that_business_may_not_use_asks_for_its_licence() {
    let (world, hub) = (World::new(), Hub::honest());
    let pull = |more: &[&str]| world.models(Some(&hub), &[&["pull", "study"], more].concat());
    pull(&[]).fails(6, "add `--accept-licence CC-BY-NC-4.0`");
    pull(&["--accept-licence", "MIT"]).fails(6, "none of these models is under that licence");
    assert!(hub.heads().is_empty());
    assert!(!world.data.exists());
    let pulled = pull(&["--accept-licence", "CC-BY-NC-4.0"]);
    assert!(
        pulled
            .succeeds()
            .stdout
            .contains("CC-BY-NC-4.0, NO commercial use, https://example.com/nc"),
        "{pulled:?}"
    );
}

#[test]
fn a_full_disk_says_how_much_is_missing() {
    let (world, hub) = (World::new(), Hub::honest());
    // A limit of the size of files (64 KiB) refuses writes as a full disk does.
    let pull = world.command(Some(&hub), &["pull", "tiny"]);
    let mut command = Command::new("bash");
    command
        .args(["-c", "ulimit -f 64; trap '' XFSZ; exec \"$@\"", "bash"])
        .arg(pull.get_program())
        .args(pull.get_args())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HF_ENDPOINT", hub.url());
    let told = Told::of(&command.output().unwrap());
    told.fails(1, "no room for a.bin in ");
    told.fails(1, "more bytes are needed");
    told.fails(1, "`drape models remove tiny` gives up what has arrived");
    assert_eq!(size_of(&world.file("a.bin")), None);
    assert_eq!(size_of(&world.file("a.bin.part")), Some(65_536));
    world.pull(&hub).succeeds();
    assert!(
        hub.heads()[1].contains("range: bytes=65536-"),
        "{:?}",
        hub.heads()
    );
}

#[test]
fn damage_is_found_and_repaired() {
    let (world, hub) = (World::new(), Hub::honest());
    world.pull(&hub).succeeds();
    let mut spoilt = content();
    spoilt[SIZE / 2] ^= 1;
    fs::write(world.file("a.bin"), spoilt).unwrap();
    let verified = world.models(None, &["verify", "tiny"]);
    verified.fails(4, "not every model is as it should be");
    assert!(
        verified
            .stdout
            .starts_with("WRONG  tiny/a.bin has SHA-256 "),
        "{verified:?}"
    );
    assert!(
        verified
            .stdout
            .contains("-> `drape models pull tiny` repairs it"),
        "{verified:?}"
    );
    let pulled = world.pull(&hub);
    assert!(
        pulled
            .succeeds()
            .stderr
            .contains("is damaged: it is replaced"),
        "{pulled:?}"
    );
    world.models(None, &["verify", "tiny"]).succeeds();
}

#[test]
fn wrong_names_registries_and_variables_are_refused() {
    let world = World::new();
    world
        .models(None, &["pull", "huge"])
        .fails(5, "there is no model `huge`; known are tiny, study");
    world
        .models(None, &["remove", "../tiny"])
        .fails(5, "there is no model `../tiny`");
    world.models(None, &["pull"]).fails(2, "NAME");
    for (name, value, words) in [
        ("HF_ENDPOINT", "huggingface.co", "is no address of a hub"),
        ("HF_TOKEN", "two words", "characters that no token has"),
        (
            "HTTPS_PROXY",
            "socks5://u:secret@host",
            "the proxy for https is not understood",
        ),
    ] {
        let output = world
            .command(None, &["pull", "tiny"])
            .env(name, value)
            .output();
        let told = Told::of(&output.unwrap());
        told.fails(2, words);
        assert!(!told.stderr.contains("secret"), "{told:?}");
    }
    fs::write(
        world.dir.path().join("registry.toml"),
        "[[model]]\nname = 3\n",
    )
    .unwrap();
    world
        .models(None, &["list"])
        .fails(2, "the registry of models cannot be read");
}

#[test]
fn doctor_tells_of_the_models_without_complaint() {
    let (_dir, data) = data_dir();
    stdout(&data, &["migrate"]);
    let told = stdout(&data, &["doctor"]);
    assert!(
        told.contains("`drape models pull fashn-vton-1.5 dwpose` gets them (2.29 GB)"),
        "{told}"
    );
    fs::create_dir_all(data.join("models/dwpose")).unwrap();
    fs::write(data.join("models/dwpose/yolox_l.onnx"), "short").unwrap();
    let told = stdout(&data, &["doctor"]);
    assert!(
        told.contains("yolox_l.onnx has 5 bytes instead of 216746733"),
        "{told}"
    );
    assert!(
        told.contains("`drape models pull dwpose` completes it"),
        "{told}"
    );
    assert!(
        told.contains("`drape models pull fashn-vton-1.5` gets them"),
        "{told}"
    );
}
