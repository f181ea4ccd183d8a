//! Attention on every path.

use drape_vton::kernels::{AttentionShape, KernelError, Output, Path, Sink, Values, attention};
use half::bf16;

use super::{assert_close, narrowed, numbers, paths};

/// One attention with all that is needed to check it.
pub(super) struct Attention {
    shape: AttentionShape,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
}

impl Attention {
    pub(super) fn random(
        heads: usize,
        queries: usize,
        keys: usize,
        head_dim: usize,
        size: f32,
    ) -> Self {
        let shape = AttentionShape {
            heads,
            queries,
            keys,
            head_dim,
        };
        let part = |name: &str, count: usize, size: f32| {
            numbers(
                &format!("{name} {heads}x{queries}x{keys}x{head_dim}"),
                count,
                size,
            )
        };
        Self {
            shape,
            q: part("q", heads * queries * head_dim, size),
            k: part("k", heads * keys * head_dim, size),
            v: part("v", heads * keys * head_dim, 1.0),
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

    pub(super) fn run(&self, path: Path) -> Vec<f32> {
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
fn attention_without_keys_is_refused_before_anything_is_written() {
    let mut out = vec![7.0; 6];
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
