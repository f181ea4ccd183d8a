//! What a statement costs: `cargo bench -p drape-provenance --bench sign`.
#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot start should say so"
)]

use divan::{Bencher, black_box};
use drape_core::{engine::DigitalSource, ports::ProvenanceFacts, time::Timestamp};
use drape_imaging::{Picture, Subsampling, encode_jpeg};
use drape_provenance::{Identity, Signer, verify};

fn main() {
    let (signer, facts) = (signer(), facts());
    for (width, height) in SIZES {
        let photo = photo(width, height);
        let signed = signer.sign(&photo, &facts).unwrap();
        println!(
            "{width} x {height}: {} bytes, {} more when signed",
            photo.len(),
            signed.len() - photo.len()
        );
    }
    divan::main();
}

/// A phone's upload after the crop, and the largest that is stored.
const SIZES: [(u32, u32); 2] = [(768, 960), (1_638, 2_048)];

#[divan::bench(args = SIZES)]
fn sign(bencher: Bencher, (width, height): (u32, u32)) {
    let (signer, facts, photo) = (signer(), facts(), photo(width, height));
    bencher.bench(|| signer.sign(black_box(&photo), &facts).unwrap());
}

#[divan::bench(args = SIZES)]
fn check(bencher: Bencher, (width, height): (u32, u32)) {
    let signed = signer().sign(&photo(width, height), &facts()).unwrap();
    bencher.bench(|| verify(black_box(&signed), None).unwrap());
}

/// What a start of the server costs once there is a certificate.
#[divan::bench]
fn start(bencher: Bencher) {
    let identity = Identity::self_made(moment()).unwrap();
    bencher.bench(|| Signer::new(black_box(&identity), "1.0.0").unwrap());
}

fn moment() -> Timestamp {
    Timestamp::from_micros(1_772_355_600_000_000)
}

fn signer() -> Signer {
    Signer::new(&Identity::self_made(moment()).unwrap(), "1.0.0").unwrap()
}

fn facts() -> ProvenanceFacts {
    ProvenanceFacts {
        instance: uuid::Uuid::from_u128(7),
        title: "gen_00000000000000000000000000000007.jpg".to_owned(),
        engine: "preview".to_owned(),
        engine_version: "1.0.0".to_owned(),
        source: DigitalSource::Composite,
        made_at: moment(),
        person_sha256: [1; 32],
        product_sha256: vec![[2; 32]],
        drawn: Vec::new(),
    }
}

/// Noise enough that the file is as large as a photo's.
fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut picture = Picture::filled(width, height, [0; 3]);
    for y in 0..height {
        for x in 0..width {
            let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 11;
            let shade = ((x + y) / 16 % 200) as u8;
            picture.set_pixel(x, y, [shade, shade / 2, (noise % 32) as u8 + shade / 4]);
        }
    }
    encode_jpeg(&picture, 92, Subsampling::S444)
}
