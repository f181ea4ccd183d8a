//! The tiny networks: every output and every stage against the reference.

use std::collections::HashMap;

use drape_vton::backend::Backend;
use drape_vton::backend::cpu::Cpu;
use drape_vton::backend::scalar::Scalar;
use drape_vton::config::Config;
use drape_vton::kernels::Path;
use drape_vton::model::condition::{Category, Condition};
use drape_vton::model::{Model, Pictures};

use super::golden::{Tensors, assert_network, difference};

/// Compares found with expected numbers of a named place.
type Check = fn(&str, &[f32], &[f32]);

/// Runs all outputs of a reference file on a backend; gives the number of compared tensors.
fn compare<B: Backend>(backend: B, config: Config, reference: &Tensors, check: Check) -> usize {
    let model = Model::load(backend, config, reference.weights()).unwrap();
    let mut work = model.workspace();
    let [person, person_pose, garment, garment_pose, noisy] =
        ["in.ca", "in.pp", "in.gi", "in.gp", "in.x"].map(|name| reference.f32(name));
    let pictures = Pictures {
        person: &person,
        person_pose: &person_pose,
        garment: &garment,
        garment_pose: &garment_pose,
    };
    let conditional = model.branch(pictures, &mut work).unwrap();
    let null = model.null_branch(&mut work);
    let times = reference.f32("in.times");
    let names = reference.names();
    let mut compared = 0;
    for name in names.iter().filter(|name| name.starts_with("out.")) {
        let run = name.strip_prefix("out.").unwrap();
        let (time, kind) = run.split_once('.').unwrap();
        let time = times[time[1..].parse::<usize>().unwrap()];
        let category = match kind {
            "c1" => Some(Category::Tops),
            "c2" => Some(Category::Bottoms),
            "c3" => Some(Category::OnePieces),
            _ => None,
        };
        let branch = if category.is_none() {
            &null
        } else {
            &conditional
        };
        let modulations = model
            .modulations(&[Condition { time, category }])
            .unwrap()
            .remove(0);

        let mut seen: HashMap<String, Vec<f32>> = HashMap::new();
        seen.insert("t_embedder".to_owned(), modulations.time_embedding.clone());
        seen.insert("vec".to_owned(), modulations.vector.clone());
        let mut observed = vec![f32::NAN; noisy.len()];
        model
            .forward_observed(
                branch,
                &noisy,
                &modulations,
                &mut work,
                &mut observed,
                &mut |stage, values| {
                    seen.insert(stage.to_string(), values.to_vec());
                },
            )
            .unwrap();
        for capture in names.iter().filter_map(|name| {
            name.strip_prefix("cap.")?
                .strip_prefix(run)?
                .strip_prefix('.')
        }) {
            let expected = reference.f32(&format!("cap.{run}.{capture}"));
            check(&format!("{run} {capture}"), &seen[capture], &expected);
            compared += 1;
        }
        check(name, &observed, &reference.f32(name));
        compared += 1;

        // Without a watcher the last block leaves the garment's tokens out, which must not change the velocity.
        let mut plain = vec![f32::NAN; noisy.len()];
        model
            .forward(branch, &noisy, &modulations, &mut work, &mut plain)
            .unwrap();
        check(name, &plain, &reference.f32(name));
    }
    compared
}

#[test]
fn tiny_square_agrees_in_every_stage() {
    let Some(reference) = Tensors::read("tiny_square.safetensors") else {
        return;
    };
    assert_eq!(
        compare(Scalar, Config::tiny_square(), &reference, assert_network),
        12 + 9 + 7 + 7 + 9
    );
}

#[test]
fn tiny_asym_agrees_in_every_stage() {
    let Some(reference) = Tensors::read("tiny_asym.safetensors") else {
        return;
    };
    assert_eq!(
        compare(Scalar, Config::tiny_asym(), &reference, assert_network),
        12 + 2 * 15
    );
}

/// Asserts what rounding to bf16 costs the reference itself.
fn assert_bf16(what: &str, found: &[f32], expected: &[f32]) {
    const MAX_ABS: f64 = 2.4e-2;
    const RELATIVE: f64 = 8.5e-3;
    let (largest, relative) = difference(found, expected);
    println!("{what}: max abs {largest:e}, relative {relative:e}");
    assert!(
        relative <= RELATIVE && (largest <= MAX_ABS || !what.starts_with("out.")),
        "{what}: max abs {largest:e}, relative {relative:e}"
    );
}

#[test]
fn every_path_agrees_in_every_stage() {
    for (file, config, compared) in [
        ("tiny_square.safetensors", Config::tiny_square(), 44),
        ("tiny_asym.safetensors", Config::tiny_asym(), 42),
    ] {
        let Some(reference) = Tensors::read(file) else {
            return;
        };
        for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
            println!("{file} on {path}");
            let check = if path.uses_bf16() {
                assert_bf16
            } else {
                assert_network
            };
            let backend = Cpu::on(path).unwrap();
            assert_eq!(
                compare(backend, config.clone(), &reference, check),
                compared
            );
        }
    }
}

#[test]
fn velocities_have_the_same_bits_for_any_number_of_threads() {
    let Some(reference) = Tensors::read("tiny_asym.safetensors") else {
        return;
    };
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let backend = Cpu::on(path).unwrap();
                let model = Model::load(backend, Config::tiny_asym(), reference.weights()).unwrap();
                let mut work = model.workspace();
                let null = model.null_branch(&mut work);
                let condition = Condition {
                    time: 0.5,
                    category: Some(Category::Tops),
                };
                let modulations = model.modulations(&[condition]).unwrap().remove(0);
                let noisy = reference.f32("in.x");
                let mut velocity = vec![f32::NAN; noisy.len()];
                model
                    .forward(&null, &noisy, &modulations, &mut work, &mut velocity)
                    .unwrap();
                velocity
            })
        };
        let one = run(1);
        assert!(one.iter().all(|value| value.is_finite()));
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{path} with {threads} threads");
        }
    }
}
