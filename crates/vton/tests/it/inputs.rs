//! Two photos become the reference's tensors, a state becomes its picture, and what does not fit is refused.

use std::ops::ControlFlow;

use drape_vton::backend::scalar::Scalar;
use drape_vton::config::Config;
use drape_vton::inputs::{Garment, Inputs, InputsError, Layer, Photo, PhotoError};
use drape_vton::model::Model;
use drape_vton::model::condition::Category;
use drape_vton::noise;
use drape_vton::pose::{Point, Pose};
use drape_vton::preprocess::{CANVAS, Picture, PictureError, Size};
use drape_vton::sampler::{Settings, sample};

use drape_vton::weights::stream::Stream;

use super::golden::Tensors;
use super::preprocess::{hex_sha256, made_picture};

/// Largest value of the made-up states; beyond 1 they are clamped.
const STATE_RANGE: f32 = 1.25;

fn hash(values: &[f32]) -> String {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    hex_sha256(&bytes)
}

fn size(value: &serde_json::Value) -> Size {
    let side = |at: usize| value[at].as_u64().unwrap() as usize;
    Size::new(side(0), side(1))
}

fn gray(size: Size, level: u8) -> Picture {
    Picture::filled(size, 1, level).unwrap()
}

fn photo(width: usize, height: usize) -> Photo {
    Photo::new(&made_picture("photo", Size::new(width, height), 3), CANVAS).unwrap()
}

#[test]
fn photos_become_the_tensors_of_the_reference_and_states_its_pictures() {
    let fixture: serde_json::Value =
        serde_json::from_str(include_str!("../fixtures/inputs.json")).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let made = |part: &str, size: Size, channels: usize| {
            made_picture(&format!("inputs.{name}.{part}"), size, channels)
        };
        let canvas = size(&case["canvas"]);
        let photo = |part: &str| Photo::new(&made(part, size(&case[part]), 3), canvas).unwrap();
        let (person, garment) = (photo("person"), photo("garment"));
        assert_eq!(
            person.picture().size(),
            size(&case["working_person"]),
            "{name}"
        );
        assert_eq!(
            garment.picture().size(),
            size(&case["working_garment"]),
            "{name}"
        );

        let person_pose = made("person_pose", person.picture().size(), 1);
        let garment_pose = made("garment_pose", garment.picture().size(), 1);
        let mask = match case["worn"].as_str() {
            Some("original") => Some(made("mask", garment.original_size(), 1)),
            Some("shrunk") => Some(made("mask", garment.picture().size(), 1)),
            _ => None,
        };
        let kind = mask
            .as_ref()
            .map_or(Garment::FlatLay, |mask| Garment::Worn {
                mask,
                pose: &garment_pose,
            });
        let inputs = Inputs::new(&person, &person_pose, &garment, kind).unwrap();
        let pictures = inputs.pictures();
        for (part, found) in [
            ("person", pictures.person),
            ("person_pose", pictures.person_pose),
            ("garment", pictures.garment),
            ("garment_pose", pictures.garment_pose),
        ] {
            assert_eq!(hash(found), case["sha256"][part], "{name}: {part}");
        }

        let stream = Stream::named(&format!("inputs.{name}.state"));
        let state = stream.values(inputs.noise_length(), STATE_RANGE);
        let picture = inputs.picture(&state).unwrap();
        assert_eq!(picture.size(), size(&case["picture"]), "{name}");
        assert_eq!(picture.size(), inputs.person().size(), "{name}");
        assert_eq!(
            hex_sha256(picture.samples()),
            case["sha256"]["picture"],
            "{name}"
        );
    }
}

#[test]
fn a_garment_that_nobody_wears_has_a_black_pose() {
    let (person, garment) = (photo(30, 40), photo(50, 20));
    let pose = person.draw(&Pose::unseen()).unwrap();
    let inputs = Inputs::new(&person, &pose, &garment, Garment::FlatLay).unwrap();
    assert!(
        inputs
            .pictures()
            .garment_pose
            .iter()
            .all(|value| value.to_bits() == (-1.0_f32).to_bits())
    );
    assert_eq!(
        inputs.pictures().garment_pose,
        inputs.pictures().person_pose
    );
}

#[test]
fn only_the_garment_is_seen_of_who_wears_it() {
    const MID_GRAY: f32 = 127.0 / 127.5 - 1.0;
    let size = CANVAS;
    let photo = Photo::new(&Picture::filled(size, 3, 200).unwrap(), size).unwrap();
    let mut mask = gray(size, 127);
    mask.samples_mut()[..size.width * 2].fill(128);
    let pose = gray(size, 0);
    let kind = Garment::Worn {
        mask: &mask,
        pose: &pose,
    };
    let inputs = Inputs::new(&photo, &pose, &photo, kind).unwrap();
    let pixels = size.width * size.height;
    for plane in inputs.pictures().garment.chunks_exact(pixels) {
        let (shown, hidden) = plane.split_at(size.width * 2);
        assert!(shown.iter().all(|value| *value > 0.5));
        assert!(hidden.iter().all(|value| (value - MID_GRAY).abs() < 1e-6));
    }
    // The person is shown whole.
    assert!(inputs.pictures().person.iter().all(|value| *value > 0.5));
}

#[test]
fn the_person_comes_back_place_by_place() {
    let photo = photo(CANVAS.width, 300);
    let pose = gray(photo.picture().size(), 0);
    let inputs = Inputs::new(&photo, &pose, &photo, Garment::FlatLay).unwrap();
    assert_eq!(inputs.person(), photo.picture());
    // What the network makes of it loses at most the level that is cut off.
    let found = inputs.picture(inputs.pictures().person).unwrap();
    assert_eq!(found.size(), photo.picture().size());
    let mut levels = found.samples().iter().zip(photo.picture().samples());
    assert!(levels.all(|(a, b)| a.abs_diff(*b) <= 1));
}

