//! Every path of the kernels against sums in f64, and against the scalar path, on odd shapes.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use drape_vton::kernels::{
    Activation, AttentionShape, KernelError, Output, PATH_VARIABLE, PackedWeights, Path, PathError,
    Sink, Values, attention, bf16 as bulk, linear,
};
use half::bf16;

/// Numbers from -1 to 1 by xorshift (Marsaglia, 2003).
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }

    /// Numbers that bf16 holds exactly, so that all paths are given the same.
    fn numbers(&mut self, count: usize, size: f32) -> Vec<f32> {
        (0..count)
            .map(|_| bf16::from_f32(self.next() * size).to_f32())
            .collect()
    }
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

/// One linear layer with all that is needed to check it.
struct Layer {
    rows: usize,
    columns: usize,
    depth: usize,
    x: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    fn random(rows: usize, columns: usize, depth: usize) -> Self {
        let mut noise = Noise(rows as u32 * 31 + columns as u32 * 7 + depth as u32 + 1);
        Self {
            rows,
            columns,
            depth,
            x: noise.numbers(rows * depth, 1.0),
            weights: noise.numbers(columns * depth, 1.0),
            bias: noise.numbers(columns, 1.0),
        }
    }

    fn expected(&self) -> Vec<f64> {
        let product = |row: usize, column: usize| -> f64 {
            let x = &self.x[row * self.depth..][..self.depth];
            let weights = &self.weights[column * self.depth..][..self.depth];
            x.iter()
                .zip(weights)
                .map(|(&x, &w)| f64::from(x) * f64::from(w))
                .sum()
        };
        (0..self.rows * self.columns)
            .map(|at| (at / self.columns, at % self.columns))
            .map(|(row, column)| product(row, column) + f64::from(self.bias[column]))
            .collect()
    }

    fn pack(&self, path: Path) -> PackedWeights {
        PackedWeights::pack(path, Values::F32(&self.weights), self.columns, self.depth).unwrap()
    }

    fn run(&self, path: Path, activation: Activation, output: Output<'_>) {
        let weights = self.pack(path);
        linear(
            self.rows,
            Values::F32(&self.x),
            &weights,
            Some(&self.bias),
            activation,
            output,
        )
        .unwrap();
    }
}

const SHAPES: [(usize, usize, usize); 12] = [
    (1, 1, 1),
    (1, 64, 2),
    (2, 3, 5),
    (5, 17, 31),
    (6, 64, 128),
    (7, 65, 129),
    (13, 130, 63),
    (95, 63, 1),
    (96, 16, 255),
    (97, 129, 1283),
    (200, 15, 514),
    (1, 700, 1281),
];

fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
}

#[test]
fn linear_is_right_on_every_path_and_odd_shape() {
    for (rows, columns, depth) in SHAPES {
        let layer = Layer::random(rows, columns, depth);
        let expected = layer.expected();
        let tolerance = 2e-6 * depth as f64 + 1e-6;
        for path in paths() {
            let what = format!("{path} {rows}x{columns}x{depth}");
            let mut plain = vec![f32::NAN; rows * columns];
            let output = Output::whole(Sink::F32(&mut plain), columns);
            layer.run(path, Activation::None, output);
            assert_close(&plain, &expected, tolerance, &what);

            let mut short = vec![bf16::NAN; rows * columns];
            let output = Output::whole(Sink::Bf16(&mut short), columns);
            layer.run(path, Activation::None, output);
            assert_eq!(short, narrowed(&plain), "{what}: the same, rounded");
        }
    }
}

#[test]
fn operands_in_bf16_give_the_bits_of_the_same_operands_in_f32() {
    for (rows, columns, depth) in SHAPES {
        let layer = Layer::random(rows, columns, depth);
        let (x, weights) = (narrowed(&layer.x), narrowed(&layer.weights));
        for path in paths() {
            let packed = PackedWeights::pack(path, Values::Bf16(&weights), columns, depth).unwrap();
            let mut plain = vec![0.0; rows * columns];
            layer.run(
                path,
                Activation::Gelu,
                Output::whole(Sink::F32(&mut plain), columns),
            );
            let mut short = vec![0.0; rows * columns];
            let output = Output::whole(Sink::F32(&mut short), columns);
            let (x, bias) = (Values::Bf16(&x), Some(&layer.bias[..]));
            linear(rows, x, &packed, bias, Activation::Gelu, output).unwrap();
            assert_eq!(plain, short, "{path} {rows}x{columns}x{depth}");
        }
    }
}

