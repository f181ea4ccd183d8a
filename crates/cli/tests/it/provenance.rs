//! Signed results: `drape provenance`, `drape try-on`, and the settings behind them.

use std::path::{Path, PathBuf};

use drape_core::time::Timestamp;
use drape_provenance::Identity;

use crate::world::{Server, data_dir, json, run, stdout};

/// 2026-03-01T09:00:00Z: what is made then is valid while these tests are likely to run.
const MOMENT: i64 = 1_772_355_600_000_000;

/// Writes the demo pictures and tries the one on the other.
fn try_on(dir: &Path, data: &Path, more: &[&str]) -> PathBuf {
    let out = dir.join("out.jpg");
    let (person, garment) = (dir.join("person.jpg"), dir.join("garment.jpg"));
    std::fs::write(&person, drape_engines::demo::person_jpeg()).unwrap();
    std::fs::write(&garment, drape_engines::demo::garment_jpeg()).unwrap();
    let mut args = vec!["try-on", "--category", "top", "--json"];
    for (flag, path) in [("--person", &person), ("--garment", &garment), ("-o", &out)] {
        args.extend([flag, path.to_str().unwrap()]);
    }
    args.extend(more);
    json(data, &args);
    out
}

/// Files of an identity that no server has made.
fn identity(folder: &Path) -> [String; 2] {
    Identity::load_or_make(folder, Timestamp::from_micros(MOMENT)).unwrap();
    ["key.pem", "certificate.pem"].map(|name| folder.join(name).to_string_lossy().into_owned())
}

fn settings(key_file: &str, certificate_file: &str) -> [String; 4] {
    [
        "--set".to_owned(),
        format!("provenance.key_file={key_file}"),
        "--set".to_owned(),
        format!("provenance.certificate_file={certificate_file}"),
    ]
}

#[test]
fn a_picture_made_without_a_server_says_what_made_it() {
    let (dir, data) = data_dir();
    let out = try_on(dir.path(), &data, &[]);
    let out = out.to_str().unwrap();
    let said = json(&data, &["provenance", "verify", out, "--json"]);
    assert_eq!(said["verdict"], "valid");
    assert_eq!(
        said["generator"],
        concat!("drape ", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(said["title"], "try-on.jpg");
    let made = &said["actions"][1];
    assert_eq!(
        made["softwareAgent"],
        concat!("preview ", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(
        made["digitalSourceType"],
        "http://cv.iptc.org/newscodes/digitalsourcetype/composite"
    );
    assert_eq!(said["ingredients"].as_array().map(Vec::len), Some(2));
    assert_eq!(said["findings"][0]["code"], "signingCredential.untrusted");
    let text = stdout(&data, &["provenance", "verify", out]);
    for words in [
        "valid: structure",
        "nobody vouches",
        "c2pa.edited",
        "product picture 1",
    ] {
        assert!(text.contains(words), "{text}");
    }
    assert!(!data.exists(), "neither command needs a data folder");
}

#[test]
fn the_exit_code_tells_changed_from_unsigned_and_unreadable() {
    let (dir, data) = data_dir();
    let out = try_on(dir.path(), &data, &[]);
    let mut changed = std::fs::read(&out).unwrap();
    let place = changed.len() - 100;
    changed[place] ^= 1;
    std::fs::write(dir.path().join("changed.jpg"), changed).unwrap();
    std::fs::write(dir.path().join("text.jpg"), "no picture").unwrap();
    for (name, code, words) in [
        ("out.jpg", 0, ""),
        ("changed.jpg", 4, "changed after signing"),
        ("person.jpg", 5, "no statement"),
        ("text.jpg", 3, "expected a JPEG"),
        ("nowhere.jpg", 1, "cannot be read"),
    ] {
        let path = dir.path().join(name);
        let output = run(&data, &["provenance", "verify", path.to_str().unwrap()]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{name}: {told}");
        assert!(told.contains(words), "{name}: {told}");
    }
}

#[test]
fn given_files_sign_and_count_as_trusted_when_one_says_so() {
    let (dir, data) = data_dir();
    let [key, certificate] = identity(&dir.path().join("given"));
    let settings = settings(&key, &certificate);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let out = try_on(dir.path(), &data, &settings);
    let out = out.to_str().unwrap();
    let args = [
        "provenance",
        "verify",
        out,
        "--json",
        "--trust",
        &certificate,
    ];
    let said = json(&data, &args);
    assert_eq!(said["verdict"], "trusted", "{said}");
    let printed = stdout(
        &data,
        &[&["provenance", "certificate"], settings.as_slice()].concat(),
    );
    assert_eq!(printed, std::fs::read_to_string(&certificate).unwrap());

    let output = run(&data, &["provenance", "verify", out, "--trust", out]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "a picture holds no certificates"
    );
}

#[test]
fn files_that_cannot_sign_are_told_by_their_setting() {
    let (dir, data) = data_dir();
    let [key, certificate] = identity(&dir.path().join("one"));
    let [other_key, _] = identity(&dir.path().join("other"));
    let nowhere = dir
        .path()
        .join("nowhere.pem")
        .to_string_lossy()
        .into_owned();
    for (key_file, certificate_file, setting, words) in [
        (
            &key,
            &String::new(),
            "provenance.certificate_file",
            "expected",
        ),
        (
            &String::new(),
            &certificate,
            "provenance.key_file",
            "expected",
        ),
        (&nowhere, &certificate, "provenance.key_file", "nowhere.pem"),
        (
            &certificate,
            &certificate,
            "provenance.key_file",
            "private key",
        ),
        (&key, &key, "provenance.certificate_file", "no certificate"),
        (
            &other_key,
            &certificate,
            "provenance.key_file",
            "does not belong",
        ),
    ] {
        let settings = settings(key_file, certificate_file);
        let mut args = vec!["serve", "--listen", "127.0.0.1:0"];
        args.extend(settings.iter().map(String::as_str));
        let output = run(&data, &args);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(setting) && told.contains(words), "{told}");
    }
}

#[test]
fn the_server_makes_its_certificate_once_and_doctor_tells_of_it() {
    let (_dir, data) = data_dir();
    let none_yet = run(&data, &["provenance", "certificate"]);
    assert_eq!(none_yet.status.code(), Some(1));
    assert!(!data.exists(), "asking makes nothing");

    let server = Server::start(&data, &[]);
    let printed = stdout(&data, &["provenance", "certificate"]);
    assert_eq!(printed.matches("BEGIN CERTIFICATE").count(), 2, "{printed}");
    assert!(!printed.contains("PRIVATE"));
    assert_eq!(server.terminate(), Some(0));
    let told = stdout(&data, &["doctor"]);
    assert!(told.contains("on no trust list"), "{told}");

    let again = Server::start(&data, &[]);
    assert_eq!(stdout(&data, &["provenance", "certificate"]), printed);
    drop(again);
    let off = ["--set", "provenance.enabled=false", "doctor"];
    assert!(stdout(&data, &off).contains("switched off"));
}
