//! The tiny networks: every output and every stage against the reference.

use std::collections::HashMap;

use drape_vton::backend::Backend;
use drape_vton::backend::scalar::Scalar;
use drape_vton::config::Config;
use drape_vton::model::condition::{Category, Condition};
use drape_vton::model::{Model, Pictures};

use super::golden::{Tensors, assert_network};

/// Runs all outputs of a reference file on a backend; gives the number of compared tensors.
fn compare<B: Backend>(backend: B, config: Config, reference: &Tensors) -> usize {
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
            assert_network(&format!("{run} {capture}"), &seen[capture], &expected);
            compared += 1;
        }
        assert_network(name, &observed, &reference.f32(name));
        compared += 1;

        // Without a watcher the last block leaves the garment's tokens out, which must not change the velocity.
        let mut plain = vec![f32::NAN; noisy.len()];
        model
            .forward(branch, &noisy, &modulations, &mut work, &mut plain)
            .unwrap();
        assert_network(name, &plain, &reference.f32(name));
    }
    compared
}

#[test]
fn tiny_square_agrees_in_every_stage() {
    let Some(reference) = Tensors::read("tiny_square.safetensors") else {
        return;
    };
    assert_eq!(
        compare(Scalar, Config::tiny_square(), &reference),
        12 + 9 + 7 + 7 + 9
    );
}

#[test]
fn tiny_asym_agrees_in_every_stage() {
    let Some(reference) = Tensors::read("tiny_asym.safetensors") else {
        return;
    };
    assert_eq!(
        compare(Scalar, Config::tiny_asym(), &reference),
        12 + 2 * 15
    );
}
