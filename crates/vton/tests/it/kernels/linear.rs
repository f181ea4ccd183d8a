//! Linear layers on every path, with what is fused to them.

use drape_vton::kernels::{
    Activation, KernelError, Output, PackedWeights, Path, Sink, Values, linear,
};
use half::bf16;

use super::{assert_close, narrowed, numbers, paths};

/// One linear layer with all that is needed to check it.
pub(super) struct Layer {
    rows: usize,
    columns: usize,
    depth: usize,
    x: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    pub(super) fn random(rows: usize, columns: usize, depth: usize) -> Self {
        let part = |name: &str, count: usize| {
            numbers(&format!("{name} {rows}x{columns}x{depth}"), count, 1.0)
        };
        Self {
            rows,
            columns,
            depth,
            x: part("x", rows * depth),
            weights: part("weights", columns * depth),
            bias: part("bias", columns),
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

    pub(super) fn run(&self, path: Path, activation: Activation, output: Output<'_>) {
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
        let before = numbers("before", rows * stride, 1.0);
        let gate = numbers("gate", columns, 2.0);
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
    assert_eq!(out, [7.0; 6]);
}