#[test]
fn gelu_and_gated_sum_are_fused_and_leave_the_rest_of_a_row_alone() {
    for (rows, columns, depth) in SHAPES {
        let layer = Layer::random(rows, columns, depth);
        let tolerance = 4e-6 * depth as f64 + 4e-6;
        let (stride, offset) = (columns + 5, 3);
        let mut noise = Noise(9);
        let before = noise.numbers(rows * stride, 1.0);
        let gate = noise.numbers(columns, 2.0);
        let expected = |join: &dyn Fn(f64, f64, f64) -> f64| {
            let mut all: Vec<f64> = before.iter().map(|&x| f64::from(x)).collect();
            for (at, product) in layer.expected().into_iter().enumerate() {
                let place = &mut all[at / columns * stride + offset + at % columns];
                *place = join(*place, product, f64::from(gate[at % columns]));
            }
            all
        };
        for path in paths() {
            let what = format!("{path} {rows}x{columns}x{depth}");
            let mut actual = before.clone();
            let output = Output {
                sink: Sink::F32(&mut actual),
                stride,
                offset,
            };
            layer.run(path, Activation::Gelu, output);
            assert_close(
                &actual,
                &expected(&|_, product, _| gelu(product)),
                tolerance,
                &what,
            );

            let mut residual = before.clone();
            let sink = Sink::GatedAdd {
                residual: &mut residual,
                gate: &gate,
            };
            layer.run(
                path,
                Activation::None,
                Output {
                    sink,
                    stride,
                    offset,
                },
            );
            let sum = |before: f64, product: f64, gate: f64| before + gate * product;
            assert_close(&residual, &expected(&sum), tolerance, &what);
        }
    }
}

#[test]
fn gelu_is_right_from_minus_to_plus_far() {
    let inputs: Vec<f32> = (-4000..=4000)
        .map(|x| bf16::from_f32(x as f32 / 100.0).to_f32())
        .collect();
    let expected: Vec<f64> = inputs.iter().map(|&x| gelu(f64::from(x))).collect();
    for path in paths() {
        let one = PackedWeights::pack(path, Values::F32(&[1.0]), 1, 1).unwrap();
        let mut actual = vec![0.0; inputs.len()];
        let output = Output::whole(Sink::F32(&mut actual), 1);
        linear(
            inputs.len(),
            Values::F32(&inputs),
            &one,
            None,
            Activation::Gelu,
            output,
        )
        .unwrap();
        for (index, (&actual, &expected)) in actual.iter().zip(&expected).enumerate() {
            let off = (f64::from(actual) - expected).abs();
            assert!(
                off <= 1e-6 * expected.abs() + 1e-7,
                "{path}: {} {off:.1e}",
                inputs[index]
            );
        }
    }
}

#[test]
fn nan_in_one_row_stays_in_it() {
    for path in paths() {
        let mut layer = Layer::random(9, 70, 33);
        layer.x[4 * 33 + 32] = f32::NAN;
        for activation in [Activation::None, Activation::Gelu] {
            let mut actual = vec![0.0; 9 * 70];
            layer.run(path, activation, Output::whole(Sink::F32(&mut actual), 70));
            for (at, value) in actual.iter().enumerate() {
                assert_eq!(
                    value.is_nan(),
                    at / 70 == 4,
                    "{path} {activation:?}: value {at}"
                );
            }
        }
    }
}

/// One attention with all that is needed to check it.
struct Attention {
    shape: AttentionShape,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
}

