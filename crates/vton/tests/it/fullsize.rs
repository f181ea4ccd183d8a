//! Blocks of the released size with generated weights. They take minutes on the plain backend and are run on request.

use drape_vton::backend::scalar::{Scalar, math};
use drape_vton::backend::{Backend, Linear};
use drape_vton::config::Config;
use drape_vton::model::block::{DoubleBlock, Scratch, SingleBlock};
use drape_vton::model::condition::{DoubleModulation, Modulation, embed_time, linear};
use drape_vton::model::rotary::Rotary;
use drape_vton::weights::Weights;
use drape_vton::weights::stream::Stream;
use serde_json::Value;

use super::golden::{self, difference, f32_file};

const BACKEND: Scalar = Scalar;

/// A stream as the reference describes it.
struct Described {
    stream: Stream,
    shape: Vec<usize>,
    /// Largest absolute value, before `offset` is added.
    size: f32,
    offset: f32,
}

impl Described {
    fn of(reference: &Value, name: &str) -> Self {
        let described = &reference["streams"][name];
        assert!(described.is_object(), "no stream {name}");
        Self {
            stream: Stream::named(name),
            shape: indices(&described["shape"]),
            size: f32::from_bits(hex(&described["a_hex"])),
            offset: described["b"].as_f64().unwrap() as f32,
        }
    }

    fn value(&self, index: usize) -> f32 {
        let value = self.stream.value(index as u64) * self.size;
        if self.offset == 0.0 {
            value
        } else {
            self.offset + value
        }
    }

    fn len(&self) -> usize {
        self.shape.iter().product()
    }

    fn values(&self) -> Vec<f32> {
        (0..self.len()).map(|index| self.value(index)).collect()
    }
}

fn hex(value: &Value) -> u32 {
    u32::from_str_radix(value.as_str().unwrap(), 16).unwrap()
}

fn indices(value: &Value) -> Vec<usize> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap() as usize)
        .collect()
}

fn read() -> Option<Value> {
    golden::json("fullsize.json")
}

fn input(reference: &Value, name: &str) -> Vec<f32> {
    Described::of(reference, name).values()
}

/// All weights below a prefix; inputs lie beside them and do no harm.
fn weights(reference: &Value, prefix: &str) -> Weights {
    let names = reference["streams"].as_object().unwrap().keys();
    let tensors: Vec<_> = names
        .filter(|name| {
            name.starts_with(prefix)
                && matches!(name.rsplit('.').next(), Some("weight" | "bias" | "scale"))
        })
        .map(|name| {
            let stream = Described::of(reference, name);
            (name.clone(), stream.shape.clone(), stream.values())
        })
        .collect();
    Weights::from_bytes(f32_file(&tensors)).unwrap()
}

fn modulation(reference: &Value, weights: &Weights, name: &str, parts: usize) -> Vec<f32> {
    let vector: Vec<f32> = input(reference, "fullsize.vec")
        .into_iter()
        .map(math::silu)
        .collect();
    let outputs = parts * vector.len();
    linear(weights, name, outputs, &[vector]).unwrap().remove(0)
}

