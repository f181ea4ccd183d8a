//! Parts of the released size with generated weights, on the plain backend and on every path of the fast one.
//!
//! The blocks take seconds on the vector paths and minutes on the plain ones, so they are run on request:
//! `cargo test -p drape-vton --test it on_vector_paths -- --ignored --nocapture`, and the same with `on_plain_code`.

use drape_vton::backend::cpu::Cpu;
use drape_vton::backend::scalar::{Scalar, math};
use drape_vton::backend::{Backend, Linear};
use drape_vton::config::Config;
use drape_vton::kernels::Path;
use drape_vton::model::block::{DoubleBlock, Scratch, SingleBlock};
use drape_vton::model::condition::{DoubleModulation, Modulation, embed_time, linear};
use drape_vton::model::rotary::Rotary;
use drape_vton::weights::Weights;
use drape_vton::weights::stream::Stream;
use serde_json::Value;

use super::golden::{self, difference, f32_file};

/// Relative length of the difference that operands in bf16 make; the reference's own bf16 has about 8e-3 on such a block.
const BF16_RELATIVE: f64 = 1e-2;

/// The fast backend on every vector path of this processor.
fn vector_paths() -> impl Iterator<Item = Cpu> {
    Path::ALL
        .into_iter()
        .filter(|path| *path != Path::Scalar && path.is_available())
        .map(|path| Cpu::on(path).unwrap())
}

/// Whether a backend rounds the operands of products to bf16.
fn narrows<B: Backend>(backend: &B) -> bool {
    backend.name() == Path::Avx512Bf16.name()
}

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

fn packed<B: Backend>(
    backend: &B,
    weights: &Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Linear<B::Matrix> {
    Linear {
        matrix: backend.pack(
            weights
                .matrix(&format!("{name}.weight"), outputs, inputs)
                .unwrap(),
        ),
        bias: weights.vector(&format!("{name}.bias"), outputs).unwrap(),
    }
}

/// An output of the reference: a slice of it and a few sums.
struct Expected<'a> {
    reference: &'a Value,
    output: &'a Value,
}

impl Expected<'_> {
    fn number(&self, key: &str) -> f64 {
        self.output[key].as_f64().unwrap()
    }

    fn slice(&self) -> Vec<f32> {
        let rows = self.output["slice"].as_array().unwrap().iter();
        rows.flat_map(|row| row.as_array().unwrap())
            .map(|v| v.as_f64().unwrap() as f32)
            .collect()
    }

    /// The values that the slice holds.
    fn pick(&self, values: &[f32]) -> Vec<f32> {
        let shape = indices(&self.output["shape"]);
        assert_eq!(values.len(), shape.iter().product::<usize>());
        let (width, columns) = (shape[1], indices(&self.output["cols"]));
        indices(&self.output["rows"])
            .iter()
            .flat_map(|row| columns.iter().map(move |column| row * width + column))
            .map(|place| values[place])
            .collect()
    }

    fn probed(&self, values: &[f32]) -> f64 {
        let probe = Described::of(self.reference, "fullsize.probe");
        values
            .iter()
            .enumerate()
            .map(|(i, v)| f64::from(*v) * f64::from(probe.value(i)))
            .sum()
    }

    /// Compares an output, and what was added to the residual stream `before` where there is one.
    fn compare(&self, what: &str, narrow: bool, found: &[f32], before: Option<&[f32]>) {
        let (slice, picked) = (self.slice(), self.pick(found));
        let update = before.map(|before| {
            let before = self.pick(before);
            difference(&minus(&picked, &before), &minus(&slice, &before)).1
        });
        let (largest, relative) = difference(&picked, &slice);
        println!(
            "{what}: slice {largest:.1e}, relative {:.1e}",
            update.unwrap_or(relative)
        );
        if narrow {
            assert!(update.unwrap_or(relative) <= BF16_RELATIVE, "{what}");
            return;
        }
        let squares: f64 = found.iter().map(|v| f64::from(*v).powi(2)).sum();
        let length_off = (squares.sqrt() - self.number("l2")).abs() / self.number("l2");
        let probe_off = (self.probed(found) - self.number("probe_sum")).abs();
        println!("{what}: length {length_off:.1e}, probe {probe_off:.1e}");
        assert!(
            largest <= 2e-5 && length_off <= 1e-6 && probe_off <= 3e-3,
            "{what}"
        );
        let (Some(update), Some(before)) = (update, before) else {
            return;
        };
        let probed = self.probed(&minus(found, before));
        let probe_off = (probed - self.number("update_probe_sum")).abs();
        println!("{what}: probe of the update {probe_off:.1e}");
        assert!(update <= 2e-5 && probe_off <= 3e-3, "{what}");
    }
}

fn minus(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn expected<'a>(reference: &'a Value, part: &str, output: &str) -> Expected<'a> {
    Expected {
        reference,
        output: &reference["results"][part][output],
    }
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
    expected(&reference, "t_embedder", "out").compare("t_embedder", false, &found, None);
}

