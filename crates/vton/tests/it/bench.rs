//! Random weights, and the bench on a tiny network.

use drape_vton::backend::Backend;
use drape_vton::backend::cpu::Cpu;
use drape_vton::backend::scalar::Scalar;
use drape_vton::bench::{self, BenchError, Phase};
use drape_vton::config::Config;
use drape_vton::kernels::Path;
use drape_vton::model::Model;
use drape_vton::model::condition::{Category, Condition};
use drape_vton::weights::stream::Stream;
use drape_vton::weights::tensor::FloatKind;
use drape_vton::weights::{Weights, WeightsError, layout};

use super::golden::difference;

fn random(seed: u64) -> Weights {
    Weights::random(&Config::tiny_asym(), seed).unwrap()
}

fn measured(path: Path, steps: usize) -> Result<bench::Report, BenchError> {
    let backend = Cpu::on(path).unwrap();
    bench::run(backend, Config::tiny_asym(), random(7), steps, &mut |_| {})
}

#[test]
fn random_weights_are_complete_and_the_same_for_the_same_seed() {
    let config = Config::tiny_asym();
    let weights = random(7);
    weights.check(&config).unwrap();
    let name = "single_blocks.1.linear2.bias";
    let bias = weights.vector(name, config.hidden).unwrap();
    assert_eq!(random(7).vector(name, config.hidden).unwrap(), bias);
    assert_ne!(random(8).vector(name, config.hidden).unwrap(), bias);
    let other = weights.vector("single_blocks.0.linear2.bias", config.hidden);
    assert_ne!(other.unwrap(), bias);
}

#[test]
fn random_matrices_lie_within_the_root_of_one_over_their_inputs() {
    let weights = random(7);
    for tensor in layout::tensors(&Config::tiny_asym()) {
        let (rows, columns) = (tensor.shape[0], tensor.shape[1..].iter().product());
        let matrix = weights.matrix(&tensor.name, rows, columns).unwrap();
        assert_eq!(matrix.kind(), FloatKind::Bf16);
        let mut row = vec![f32::NAN; columns];
        matrix.read_row(rows - 1, &mut row);
        let inputs = if tensor.shape.len() == 1 {
            rows
        } else {
            columns
        };
        let (lowest, highest) = if tensor.name.ends_with("scale") {
            (0.9, 1.1)
        } else {
            let size = (inputs as f32).sqrt().recip();
            (-size, size)
        };
        let slack = 1.0 / 128.0; // of rounding to bf16
        for value in row {
            let fits = (lowest - slack..=highest + slack).contains(&value);
            assert!(fits, "{}: {value}", tensor.name);
        }
    }
}

#[test]
fn a_part_of_a_random_matrix_has_the_same_numbers() {
    let config = Config::tiny_asym();
    let weights = random(7);
    let outputs = 3 * config.hidden + config.mlp();
    let name = "x_patch_mixer.0.linear1.weight";
    let matrix = weights.matrix(name, outputs, config.hidden).unwrap();
    let part = matrix.select_rows(40..50);
    assert_eq!(part.rows(), 10);
    let (mut expected, mut found) = (vec![0.0; config.hidden], vec![0.0; config.hidden]);
    for row in 0..10 {
        matrix.read_row(40 + row, &mut expected);
        part.read_row(row, &mut found);
        assert_eq!(found, expected);
    }
}

#[test]
fn random_weights_of_sizes_that_do_not_fit_are_refused() {
    let config = Config {
        heads: 5,
        ..Config::tiny_asym()
    };
    assert!(matches!(
        Weights::random(&config, 7),
        Err(WeightsError::Config(_))
    ));
}

/// The velocity of the random network for made-up noise.
fn velocity<B: Backend>(backend: B) -> Vec<f32> {
    let model = Model::load(backend, Config::tiny_asym(), random(7)).unwrap();
    let mut work = model.workspace();
    let null = model.null_branch(&mut work);
    let condition = Condition {
        time: 0.3,
        category: Some(Category::Bottoms),
    };
    let modulations = model.modulations(&[condition]).unwrap().remove(0);
    let noisy = Stream::named("noisy").values(3 * model.config().pixels(), 1.0);
    let mut velocity = vec![f32::NAN; noisy.len()];
    model
        .forward(&null, &noisy, &modulations, &mut work, &mut velocity)
        .unwrap();
    velocity
}

#[test]
fn every_backend_builds_the_same_random_network() {
    let expected = velocity(Scalar);
    assert!(expected.iter().any(|value| value.abs() > 1e-3));
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        let (_, relative) = difference(&velocity(Cpu::on(path).unwrap()), &expected);
        let tolerance = if path.uses_bf16() { 1e-2 } else { 1e-5 };
        assert!(relative <= tolerance, "{path}: {relative:e}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_holds_together() {
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        let report = measured(path, 4).unwrap();
        assert_eq!(report.path, path.name());
        assert_eq!((report.steps, report.forwards), (4, 7));
        assert_eq!(report.threads, rayon::current_num_threads());
        let passes = 7.0 * report.forward_wall_s + report.modulations_wall_s;
        assert!((report.picture_wall_s - passes).abs() < 1e-9);
        for block in [
            report.mixer_block_cpu_s,
            report.double_block_cpu_s,
            report.single_block_cpu_s,
        ] {
            assert!(block > 0.0, "{report:?}");
        }
        assert!(report.forward_cpu_s > 0.0 && report.gflops_per_core > 0.0);
        assert!(report.parallel_efficiency > 0.0);
        assert!(report.peak_rss_mb.unwrap() > 1.0);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_has_the_documented_names_in_json() {
    let json = serde_json::to_value(measured(Path::Scalar, 1).unwrap()).unwrap();
    for name in [
        "single_block_cpu_s",
        "double_block_cpu_s",
        "mixer_block_cpu_s",
        "forward_cpu_s",
        "forward_wall_s",
        "gflops_per_core",
        "parallel_efficiency",
        "peak_rss_mb",
        "picture_wall_s",
    ] {
        assert!(json[name].is_f64(), "{name} in {json}");
    }
    assert_eq!(json["path"], "scalar");
    assert_eq!(json["steps"], 1);
}

#[test]
#[cfg(unix)]
fn phases_come_in_order() {
    let mut phases = Vec::new();
    let backend = Cpu::on(Path::Scalar).unwrap();
    bench::run(
        backend,
        Config::tiny_square(),
        Weights::random(&Config::tiny_square(), 1).unwrap(),
        1,
        &mut |phase| phases.push(phase),
    )
    .unwrap();
    assert_eq!(
        phases,
        [
            Phase::Load,
            Phase::Modulations,
            Phase::Threads,
            Phase::Blocks,
            Phase::Forward
        ]
    );
}

#[test]
fn no_steps_and_weights_of_another_network_are_refused() {
    assert!(matches!(
        measured(Path::Scalar, 0),
        Err(BenchError::NoSteps)
    ));
    let backend = Cpu::on(Path::Scalar).unwrap();
    let result = bench::run(backend, Config::tiny_square(), random(7), 1, &mut |_| {});
    assert!(matches!(result, Err(BenchError::Weights(_))));
}
