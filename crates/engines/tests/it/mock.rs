//! The engine that changes nothing.

use drape_core::engine::{Engine, EngineErrorKind, EngineInput};
use drape_engines::MockEngine;
use drape_imaging::{Picture, Subsampling, encode_jpeg};
use drape_testkit::conformance::engines::file;

use crate::drawn::input;

#[tokio::test]
async fn the_persons_file_comes_back_byte_for_byte_and_no_garment_is_needed() {
    let input = input(Vec::new());
    let output = MockEngine.generate(input.clone()).await.unwrap();
    assert_eq!(output.jpeg, input.person.bytes);
    assert_eq!((output.width, output.height), (576, 768));
    assert_eq!(output.confidence, None);
    assert!(!MockEngine.capabilities().uses_garment);
}

#[tokio::test]
async fn the_size_of_the_picture_does_not_matter() {
    for (width, height) in [(1, 1), (9_000, 20)] {
        let picture = Picture::filled(width, height, [1, 2, 3]);
        let input = EngineInput {
            person: file(encode_jpeg(&picture, 90, Subsampling::S420)),
            ..input(Vec::new())
        };
        let output = MockEngine.generate(input).await.unwrap();
        assert_eq!((output.width, output.height), (width, height));
    }
}

#[tokio::test]
async fn what_is_no_jpeg_is_refused() {
    let png =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0\x90\x91\x68\x36".to_vec();
    for bytes in [b"text".to_vec(), png] {
        let input = EngineInput {
            person: file(bytes),
            ..input(Vec::new())
        };
        let error = MockEngine.generate(input).await.unwrap_err();
        assert_eq!(error.kind, EngineErrorKind::BadInput);
    }
}