fn packed(
    weights: &Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Linear<<Scalar as Backend>::Matrix> {
    Linear {
        matrix: BACKEND.pack(
            weights
                .matrix(&format!("{name}.weight"), outputs, inputs)
                .unwrap(),
        ),
        bias: weights.vector(&format!("{name}.bias"), outputs).unwrap(),
    }
}

fn rotary(config: &Config) -> Rotary {
    Rotary::of_grid(
        config.grid_rows(),
        config.grid_columns(),
        config.rotary_axes,
        config.rotary_base,
    )
}

/// Compares an output with the slice and the sums that are kept of it. `before` is the residual stream that a block added to.
fn compare(reference: &Value, what: &str, expected: &Value, found: &[f32], before: Option<&[f32]>) {
    let width = indices(&expected["shape"])[1];
    assert_eq!(
        found.len(),
        indices(&expected["shape"]).iter().product::<usize>()
    );
    let number = |key: &str| expected[key].as_f64().unwrap();
    let columns = indices(&expected["cols"]);
    let places: Vec<usize> = indices(&expected["rows"])
        .iter()
        .flat_map(|row| columns.iter().map(move |column| row * width + column))
        .collect();
    let pick = |values: &[f32]| {
        places
            .iter()
            .map(|place| values[*place])
            .collect::<Vec<f32>>()
    };
    let rows = expected["slice"].as_array().unwrap().iter();
    let slice: Vec<f32> = rows
        .flat_map(|row| row.as_array().unwrap())
        .map(|v| v.as_f64().unwrap() as f32)
        .collect();
    let (largest, _) = difference(&pick(found), &slice);

    let length = found
        .iter()
        .map(|v| f64::from(*v).powi(2))
        .sum::<f64>()
        .sqrt();
    let length_off = (length - number("l2")).abs() / number("l2");
    let probe = Described::of(reference, "fullsize.probe");
    let probed = |values: &[f32]| {
        values
            .iter()
            .enumerate()
            .map(|(i, v)| f64::from(*v) * f64::from(probe.value(i)))
            .sum::<f64>()
    };
    let probe_off = (probed(found) - number("probe_sum")).abs();
    println!("{what}: slice {largest:.1e}, length {length_off:.1e}, probe {probe_off:.1e}");
    assert!(
        largest <= 2e-5 && length_off <= 1e-6 && probe_off <= 3e-3,
        "{what}"
    );

    let Some(before) = before else { return };
    let minus = |after: &[f32], before: &[f32]| {
        after
            .iter()
            .zip(before)
            .map(|(a, b)| a - b)
            .collect::<Vec<f32>>()
    };
    let update_off = (probed(&minus(found, before)) - number("update_probe_sum")).abs();
    let (_, relative) = difference(
        &minus(&pick(found), &pick(before)),
        &minus(&slice, &pick(before)),
    );
    println!("{what}: update {relative:.1e}, its probe {update_off:.1e}");
    assert!(relative <= 2e-5 && update_off <= 3e-3, "{what}");
}

#[test]
fn streams_agree_to_the_bit() {
    let Some(reference) = read() else { return };
    let streams = reference["streams"].as_object().unwrap();
    assert_eq!(streams.len(), 61);
    for (name, expected) in streams {
        let stream = Described::of(&reference, name);
        assert_eq!(
            format!("{:016x}", stream.stream.seed()),
            expected["seed_fnv1a64"].as_str().unwrap()
        );
        let first = expected["first5_hex"].as_array().unwrap();
        for (index, bits) in first.iter().enumerate() {
            assert_eq!(stream.value(index).to_bits(), hex(bits), "{name}[{index}]");
        }
        assert_eq!(
            stream.value(stream.len() - 1).to_bits(),
            hex(&expected["last_hex"]),
            "{name}"
        );
    }
}

#[test]
fn time_embedder() {
    let Some(reference) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let weights = weights(&reference, "fullsize.t_embedder.");
    let waves: Vec<Vec<f32>> = [0.0, 0.0693, 0.87]
        .into_iter()
        .map(|time| embed_time(time).to_vec())
        .collect();
    let inner = linear(
        &weights,
        "fullsize.t_embedder.mlp.in_layer",
        config.hidden,
        &waves,
    )
    .unwrap();
    let inner: Vec<Vec<f32>> = inner
        .into_iter()
        .map(|row| row.into_iter().map(math::silu).collect())
        .collect();
    let found = linear(
        &weights,
        "fullsize.t_embedder.mlp.out_layer",
        config.hidden,
        &inner,
    )
    .unwrap()
    .concat();
    compare(
        &reference,
        "t_embedder",
        &reference["results"]["t_embedder"]["out"],
        &found,
        None,
    );
}

#[test]
#[ignore = "slow: 18 GFLOP"]
fn embedders_and_last_layer() {
    let Some(reference) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let tokens = config.tokens();
    for (name, channels) in [("x_embedder", 7), ("garment_embedder", 4)] {
        let weights = weights(&reference, &format!("fullsize.{name}."));
        let inputs = channels * config.patch * config.patch;
        let picture = input(&reference, &format!("fullsize.{name}.in"));
        let planes: Vec<&[f32]> = picture.chunks_exact(config.pixels()).collect();
        let mut rows = BACKEND.new_rows(tokens, inputs);
        BACKEND.patchify(&planes, config.width, config.patch, &mut rows);
        let mut found = vec![0.0; tokens * config.hidden];
        let layer = packed(
            &weights,
            &format!("fullsize.{name}.proj"),
            config.hidden,
            inputs,
        );
        BACKEND.linear(&rows, 0..tokens, &layer, &mut found);
        compare(
            &reference,
            name,
            &reference["results"][name]["out"],
            &found,
            None,
        );
    }
    let weights = weights(&reference, "fullsize.final_layer.");
    let values = modulation(
        &reference,
        &weights,
        "fullsize.final_layer.adaLN_modulation.1",
        2,
    );
    let (shift, scale) = values.split_at(config.hidden);
    let mut rows = BACKEND.new_rows(tokens, config.hidden);
    BACKEND.modulated_norm(
        &input(&reference, "fullsize.final_layer.x"),
        shift,
        scale,
        0..tokens,
        &mut rows,
    );
    let layer = packed(
        &weights,
        "fullsize.final_layer.linear",
        config.colour_patch(),
        config.hidden,
    );
    let mut found = vec![0.0; tokens * config.colour_patch()];
    BACKEND.linear(&rows, 0..tokens, &layer, &mut found);
    compare(
        &reference,
        "final_layer",
        &reference["results"]["final_layer"]["out"],
        &found,
        None,
    );
}

fn run_single(kind: &str) {
    let Some(reference) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let weights = weights(&reference, &format!("fullsize.{kind}."));
    let block =
        SingleBlock::load(&BACKEND, &weights, &format!("fullsize.{kind}"), &config).unwrap();
    let values = modulation(
        &reference,
        &weights,
        &format!("fullsize.{kind}.modulation.lin"),
        3,
    );
    let before = input(&reference, &format!("fullsize.{kind}.x"));
    let mut tokens = before.clone();
    let mut scratch = Scratch::new(&BACKEND, &config);
    block.run(
        &BACKEND,
        Modulation::of(&values),
        &rotary(&config),
        0,
        &mut tokens,
        &mut scratch,
    );
    compare(
        &reference,
        kind,
        &reference["results"][kind]["out"],
        &tokens,
        Some(&before),
    );
}

#[test]
#[ignore = "slow: 197 GFLOP"]
fn patch_mixer() {
    run_single("mixer");
}

#[test]
#[ignore = "slow: 516 GFLOP"]
fn single_block() {
    run_single("single");
}

#[test]
#[ignore = "slow: 516 GFLOP"]
fn double_block() {
    let Some(reference) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let weights = weights(&reference, "fullsize.double.");
    let block = DoubleBlock::load(&BACKEND, &weights, "fullsize.double", &config).unwrap();
    let [person, garment] = ["img_mod", "txt_mod"].map(|name| {
        modulation(
            &reference,
            &weights,
            &format!("fullsize.double.{name}.lin"),
            6,
        )
    });
    let half = 3 * config.hidden;
    let before = [
        input(&reference, "fullsize.double.txt"),
        input(&reference, "fullsize.double.img"),
    ];
    let mut joint = before.concat();
    let mut scratch = Scratch::new(&BACKEND, &config);
    let modulation = DoubleModulation {
        person: [
            Modulation::of(&person[..half]),
            Modulation::of(&person[half..]),
        ],
        garment: [
            Modulation::of(&garment[..half]),
            Modulation::of(&garment[half..]),
        ],
    };
    block.run(
        &BACKEND,
        modulation,
        &rotary(&config),
        &mut joint,
        &mut scratch,
    );
    let (garment, person) = joint.split_at(joint.len() / 2);
    compare(
        &reference,
        "double, garment",
        &reference["results"]["double"]["out_txt"],
        garment,
        Some(&before[0]),
    );
    compare(
        &reference,
        "double, person",
        &reference["results"]["double"]["out_img"],
        person,
        Some(&before[1]),
    );
}
