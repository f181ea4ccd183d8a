//! A signer, facts and pictures.

use std::sync::OnceLock;

use drape_core::{
    engine::DigitalSource,
    ports::{Drawn, ProvenanceFacts},
    time::Timestamp,
};
use drape_imaging::{Picture, Subsampling, encode_jpeg};
use drape_provenance::{Identity, Signer};

/// 2026-03-01T09:00:00Z: a certificate made then is valid while these tests are likely to run.
pub(crate) fn moment() -> Timestamp {
    Timestamp::from_micros(1_772_355_600_000_000)
}

pub(crate) fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::self_made(moment()).unwrap())
}

pub(crate) fn signer() -> Signer {
    Signer::new(identity(), "9.8.7").unwrap()
}

pub(crate) fn facts() -> ProvenanceFacts {
    ProvenanceFacts {
        instance: uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001),
        title: "gen_01920000000070008000000000000001.jpg".to_owned(),
        engine: "preview".to_owned(),
        engine_version: "1.2.3".to_owned(),
        source: DigitalSource::Composite,
        made_at: moment(),
        person_sha256: [0xaa; 32],
        product_sha256: vec![[0xbb; 32], [0xcc; 32]],
        drawn: vec![Drawn::Watermark],
    }
}

pub(crate) fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut picture = Picture::filled(width, height, [200, 180, 160]);
    for y in 0..height {
        for x in 0..width {
            let noise = (x * 31 + y * 17) % 251;
            picture.set_pixel(x, y, [noise as u8, (x % 256) as u8, (y % 256) as u8]);
        }
    }
    encode_jpeg(&picture, 90, Subsampling::S444)
}
