//! All pairs of the evaluation photos, where these lie beside the repository; skipped elsewhere.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::path::{Path, PathBuf};

use drape_imaging::{FaceDetector, FaceSearch, Limits, Picture, decode};
use drape_preview::confidence::SUGGESTED_GATE;
use drape_preview::engine::{prepare_garment, prepare_person, try_on};
use drape_preview::garment::Category;
use drape_preview::person::FaceBox;
use drape_preview::raster::{Plane, Rgb8};

/// Pairs whose confidence stays below the gate, rightly.
const REFUSED: [(&str, &str); 4] = [
    ("07966_00", "050002_1"),
    ("model_1", "049920_1"),
    ("model_5", "050002_1"),
    ("seated_hat", "00126_00"),
];

/// Reads a photo and finds its largest face.
fn read(path: &Path) -> (Rgb8, Option<FaceBox>) {
    let picture: Picture = decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap();
    let faces = FaceDetector::new().detect(&picture, FaceSearch::Tilted);
    let face = faces
        .into_iter()
        .max_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)));
    let face = face.map(|face| {
        let [left, top, width, height] = [face.x, face.y, face.width, face.height].map(f64::from);
        FaceBox::from_detector(left, top, width, height)
    });
    let size = (picture.width() as usize, picture.height() as usize);
    let pixels = picture
        .data()
        .chunks_exact(3)
        .map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    (Plane::from_vec(size.0, size.1, pixels), face)
}

#[test]
fn the_same_pairs_are_accepted_as_ever_and_nothing_outside_changes() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let list = shared.join("preview/pairs.txt");
    if !shared.join("photos").is_dir() || !list.is_file() {
        eprintln!("skipped: there are no evaluation photos beside the repository");
        return;
    }
    let list = std::fs::read_to_string(list).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in list
        .lines()
        .map(|line| line.split('#').next().unwrap().trim())
    {
        let [person_name, garment_name, category] = line.split_whitespace().collect::<Vec<_>>()[..]
        else {
            assert!(line.is_empty(), "not a pair: {line}");
            continue;
        };
        let category = match category {
            "top" => Category::Top,
            "bottom" => Category::Bottom,
            _ => Category::Dress,
        };
        count += 1;
        let (photo, face) = read(&shared.join(format!("photos/people/{person_name}.jpg")));
        let (product, product_face) =
            read(&shared.join(format!("photos/garments/{garment_name}.jpg")));
        let garment = prepare_garment(&product, Some(category), product_face).unwrap();
        let person = match prepare_person(&photo, face) {
            Err(error) => {
                if !REFUSED.contains(&(person_name, garment_name)) {
                    wrong.push(format!("{line}: {error}"));
                }
                continue;
            }
            Ok(person) => person,
        };
        let result = try_on(&photo, &person, &garment).unwrap();
        let pixels = photo
            .data()
            .iter()
            .zip(result.image.data())
            .zip(result.allowed.data());
        let outside = pixels
            .filter(|((before, after), allowed)| !**allowed && before != after)
            .count();
        assert_eq!(outside, 0, "{line}");
        let accepted = result.confidence.value >= SUGGESTED_GATE;
        if accepted == REFUSED.contains(&(person_name, garment_name)) {
            wrong.push(format!(
                "{line}: {:.2} {}",
                result.confidence.value,
                result.confidence.explanation()
            ));
        }
    }
    assert!(count > 20, "the list has {count} pairs");
    assert!(
        wrong.is_empty(),
        "accepted or refused against expectation: {wrong:#?}"
    );
}
