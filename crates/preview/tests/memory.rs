//! The memory of one try-on; a file of its own, as the peak is that of the whole process.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use drape_imaging::{FaceDetector, FaceSearch, Picture};
use drape_preview::engine::{prepare_garment, prepare_person, try_on};
use drape_preview::garment::Category;
use drape_preview::person::FaceBox;
use drape_preview::raster::Rgb8;
use drape_preview::synthetic::{GarmentKind, SyntheticGarment, SyntheticPerson};

/// What a try-on at 768 x 1024 may take, bytes: target of the project.
const LIMIT: u64 = 150_000_000;
const WIDTH: usize = 768;
const HEIGHT: usize = 1024;

/// Reads a value of the process in bytes: `VmHWM` is the peak of its memory since the last reset, `VmRSS` its memory now.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

fn detector_picture(image: &Rgb8) -> Picture {
    let samples = image.data().as_flattened().to_vec();
    Picture::new(image.width() as u32, image.height() as u32, samples).unwrap()
}

/// Everything that a job does with two decoded photos.
fn job(photo: &Rgb8, product: &Rgb8, category: Category, known: FaceBox) {
    let faces = FaceDetector::new().detect(&detector_picture(photo), FaceSearch::Tilted);
    FaceDetector::new().detect(&detector_picture(product), FaceSearch::Tilted);
    let found = faces.first().map(|face| {
        let [x, y, width, height] = [face.x, face.y, face.width, face.height].map(f64::from);
        FaceBox::from_detector(x, y, width, height)
    });
    let regions = prepare_person(photo, found.or(Some(known))).unwrap();
    let shape = prepare_garment(product, Some(category), None).unwrap();
    let result = try_on(photo, &regions, &shape).unwrap();
    assert!(result.changed_area > 0.0);
}

#[test]
fn a_try_on_takes_less_than_its_limit() {
    let person = SyntheticPerson {
        width: WIDTH,
        height: HEIGHT,
        ..SyntheticPerson::default()
    }
    .draw();
    for (kind, category) in [
        (GarmentKind::Trousers, Category::Bottom),
        (GarmentKind::Dress, Category::Dress),
        (GarmentKind::LongSleeved, Category::Top),
    ] {
        let garment = SyntheticGarment {
            width: WIDTH,
            height: HEIGHT,
            kind,
            ..SyntheticGarment::default()
        }
        .draw();
        // 5 resets the peak to the memory in use (Linux, `man 5 proc_pid_clear_refs`).
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = memory("VmRSS");
        job(&person.image, &garment.image, category, person.face);
        let (peak, grown) = (memory("VmHWM"), memory("VmHWM").saturating_sub(before));
        eprintln!(
            "{kind:?}: peak {} MB, {} MB over the start",
            peak / 1_000_000,
            grown / 1_000_000
        );
        assert!(peak < LIMIT, "{kind:?} needs {peak} bytes");
    }
}
