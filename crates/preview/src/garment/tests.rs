mod broken_input;
mod cuts;
mod drawing;
mod landmarks;
mod necklines;
mod wearer;

use self::drawing::{Drawing, in_work_pixels, mirrored};
use super::{Category, GarmentShape, analyze};
use crate::person::{PerSide, Side};
use crate::raster::{Point, Rgb8};

const WHITE: [u8; 3] = [255, 255, 255];
const PALE_WALL: [u8; 3] = [240, 240, 238];
const BLUE: [u8; 3] = [40, 80, 150];

/// Right half of a tee from the neck over shoulder, cuff and armpit to the hem.
const TEE: &[(f64, f64)] = &[
    (288.0, 150.0),
    (330.0, 138.0),
    TEE_SHOULDER,
    TEE_CUFF_OUTER,
    TEE_CUFF_INNER,
    TEE_ARMPIT,
    TEE_HEM,
];
const TEE_SHOULDER: (f64, f64) = (400.0, 160.0);
const TEE_CUFF_OUTER: (f64, f64) = (530.0, 330.0);
const TEE_CUFF_INNER: (f64, f64) = (480.0, 365.0);
const TEE_ARMPIT: (f64, f64) = (404.0, 270.0);
const TEE_HEM: (f64, f64) = (400.0, 620.0);

fn tee(wall: [u8; 3], cloth: [u8; 3]) -> Rgb8 {
    Drawing::on_wall(wall).symmetric(TEE, cloth, 1.5).finish()
}

fn analyzed(image: &Rgb8, category: Option<Category>) -> GarmentShape {
    analyze(image, category, None).unwrap_or_else(|error| panic!("{error}"))
}

/// Asserts that a pair of landmarks lies at a picture position and at its mirror image.
fn assert_pair(found: PerSide<Point>, right: (f64, f64), tolerance: f64, name: &str) {
    let expected = PerSide {
        left: in_work_pixels(mirrored(right)),
        right: in_work_pixels(right),
    };
    for side in Side::ALL {
        let off = (found[side] - expected[side]).length();
        assert!(
            off <= tolerance,
            "{name} {side:?}: {:?} is {off:.1} from {:?}",
            found[side],
            expected[side]
        );
    }
}
