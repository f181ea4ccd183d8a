//! Every path of the kernels against sums in f64, and against the scalar path, on odd shapes.

mod attention;
mod linear;

use drape_vton::kernels::{Activation, Output, PATH_VARIABLE, Path, PathError, Sink, bf16 as bulk};
use drape_vton::weights::stream::Stream;
use half::bf16;

use attention::Attention;
use linear::Layer;

/// Numbers that bf16 holds exactly, so that all paths are given the same.
fn numbers(name: &str, count: usize, size: f32) -> Vec<f32> {
    let numbers = Stream::named(name).values(count, size);
    numbers
        .into_iter()
        .map(|number| bf16::from_f32(number).to_f32())
        .collect()
}

fn narrowed(numbers: &[f32]) -> Vec<bf16> {
    numbers
        .iter()
        .map(|&number| bf16::from_f32(number))
        .collect()
}

fn paths() -> impl Iterator<Item = Path> {
    Path::ALL.into_iter().filter(|path| {
        let available = path.is_available();
        if !available {
            println!("skipped: this processor lacks {path}");
        }
        available
    })
}

#[track_caller]
fn assert_close(actual: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        let off = (f64::from(actual) - expected).abs();
        assert!(
            off <= tolerance,
            "{what}: value {index} is {actual}, not {expected}, off {off:.2e}"
        );
    }
}

#[test]
fn names_of_paths_are_read_back_and_others_refused() {
    for path in Path::ALL {
        assert_eq!(path.name().parse(), Ok(path));
        assert_eq!(path.require().is_ok(), path.is_available());
    }
    assert_eq!(
        "sse9".parse::<Path>(),
        Err(PathError::Unknown {
            name: "sse9".into()
        })
    );
    assert!(Path::Scalar.is_available());
    assert!(Path::detect().is_available());
}

/// Not a test by itself: prints the path that the environment names, for the test below.
#[test]
#[ignore = "run by another test, with the variable set"]
fn print_path_of_the_environment() {
    println!("path: {:?}", Path::from_environment());
}

#[test]
fn environment_forces_a_path() {
    let path_with = |value: &str| {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kernels::print_path_of_the_environment"])
            .args(["--ignored", "--nocapture"])
            .env(PATH_VARIABLE, value)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(path_with("").contains(&format!("path: Ok({:?})", Path::detect())));
    assert!(path_with("fastest").contains("path: Err(Unknown"));
    for path in Path::ALL {
        let expected = if path.is_available() {
            "path: Ok"
        } else {
            "path: Err(Missing"
        };
        let printed = path_with(path.name());
        assert!(
            printed.contains(expected) && printed.contains(&format!("{path:?}")),
            "{printed}"
        );
    }
}

#[test]
fn bf16_rounds_like_the_scalar_code_for_every_kind_of_number() {
    let mut bits: Vec<u32> = (0..=0xffff_u32)
        .flat_map(|upper| [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff].map(|lower| upper << 16 | lower))
        .collect();
    bits.truncate(bits.len() - 3); // not a multiple of any register
    let numbers: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
    let expected: Vec<u16> = numbers
        .iter()
        .map(|&x| bf16::from_f32(x).to_bits())
        .collect();
    for path in paths() {
        let mut target = vec![bf16::ZERO; numbers.len()];
        bulk::narrow(path, &numbers, &mut target).unwrap();
        for ((number, actual), expected) in numbers.iter().zip(&target).zip(&expected) {
            assert_eq!(
                actual.to_bits(),
                *expected,
                "{path}: {:08x}",
                number.to_bits()
            );
        }
        let mut back = vec![0.0; target.len()];
        bulk::widen(path, &target, &mut back).unwrap();
        for (actual, from) in back.iter().zip(&target) {
            assert_eq!(actual.to_bits(), u32::from(from.to_bits()) << 16, "{path}");
        }
    }
}

#[test]
fn results_have_the_same_bits_for_any_number_of_threads() {
    let layer = Layer::random(150, 200, 1300);
    let case = Attention::random(2, 150, 500, 128, 1.7);
    for path in paths() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let mut out = vec![0.0; 150 * 200];
                layer.run(
                    path,
                    Activation::Gelu,
                    Output::whole(Sink::F32(&mut out), 200),
                );
                (out, case.run(path))
            })
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{path} with {threads} threads");
        }
    }
}