impl Attention {
    fn random(heads: usize, queries: usize, keys: usize, head_dim: usize, size: f32) -> Self {
        let shape = AttentionShape {
            heads,
            queries,
            keys,
            head_dim,
        };
        let mut noise = Noise((queries * 5 + keys * 3 + head_dim) as u32);
        Self {
            shape,
            q: noise.numbers(heads * queries * head_dim, size),
            k: noise.numbers(heads * keys * head_dim, size),
            v: noise.numbers(heads * keys * head_dim, 1.0),
        }
    }

    /// The whole matrix of scores, in f64: `[queries, heads, head_dim]`.
    fn expected(&self) -> Vec<f64> {
        let AttentionShape {
            heads,
            queries,
            keys,
            head_dim,
        } = self.shape;
        let mut out = vec![0.0; queries * heads * head_dim];
        for head in 0..heads {
            for query in 0..queries {
                let q = &self.q[(head * queries + query) * head_dim..][..head_dim];
                let k = self.k[head * keys * head_dim..]
                    .chunks_exact(head_dim)
                    .take(keys);
                let v = self.v[head * keys * head_dim..]
                    .chunks_exact(head_dim)
                    .take(keys);
                let dot = |k: &[f32]| -> f64 {
                    q.iter()
                        .zip(k)
                        .map(|(&q, &k)| f64::from(q) * f64::from(k))
                        .sum()
                };
                let scores: Vec<f64> = k.map(|k| dot(k) / (head_dim as f64).sqrt()).collect();
                let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = scores.iter().map(|score| (score - highest).exp()).sum();
                let row = &mut out[(query * heads + head) * head_dim..][..head_dim];
                for (score, v) in scores.iter().zip(v) {
                    let weight = (score - highest).exp() / total;
                    for (sum, &v) in row.iter_mut().zip(v) {
                        *sum += weight * f64::from(v);
                    }
                }
            }
        }
        out
    }

    fn run(&self, path: Path) -> Vec<f32> {
        let AttentionShape {
            heads,
            queries,
            head_dim,
            ..
        } = self.shape;
        let mut out = vec![f32::NAN; queries * heads * head_dim];
        let output = Output::whole(Sink::F32(&mut out), heads * head_dim);
        let (q, k, v) = (
            Values::F32(&self.q),
            Values::F32(&self.k),
            Values::F32(&self.v),
        );
        attention(path, self.shape, q, k, v, output).unwrap();
        out
    }

    fn check(&self, f32_tolerance: f64) {
        let expected = self.expected();
        for path in paths() {
            // Weights rounded to eight bits: each off by 2^-9 of itself at most, values up to 1.
            let tolerance = if path.uses_bf16() {
                2.5e-3
            } else {
                f32_tolerance
            };
            assert_close(
                &self.run(path),
                &expected,
                tolerance,
                &format!("{path} {:?}", self.shape),
            );
        }
    }
}

#[test]
fn attention_is_right_on_every_path_and_odd_shape() {
    for (heads, queries, keys, head_dim) in [
        (1, 1, 1, 128),
        (2, 7, 5, 128),
        (1, 97, 383, 128),
        (3, 96, 384, 128),
        (1, 100, 385, 128),
        (2, 191, 801, 128),
        (1, 50, 1200, 128),
        (2, 13, 400, 16),
        (1, 9, 65, 7),
        (1, 6, 770, 1),
        (2, 5, 70, 130),
    ] {
        Attention::random(heads, queries, keys, head_dim, 1.7).check(2e-6);
    }
}

#[test]
fn attention_follows_scores_that_grow_from_block_to_block() {
    let mut case = Attention::random(1, 20, 1500, 128, 1.0);
    for (key, row) in case.k.chunks_exact_mut(128).enumerate() {
        for value in row {
            // Scores grow to hundreds, up and down with the block.
            *value = bf16::from_f32(*value * (1.0 + (key / 100 * 7 % 40) as f32)).to_f32();
        }
    }
    case.check(3e-5);
}

#[test]
fn attention_takes_large_scores() {
    // Scores of thousands: the softmax picks one key, and nothing overflows.
    Attention::random(2, 33, 777, 128, 60.0).check(2e-3);
}