fn run_embedders_and_last_layer<B: Backend>(backend: &B) {
    let Some(reference) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let tokens = config.tokens();
    let check = |part: &str, found: &[f32]| {
        let what = format!("{part} on {}", backend.name());
        expected(&reference, part, "out").compare(&what, narrows(backend), found, None);
    };
    for (name, channels) in [("x_embedder", 7), ("garment_embedder", 4)] {
        let weights = weights(&reference, &format!("fullsize.{name}."));
        let inputs = channels * config.patch * config.patch;
        let picture = input(&reference, &format!("fullsize.{name}.in"));
        let planes: Vec<&[f32]> = picture.chunks_exact(config.pixels()).collect();
        let mut rows = backend.new_rows(tokens, inputs);
        backend.patchify(&planes, config.width, config.patch, &mut rows);
        let mut found = vec![0.0; tokens * config.hidden];
        let name_of_layer = format!("fullsize.{name}.proj");
        let layer = packed(backend, &weights, &name_of_layer, config.hidden, inputs);
        backend.linear(&rows, 0..tokens, &layer, &mut found);
        check(name, &found);
    }
    let weights = weights(&reference, "fullsize.final_layer.");
    let name = "fullsize.final_layer.adaLN_modulation.1";
    let values = modulation(&reference, &weights, name, 2);
    let (shift, scale) = values.split_at(config.hidden);
    let before = input(&reference, "fullsize.final_layer.x");
    let mut rows = backend.new_rows(tokens, config.hidden);
    backend.modulated_norm(&before, shift, scale, 0..tokens, &mut rows);
    let name = "fullsize.final_layer.linear";
    let outputs = config.colour_patch();
    let layer = packed(backend, &weights, name, outputs, config.hidden);
    let mut found = vec![0.0; tokens * outputs];
    backend.linear(&rows, 0..tokens, &layer, &mut found);
    check("final_layer", &found);
}

fn run_single<B: Backend>(backend: &B, kind: &str) {
    let Some(reference) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let weights = weights(&reference, &format!("fullsize.{kind}."));
    let name = format!("fullsize.{kind}");
    let block = SingleBlock::load(backend, &weights, &name, &config).unwrap();
    let name = format!("fullsize.{kind}.modulation.lin");
    let values = modulation(&reference, &weights, &name, 3);
    let before = input(&reference, &format!("fullsize.{kind}.x"));
    let mut tokens = before.clone();
    let mut scratch = Scratch::new(backend, &config);
    block.run(
        backend,
        Modulation::of(&values),
        &Rotary::of_grid(&config),
        0,
        &mut tokens,
        &mut scratch,
    );
    let what = format!("{kind} on {}", backend.name());
    expected(&reference, kind, "out").compare(&what, narrows(backend), &tokens, Some(&before));
}

fn run_double<B: Backend>(backend: &B) {
    let Some(reference) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let weights = weights(&reference, "fullsize.double.");
    let block = DoubleBlock::load(backend, &weights, "fullsize.double", &config).unwrap();
    let [person, garment] = ["img_mod", "txt_mod"].map(|name| {
        let name = format!("fullsize.double.{name}.lin");
        modulation(&reference, &weights, &name, 6)
    });
    let half = 3 * config.hidden;
    let both = |values| {
        let (attention, mlp): (&[f32], &[f32]) = <[f32]>::split_at(values, half);
        [Modulation::of(attention), Modulation::of(mlp)]
    };
    let modulation = DoubleModulation {
        person: both(&person),
        garment: both(&garment),
    };
    let before = ["txt", "img"].map(|name| input(&reference, &format!("fullsize.double.{name}")));
    let mut joint = before.concat();
    let mut scratch = Scratch::new(backend, &config);
    block.run(
        backend,
        modulation,
        &Rotary::of_grid(&config),
        &mut joint,
        &mut scratch,
    );
    let (garment, person) = joint.split_at(joint.len() / 2);
    for (output, found, before) in [
        ("out_txt", garment, &before[0]),
        ("out_img", person, &before[1]),
    ] {
        let what = format!("double {output} on {}", backend.name());
        expected(&reference, "double", output).compare(
            &what,
            narrows(backend),
            found,
            Some(before),
        );
    }
}

/// The backends without vector code of their own.
fn plain_backends(run: impl Fn(&Scalar), run_path: impl Fn(&Cpu)) {
    run(&Scalar);
    run_path(&Cpu::on(Path::Scalar).unwrap());
}

#[test]
fn embedders_and_last_layer_on_vector_paths() {
    vector_paths().for_each(|cpu| run_embedders_and_last_layer(&cpu));
}

#[test]
#[ignore = "slow: 18 GFLOP on plain code"]
fn embedders_and_last_layer_on_plain_code() {
    plain_backends(run_embedders_and_last_layer, run_embedders_and_last_layer);
}

#[test]
#[ignore = "seconds: 197 GFLOP per path"]
fn patch_mixer_on_vector_paths() {
    vector_paths().for_each(|cpu| run_single(&cpu, "mixer"));
}

#[test]
#[ignore = "slow: 197 GFLOP on plain code"]
fn patch_mixer_on_plain_code() {
    plain_backends(|b| run_single(b, "mixer"), |b| run_single(b, "mixer"));
}

#[test]
#[ignore = "seconds: 516 GFLOP per path"]
fn single_block_on_vector_paths() {
    vector_paths().for_each(|cpu| run_single(&cpu, "single"));
}

#[test]
#[ignore = "slow: 516 GFLOP on plain code"]
fn single_block_on_plain_code() {
    plain_backends(|b| run_single(b, "single"), |b| run_single(b, "single"));
}

#[test]
#[ignore = "seconds: 516 GFLOP per path"]
fn double_block_on_vector_paths() {
    vector_paths().for_each(|cpu| run_double(&cpu));
}

#[test]
#[ignore = "slow: 516 GFLOP on plain code"]
fn double_block_on_plain_code() {
    plain_backends(run_double, run_double);
}
