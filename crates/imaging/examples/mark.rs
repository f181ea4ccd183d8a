//! Draws a logo and the label onto pictures and says where.
//!
//! `cargo run --example mark -- LOGO|none START|MIDDLE|END,START|MIDDLE|END WIDTH_SHARE label|plain OUT_DIR PICTURE...`

#![expect(clippy::unwrap_used, clippy::panic, reason = "a tool for developers")]

use std::path::Path;
use std::time::Instant;

use drape_imaging::{
    Anchor, Limits, Logo, LogoStyle, Place, Subsampling, decode, encode_jpeg, mark_picture,
};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [logo, anchor, width_share, label, out_dir, pictures @ ..] = args.as_slice() else {
        panic!("usage: mark LOGO|none COLUMN,ROW WIDTH_SHARE label|plain OUT_DIR PICTURE...");
    };
    let logo = (logo != "none").then(|| Logo::from_upload(&std::fs::read(logo).unwrap()).unwrap());
    let (column, row) = anchor.split_once(',').unwrap();
    let style = LogoStyle {
        anchor: Anchor {
            column: place(column),
            row: place(row),
        },
        width_share: width_share.parse().unwrap(),
        opacity: 0.85,
        margin_share: 0.03,
    };
    for path in pictures {
        let limits = Limits {
            min_side: 1,
            ..Limits::default()
        };
        let mut picture = decode(&std::fs::read(path).unwrap(), &limits).unwrap();
        let started = Instant::now();
        let marked = mark_picture(
            &mut picture,
            logo.as_ref().map(|logo| (logo, &style)),
            label == "label",
        );
        println!("{path}: {marked:?} in {:?}", started.elapsed());
        let name = Path::new(path).file_stem().unwrap().to_string_lossy();
        let out = Path::new(out_dir).join(format!("{name}.jpg"));
        std::fs::write(out, encode_jpeg(&picture, 92, Subsampling::S444)).unwrap();
    }
}

fn place(word: &str) -> Place {
    match word {
        "START" => Place::Start,
        "MIDDLE" => Place::Middle,
        "END" => Place::End,
        other => panic!("{other} is no place"),
    }
}
