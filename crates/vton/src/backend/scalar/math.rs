//! Formulas of the network's small functions.

/// Added to a variance or mean square, so that a constant row gives no division by zero.
pub const NORM_EPSILON: f64 = 1e-6;

/// Partial sums of a dot product. Several of them round less than one, and compilers turn them into vectors.
const LANES: usize = 16;

/// Dot product in f32, in an order that depends on the length alone.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a_blocks, b_blocks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_blocks
        .remainder()
        .iter()
        .zip(b_blocks.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a_blocks.zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let mut count = LANES;
    while count > 1 {
        count /= 2;
        for lane in 0..count {
            sums[lane] += sums[lane + count];
        }
    }
    sums[0] + rest
}

/// Gaussian error linear unit in its tanh form (Hendrycks and Gimpel 2016).
pub fn gelu(x: f32) -> f32 {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    const CUBIC: f32 = 0.044_715;
    0.5 * x * (1.0 + (SQRT_2_OVER_PI * (x + CUBIC * x * x * x)).tanh())
}

/// Sigmoid linear unit `x / (1 + e^-x)`.
pub fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// Layer norm without weights (Ba, Kiros and Hinton 2016). Mean and variance are summed in f64.
pub fn layer_norm(x: &[f32], out: &mut [f32]) {
    let count = x.len() as f64;
    let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let variance = x
        .iter()
        .map(|v| (f64::from(*v) - mean).powi(2))
        .sum::<f64>()
        / count;
    let factor = 1.0 / (variance + NORM_EPSILON).sqrt();
    for (out, v) in out.iter_mut().zip(x) {
        *out = ((f64::from(*v) - mean) * factor) as f32;
    }
}

/// Root-mean-square norm with a scale (Zhang and Sennrich 2019), in place. The mean square is summed in f64.
pub fn rms_norm(x: &mut [f32], scale: &[f32]) {
    let mean_square = x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / x.len() as f64;
    let factor = (1.0 / (mean_square + NORM_EPSILON).sqrt()) as f32;
    for (v, scale) in x.iter_mut().zip(scale) {
        *v = *v * factor * scale;
    }
}
