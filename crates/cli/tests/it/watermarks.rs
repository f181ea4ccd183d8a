//! `drape account set`, `drape account watermark`, and the marks of `drape try-on`.

use std::path::Path;

use drape_imaging::{Limits, Logo, Picture, decode};

use crate::world::{data_dir, json, run, stdout};

/// A red block.
fn logo(path: &Path) -> String {
    let logo = Logo::of_shape(200, 60, [230, 20, 30], vec![255; 200 * 60]).unwrap();
    write(path, &logo.to_png().1)
}

fn write(path: &Path, bytes: &[u8]) -> String {
    std::fs::write(path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

fn read(path: &Path) -> Picture {
    decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap()
}

/// Whether the pixel is of the logo.
fn is_red(picture: &Picture, x: u32, y: u32) -> bool {
    let [red, green, blue] = picture.pixel(x, y);
    red > 170 && green < 90 && blue < 90
}

#[test]
fn a_watermark_is_set_shown_changed_and_cleared() {
    let (dir, data) = data_dir();
    let logo = logo(&dir.path().join("logo.png"));
    stdout(&data, &["account", "create", "shop"]);
    let set = stdout(
        &data,
        &["account", "watermark", "set", "shop", "--logo", &logo],
    );
    assert!(
        set.contains("bottom-right") && set.contains("18%") && set.contains("85%"),
        "{set}"
    );
    let show = ["account", "watermark", "show", "shop", "--json"];
    let first = json(&data, &show);
    assert_eq!(first["anchor"], "bottom-right");
    assert_eq!(first["widthShare"], 0.18);
    assert_eq!(
        (&first["logoWidth"], &first["logoHeight"]),
        (&200.into(), &60.into())
    );

    let change = [
        "account",
        "watermark",
        "set",
        "shop",
        "--anchor",
        "top-left",
        "--width",
        "25%",
        "--margin",
        "0.05",
    ];
    stdout(&data, &change);
    let out = dir.path().join("stored.png").to_string_lossy().into_owned();
    let second = json(&data, &[&show[..], &["--logo-out", &out]].concat());
    assert_eq!(second["anchor"], "top-left");
    assert_eq!(
        (second["widthShare"].as_f64(), second["opacity"].as_f64()),
        (Some(0.25), Some(0.85))
    );
    assert_eq!(second["logoWidth"], 200);
    assert_eq!(
        Logo::from_png(&std::fs::read(&out).unwrap())
            .unwrap()
            .width(),
        200
    );

    assert!(stdout(&data, &["account", "watermark", "clear", "shop"]).contains("no logo"));
    assert_eq!(run(&data, &show).status.code(), Some(5));
    assert_eq!(
        run(&data, &["account", "watermark", "clear", "shop"])
            .status
            .code(),
        Some(5)
    );
}

#[test]
fn a_preview_shows_the_logo_on_a_photo() {
    let (dir, data) = data_dir();
    let logo = logo(&dir.path().join("logo.png"));
    let photo = write(
        &dir.path().join("photo.jpg"),
        &drape_engines::demo::person_jpeg(),
    );
    let out = dir.path().join("out.jpg");
    stdout(&data, &["account", "create", "shop"]);
    stdout(
        &data,
        &["account", "watermark", "set", "shop", "--logo", &logo],
    );
    let name = out.to_string_lossy().into_owned();
    let preview = [
        "account",
        "watermark",
        "preview",
        "shop",
        "--photo",
        &photo,
        "-o",
        &name,
    ];
    stdout(&data, &preview);
    let (before, after) = (read(Path::new(&photo)), read(&out));
    assert_eq!(
        (before.width(), before.height()),
        (after.width(), after.height())
    );
    let margin = (after.width().min(after.height()) as f32 * 0.03).round() as u32;
    let inside = (after.width() - margin - 4, after.height() - margin - 4);
    assert!(is_red(&after, inside.0, inside.1) && !is_red(&before, inside.0, inside.1));
}

#[test]
fn wrong_watermarks_are_refused_with_a_reason() {
    let (dir, data) = data_dir();
    let logo = logo(&dir.path().join("logo.png"));
    let text = write(&dir.path().join("logo.txt"), b"no logo");
    let photo = write(
        &dir.path().join("photo.jpg"),
        &drape_engines::demo::person_jpeg(),
    );
    stdout(&data, &["account", "create", "shop"]);
    let set = ["account", "watermark", "set", "shop"];
    let cases: [(&[&str], i32, &str); 10] = [
        (&[], 3, "--logo"),
        (&["--logo", &text], 3, "PNG or WebP"),
        (&["--logo", &photo], 3, "A JPEG file cannot be a logo"),
        (&["--logo", "/nowhere.png"], 1, "/nowhere.png"),
        (
            &["--logo", &logo, "--width", "1%"],
            3,
            "--width: Expected a number from 0.02 to 1",
        ),
        (&["--logo", &logo, "--opacity", "101%"], 3, "--opacity"),
        (&["--logo", &logo, "--margin", "0.3"], 3, "--margin"),
        (&["--logo", &logo, "--width", "wide"], 2, "18% or 0.18"),
        (&["--logo", &logo, "--anchor", "bottom"], 2, "bottom-right"),
        (&["--logo", &logo, "--anchor"], 2, "--anchor"),
    ];
    for (args, code, words) in cases {
        let output = run(&data, &[&set[..], args].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(told.contains(words), "{args:?}: {told}");
    }
    let shown = run(&data, &["account", "watermark", "show", "shop"]);
    assert_eq!(shown.status.code(), Some(5), "nothing was set");
    assert_eq!(
        run(&data, &["account", "watermark", "show", "nobody"])
            .status
            .code(),
        Some(5)
    );
}

#[test]
fn settings_of_an_account_change_one_by_one() {
    let (_dir, data) = data_dir();
    stdout(&data, &["account", "create", "shop"]);
    let set = |args: &[&str]| run(&data, &[&["account", "set", "shop"], args].concat());
    let shown = || json(&data, &["account", "show", "shop", "--json"]);
    assert_eq!(shown()["aiLabel"], false);
    for args in [
        &["--rate-limit", "7", "--poll-limit", "70"][..],
        &["--keep-for-days", "3"],
        &["--engine", "mock", "--ai-label", "on"],
        &["--credits-low-at", "0"],
    ] {
        assert!(set(args).status.success(), "{args:?}");
    }
    let account = shown();
    assert_eq!(
        (&account["rateLimit"], &account["pollLimit"]),
        (&7.into(), &70.into())
    );
    assert_eq!(
        (&account["keepForDays"], &account["engine"]),
        (&3.into(), &"mock".into())
    );
    assert_eq!(
        (&account["aiLabel"], &account["creditsLowAt"]),
        (&true.into(), &0.into())
    );
    assert!(
        set(&["--engine", "default", "--ai-label", "off"])
            .status
            .success()
    );
    assert_eq!(
        (&shown()["engine"], &shown()["aiLabel"]),
        (&serde_json::Value::Null, &false.into())
    );
    for (args, code) in [
        (&[][..], 2),
        (&["--rate-limit", "0"], 2),
        (&["--keep-for-days", "2"], 2),
        (&["--ai-label", "maybe"], 2),
        (&["--engine", "magic"], 3),
    ] {
        assert_eq!(set(args).status.code(), Some(code), "{args:?}");
    }
    assert_eq!(shown()["rateLimit"], 7);
}

#[test]
fn a_try_on_can_carry_logo_and_label() {
    let (dir, data) = data_dir();
    let logo = logo(&dir.path().join("logo.png"));
    let person = write(
        &dir.path().join("person.jpg"),
        &drape_engines::demo::person_jpeg(),
    );
    let out = dir.path().join("out.jpg");
    let name = out.to_string_lossy().into_owned();
    let base = [
        "try-on",
        "--engine",
        "mock",
        "--person",
        &person,
        "--garment",
        &person,
        "-o",
        &name,
    ];
    stdout(&data, &base);
    let plain = read(&out);
    stdout(
        &data,
        &[&base[..], &["--watermark", &logo, "--ai-label"]].concat(),
    );
    let marked = read(&out);
    let margin = (marked.width().min(marked.height()) as f32 * 0.03).round() as u32;
    let (x, y) = (marked.width() - margin - 4, marked.height() - margin - 4);
    assert!(is_red(&marked, x, y) && !is_red(&plain, x, y));
    // The pill of the label, near the lower left corner.
    assert!(
        marked
            .pixel(margin + 24, marked.height() - margin - 2)
            .iter()
            .all(|value| *value < 120)
    );
    assert!(!data.exists());
}
