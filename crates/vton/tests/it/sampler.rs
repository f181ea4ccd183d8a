//! The schedule to the bit, whole samplings of the tiny network, and stopping in between.

use std::ops::ControlFlow;

use drape_vton::backend::scalar::Scalar;
use drape_vton::config::Config;
use drape_vton::model::condition::Category;
use drape_vton::model::{Model, Pictures};
use drape_vton::preprocess::to_levels;
use drape_vton::sampler::{SampleError, Settings, sample, schedule};

use super::golden::{self, Tensors, assert_close};

fn bits(value: &serde_json::Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|hex| u32::from_str_radix(hex.as_str().unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn times_and_step_lengths_agree_to_the_bit() {
    let Some(reference) = golden::json("schedule.json") else {
        return;
    };
    for (steps, expected) in reference["steps"].as_object().unwrap() {
        let times = schedule::times(steps.parse().unwrap());
        let found: Vec<u32> = times.iter().map(|time| time.to_bits()).collect();
        assert_eq!(found, bits(&expected["hex"]), "{steps} steps");
        let lengths: Vec<u32> = times
            .windows(2)
            .map(|pair| schedule::step_length(pair[0], pair[1]).to_bits())
            .collect();
        assert_eq!(lengths, bits(&expected["dt_hex"]), "{steps} steps");
    }
}

#[test]
fn any_number_of_steps_goes_from_zero_to_one() {
    for steps in 1..200 {
        let times = schedule::times(steps);
        assert_eq!(
            (times[0].to_bits(), times[steps].to_bits()),
            (0.0_f32.to_bits(), 1.0_f32.to_bits())
        );
        assert!(
            times.windows(2).all(|pair| pair[0] < pair[1]),
            "{steps} steps"
        );
    }
    assert!(schedule::times(0).is_empty());
}

/// The tiny network with its inputs.
struct Scene {
    model: Model<Scalar>,
    inputs: [Vec<f32>; 4],
}

impl Scene {
    fn read() -> Option<Self> {
        let reference = Tensors::read("tiny_square.safetensors")?;
        let model = Model::load(Scalar, Config::tiny_square(), reference.weights()).unwrap();
        Some(Self {
            model,
            inputs: ["in.ca", "in.pp", "in.gi", "in.gp"].map(|name| reference.f32(name)),
        })
    }

    fn pictures(&self) -> Pictures<'_> {
        let [person, person_pose, garment, garment_pose] = &self.inputs;
        Pictures {
            person,
            person_pose,
            garment,
            garment_pose,
        }
    }
}

#[test]
fn samplings_follow_the_reference() {
    const STATE_TOLERANCE: f64 = 5e-5;
    const MAX_BYTES_OFF: f64 = 0.001;
    let (Some(scene), Some(reference), Some(manifest)) = (
        Scene::read(),
        Tensors::read("sampler.safetensors"),
        golden::json("manifest.json"),
    ) else {
        return;
    };
    let noise = reference.f32("noise");
    let cases = manifest["files"]["sampler.safetensors"]["cases"]
        .as_object()
        .unwrap();
    assert_eq!(cases.len(), 8);
    for (name, case) in cases {
        let number = |key: &str| case[key].as_u64().unwrap() as usize;
        let settings = Settings {
            steps: number("steps"),
            guidance: case["guidance"].as_f64().unwrap() as f32,
            unguided_last_steps: number("skip_cfg_last_n"),
        };
        let watched: Vec<u64> = case["x_after_steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap())
            .collect();
        let mut states: Vec<f32> = Vec::new();
        let mut calls = 0;
        let sampled = sample(
            &scene.model,
            scene.pictures(),
            Category::Bottoms,
            &noise,
            settings,
            &mut |progress| {
                calls += 1;
                assert_eq!((progress.step, progress.steps), (calls, settings.steps));
                if watched.contains(&(calls as u64)) {
                    states.extend(progress.state);
                }
                ControlFlow::Continue(())
            },
        )
        .unwrap();
        assert_eq!(calls, settings.steps);
        assert_eq!(
            sampled.forwards,
            number("forwards_conditional") + number("forwards_null_needed"),
            "{name}"
        );
        assert_eq!(sampled.forwards, settings.forwards(), "{name}");
        assert_close(
            name,
            &states,
            &reference.f32(&format!("{name}.x")),
            STATE_TOLERANCE,
        );

        let (found, expected) = (
            to_levels(&sampled.state, scene.model.config().canvas(), 3)
                .unwrap()
                .into_samples(),
            reference.u8(&format!("{name}.u8")),
        );
        assert_eq!(found.len(), expected.len());
        let off: Vec<u8> = found
            .iter()
            .zip(&expected)
            .map(|(a, b)| a.abs_diff(*b))
            .filter(|d| *d > 0)
            .collect();
        assert!(
            off.iter().all(|d| *d == 1) && off.len() as f64 <= MAX_BYTES_OFF * found.len() as f64,
            "{name}: {off:?}"
        );
    }
}

#[test]
fn a_sampling_stops_between_two_steps() {
    let Some(scene) = Scene::read() else { return };
    let noise = vec![0.5; 3 * 48 * 32];
    let mut calls = 0;
    let stopped = sample(
        &scene.model,
        scene.pictures(),
        Category::Tops,
        &noise,
        Settings::with_steps(5),
        &mut |progress| {
            calls += 1;
            if progress.step == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    );
    assert!(matches!(
        stopped,
        Err(SampleError::Cancelled { step: 2, steps: 5 })
    ));
    assert_eq!(calls, 2);

    // After the last step the picture is there, so there is nothing left to stop.
    let finished = sample(
        &scene.model,
        scene.pictures(),
        Category::Tops,
        &noise,
        Settings::with_steps(1),
        &mut |_| ControlFlow::Break(()),
    );
    assert_eq!(finished.unwrap().forwards, 1);
}

#[test]
fn a_sampling_is_the_same_for_any_number_of_threads() {
    let Some(scene) = Scene::read() else { return };
    let noise: Vec<f32> = (0..3 * 48 * 32).map(|i| (i as f32 * 0.37).sin()).collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let settings = Settings::with_steps(2);
            sample(
                &scene.model,
                scene.pictures(),
                Category::OnePieces,
                &noise,
                settings,
                &mut |_| ControlFlow::Continue(()),
            )
            .unwrap()
        })
    };
    let one = run(1);
    assert_eq!(one, run(3));
    assert_eq!(one, run(8));
}

#[test]
fn senseless_requests_are_refused() {
    let Some(scene) = Scene::read() else { return };
    let noise = vec![0.0; 3 * 48 * 32];
    let run = |pictures, noise: &[f32], settings| {
        sample(
            &scene.model,
            pictures,
            Category::Tops,
            noise,
            settings,
            &mut |_| ControlFlow::Continue(()),
        )
        .unwrap_err()
    };
    let good = Settings::with_steps(1);
    assert!(matches!(
        run(scene.pictures(), &noise, Settings::with_steps(0)),
        SampleError::NoSteps
    ));
    assert!(matches!(
        run(
            scene.pictures(),
            &noise,
            Settings {
                guidance: f32::NAN,
                ..good
            }
        ),
        SampleError::Guidance
    ));
    let short = run(scene.pictures(), &noise[1..], good);
    assert!(
        matches!(short, SampleError::Input(error) if error.what == "noise" && error.found == 3 * 48 * 32 - 1)
    );
    let pose = run(
        Pictures {
            person_pose: &noise,
            ..scene.pictures()
        },
        &noise,
        good,
    );
    assert!(matches!(pose, SampleError::Input(error) if error.what == "person pose"));
}
