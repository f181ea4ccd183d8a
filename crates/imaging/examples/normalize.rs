//! Prepares one picture file as an upload is prepared.
//!
//! `normalize IN OUT [--no-crop]` writes the JPEG and prints sizes and times; for measuring and for looking at crops.

use std::process::ExitCode;
use std::time::Instant;

use drape_imaging::{Limits, normalize_upload};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let crop = !arguments.iter().any(|argument| argument == "--no-crop");
    let files: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let [input, output] = files[..] else {
        eprintln!("usage: normalize IN OUT [--no-crop]");
        return ExitCode::from(2);
    };
    match run(input, output, crop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(input: &str, output: &str, crop: bool) -> Result<(), String> {
    let bytes = std::fs::read(input).map_err(|error| format!("{input}: {error}"))?;
    let start = Instant::now();
    let result =
        normalize_upload(&bytes, crop, &Limits::default()).map_err(|error| error.to_string())?;
    let milliseconds = start.elapsed().as_millis();
    println!(
        "{} {} x {} -> {} x {}, face {:?}, {milliseconds} ms",
        result.source_format,
        result.source_width,
        result.source_height,
        result.width,
        result.height,
        result.face
    );
    std::fs::write(output, &result.jpeg).map_err(|error| format!("{output}: {error}"))
}