#[test]
fn a_picture_of_the_tiny_network_has_the_person_s_shape() {
    let Some(reference) = Tensors::read("tiny_square.safetensors") else {
        return;
    };
    let config = Config::tiny_square();
    let model = Model::load(Scalar, config.clone(), reference.weights()).unwrap();
    let photo = |width, height| {
        let original = made_picture("tiny", Size::new(width, height), 3);
        Photo::new(&original, config.canvas()).unwrap()
    };
    let (person, garment) = (photo(70, 90), photo(41, 30));
    let mut pose = Pose::unseen();
    pose.body[1] = Some(Point { x: 0.5, y: 0.3 });
    pose.body[2] = Some(Point { x: 0.3, y: 0.3 });
    let drawing = person.draw(&pose).unwrap();
    let inputs = Inputs::new(&person, &drawing, &garment, Garment::FlatLay).unwrap();
    let run = |seed: u64| {
        let noise = noise::normal(seed, inputs.noise_length()).unwrap();
        let settings = Settings::with_steps(2);
        let go_on = &mut |_: drape_vton::sampler::Progress<'_>| ControlFlow::Continue(());
        let sampled = sample(
            &model,
            inputs.pictures(),
            Category::Tops,
            &noise,
            settings,
            go_on,
        )
        .unwrap();
        inputs.picture(&sampled.state).unwrap()
    };
    let picture = run(5);
    assert_eq!((picture.size(), picture.channels()), (Size::new(32, 41), 3));
    assert_eq!(picture, run(5));
    assert_ne!(picture, run(6));
}

#[test]
fn photos_that_cannot_be_used_are_refused() {
    for channels in [1, 2, 4] {
        let picture = Picture::filled(Size::new(9, 9), channels, 3).unwrap();
        assert_eq!(
            Photo::new(&picture, CANVAS),
            Err(PhotoError::NotInColour(channels))
        );
    }
    for (width, height) in [(100_000, 57), (57, 100_000), (864, 1), (2000, 2)] {
        let size = Size::new(width, height);
        let long = Picture::filled(size, 3, 9).unwrap();
        let refused = Photo::new(&long, CANVAS).unwrap_err();
        assert_eq!(
            refused,
            PhotoError::TooNarrow {
                size,
                canvas: CANVAS
            }
        );
        assert!(refused.to_string().contains(&size.to_string()));
    }
    let dot = Picture::filled(Size::new(1, 1), 3, 9).unwrap();
    assert_eq!(Photo::new(&dot, CANVAS).unwrap().picture(), &dot);
    assert!(Photo::new(&dot, Size::new(0, 4)).is_err());
}

#[test]
fn layers_that_do_not_belong_to_their_photo_are_refused() {
    let (person, garment) = (photo(30, 40), photo(1000, 1500));
    let pose = gray(Size::new(30, 40), 0);
    let worn_pose = gray(garment.picture().size(), 0);
    let mask = gray(Size::new(1000, 1500), 255);
    let new = |pose: &Picture, mask: &Picture, worn_pose: &Picture| {
        let kind = Garment::Worn {
            mask,
            pose: worn_pose,
        };
        Inputs::new(&person, pose, &garment, kind)
    };
    assert!(new(&pose, &mask, &worn_pose).is_ok());

    let wrong = |layer, expected, found| {
        Err(InputsError::LayerSize {
            layer,
            expected,
            found,
        })
    };
    let small = gray(Size::new(30, 39), 0);
    let working = garment.picture().size();
    assert_eq!(
        new(&small, &mask, &worn_pose),
        wrong(Layer::PersonPose, Size::new(30, 40), small.size())
    );
    assert_eq!(
        new(&pose, &mask, &small),
        wrong(Layer::GarmentPose, working, small.size())
    );
    assert_eq!(
        new(&pose, &small, &worn_pose),
        wrong(Layer::GarmentMask, Size::new(1000, 1500), small.size())
    );
    let colour = Picture::filled(Size::new(30, 40), 3, 0).unwrap();
    assert_eq!(
        new(&colour, &mask, &worn_pose),
        Err(InputsError::LayerChannels {
            layer: Layer::PersonPose,
            found: 3
        })
    );
    let nothing = gray(working, 127);
    assert_eq!(
        new(&pose, &nothing, &worn_pose),
        Err(InputsError::EmptyMask)
    );

    let other = Photo::new(garment.picture(), Size::new(32, 48)).unwrap();
    let mixed = Inputs::new(&person, &pose, &other, Garment::FlatLay);
    assert_eq!(
        mixed,
        Err(InputsError::TwoCanvases {
            person: CANVAS,
            garment: Size::new(32, 48)
        })
    );
}

#[test]
fn states_that_make_no_picture_are_refused() {
    let person = photo(30, 40);
    let pose = gray(Size::new(30, 40), 0);
    let inputs = Inputs::new(&person, &pose, &person, Garment::FlatLay).unwrap();
    let mut state = vec![0.0; inputs.noise_length()];
    let expected = state.len();
    assert!(inputs.picture(&state).is_ok());
    assert_eq!(
        inputs.picture(&state[1..]),
        Err(PictureError::Length {
            expected,
            found: expected - 1
        }
        .into())
    );
    for value in [f32::NAN, f32::INFINITY] {
        state[7] = value;
        assert_eq!(inputs.picture(&state), Err(InputsError::NotFinite));
    }
}