#[test]
fn attention_to_equal_keys_is_the_mean_of_the_values() {
    let mut case = Attention::random(1, 11, 1000, 128, 1.0);
    let first = case.k[..128].to_vec();
    for row in case.k.chunks_exact_mut(128) {
        row.copy_from_slice(&first);
    }
    case.check(2e-6);
}

#[test]
fn nan_in_a_query_stays_in_its_row() {
    let mut case = Attention::random(1, 10, 500, 128, 1.0);
    case.q[3 * 128 + 5] = f32::NAN;
    for path in paths() {
        for (at, value) in case.run(path).iter().enumerate() {
            assert_eq!(value.is_nan(), at / 128 == 3, "{path}: value {at}");
        }
    }
}

#[test]
fn attention_in_bf16_writes_beside_other_columns() {
    let case = Attention::random(2, 31, 70, 128, 1.0);
    let (q, k, v) = (narrowed(&case.q), narrowed(&case.k), narrowed(&case.v));
    let (stride, offset) = (300, 40);
    for path in paths() {
        let mut out = vec![bf16::ONE; 31 * stride];
        let output = Output {
            sink: Sink::Bf16(&mut out),
            stride,
            offset,
        };
        let (q, k, v) = (Values::Bf16(&q), Values::Bf16(&k), Values::Bf16(&v));
        attention(path, case.shape, q, k, v, output).unwrap();
        let plain = narrowed(&case.run(path));
        for (row, plain) in out.chunks_exact(stride).zip(plain.chunks_exact(256)) {
            assert_eq!(&row[offset..offset + 256], plain, "{path}");
            assert!(
                row[..offset]
                    .iter()
                    .chain(&row[offset + 256..])
                    .all(|&x| x == bf16::ONE)
            );
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

#[test]
fn wrong_lengths_are_refused_before_anything_is_written() {
    let weights = PackedWeights::pack(Path::Scalar, Values::F32(&[1.0; 12]), 3, 4).unwrap();
    let mut out = vec![7.0; 6];
    let mut try_linear = |x: usize, bias: usize, stride: usize, offset: usize| {
        let output = Output {
            sink: Sink::F32(&mut out),
            stride,
            offset,
        };
        let (x, bias) = (vec![0.0; x], vec![0.0; bias]);
        linear(
            2,
            Values::F32(&x),
            &weights,
            Some(&bias),
            Activation::None,
            output,
        )
    };
    let length = |what, expected, actual| {
        Err(KernelError::Length {
            what,
            expected,
            actual,
        })
    };
    assert_eq!(
        try_linear(7, 3, 3, 0),
        length("input of the linear layer", 8, 7)
    );
    assert_eq!(try_linear(8, 2, 3, 0), length("bias", 3, 2));
    assert_eq!(try_linear(8, 3, 4, 0), length("output", 8, 6));
    let stride = KernelError::Stride {
        stride: 3,
        offset: 1,
        columns: 3,
    };
    assert_eq!(try_linear(8, 3, 3, 1), Err(stride));
    let stride = KernelError::Stride {
        stride: 3,
        offset: usize::MAX,
        columns: 3,
    };
    assert_eq!(try_linear(8, 3, 3, usize::MAX), Err(stride));
    assert_eq!(
        try_linear(8, 3, usize::MAX, 0),
        length("output", usize::MAX, 6)
    );
    assert!(PackedWeights::pack(Path::Scalar, Values::F32(&[1.0; 11]), 3, 4).is_err());
    assert!(PackedWeights::pack(Path::Scalar, Values::F32(&[]), 0, 4).is_err());

    let shape = AttentionShape {
        heads: 1,
        queries: 2,
        keys: 0,
        head_dim: 3,
    };
    let q = [0.0; 6];
    let output = Output::whole(Sink::F32(&mut out), 3);
    let (q, none) = (Values::F32(&q), Values::F32(&[]));
    let error = attention(Path::Scalar, shape, q, none, none, output);
    assert_eq!(
        error,
        Err(KernelError::Empty {
            what: "number of keys"
        })
    );
    assert_eq!(out, [7.0; 6]);
}
