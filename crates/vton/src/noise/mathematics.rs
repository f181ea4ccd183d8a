//! Logarithm, sine and cosine in f32, after the Cephes library (Moshier 1989), as the reference's vector code computes them.
//!
//! Where a product goes into a sum, both are rounded once, as that code does. The order matters to the last bit.

/// Polynomial of `ln(1 + x)` beyond `x - x^2 / 2`, highest power first.
const LOGARITHM: [f32; 9] = [
    7.037_683_6e-2,
    -1.151_461e-1,
    1.167_699_84e-1,
    -1.242_014_1e-1,
    1.424_932_3e-1,
    -1.666_805_8e-1,
    2.000_071_4e-1,
    -2.499_999_4e-1,
    3.333_333e-1,
];
/// `ln 2` in two parts: few bits, and what is missing.
const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);

/// Polynomial of the sine beyond x, highest power first, for up to an eighth of a turn.
const SINE: [f32; 3] = [-1.951_529_6e-4, 8.332_161e-3, -1.666_665_5e-1];
/// Polynomial of the cosine beyond `1 - x^2 / 2`.
const COSINE: [f32; 3] = [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2];
/// An eighth of a turn in three parts, negative.
const EIGHTH: [f32; 3] = [-0.785_156_25, -2.418_756_5e-4, -3.774_895e-8];
/// Eighths of a turn in a unit of an angle, `4 / pi`.
const EIGHTHS_PER_UNIT: f32 = 1.273_239_5;

const MANTISSA: u32 = (1 << (f32::MANTISSA_DIGITS - 1)) - 1;
const EXPONENT_BIAS: i32 = f32::MAX_EXP - 1;

/// The natural logarithm of a positive normal number.
pub(super) fn logarithm(value: f32) -> f32 {
    let bits = value.to_bits();
    let mut exponent = ((bits >> (f32::MANTISSA_DIGITS - 1)) as i32 - EXPONENT_BIAS + 1) as f32;
    // From 1/2 to 1.
    let fraction = f32::from_bits((bits & MANTISSA) | 0.5_f32.to_bits());
    let mut rest = fraction - 1.0;
    if fraction < std::f32::consts::FRAC_1_SQRT_2 {
        exponent -= 1.0;
        rest += fraction;
    }
    let square = rest * rest;
    let sum = (polynomial(LOGARITHM, rest) * rest).mul_add(square, exponent * LN_2.1);
    let sum = (-square).mul_add(0.5, sum);
    exponent.mul_add(LN_2.0, rest + sum)
}

/// Sine and cosine of an angle from 0 to a few turns.
pub(super) fn sine_and_cosine(angle: f32) -> (f32, f32) {
    // The nearest even number of eighths.
    let eighths = ((angle * EIGHTHS_PER_UNIT) as i32 + 1) & !1;
    let mut rest = angle;
    for part in EIGHTH {
        rest = (eighths as f32).mul_add(part, rest);
    }
    let square = rest * rest;
    let cosine = (polynomial(COSINE, square) * square).mul_add(square, -(square * 0.5)) + 1.0;
    let sine = (polynomial(SINE, square) * square).mul_add(rest, rest);
    let (sine, cosine) = if eighths & 2 == 0 {
        (sine, cosine)
    } else {
        (cosine, sine)
    };
    let sign = |negative: bool| if negative { -1.0 } else { 1.0 };
    (
        sine * sign(eighths & 4 != 0),
        cosine * sign((eighths + 2) & 4 != 0),
    )
}

/// A polynomial by Horner's rule, highest power first.
fn polynomial<const N: usize>(coefficients: [f32; N], at: f32) -> f32 {
    coefficients
        .into_iter()
        .reduce(|sum, coefficient| sum.mul_add(at, coefficient))
        .unwrap_or_default()
}
