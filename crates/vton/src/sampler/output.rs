//! From the last state to bytes.

use crate::config::COLOURS;

/// Turns planes [channel, y, x] with values around -1..=1 into bytes [y, x, channel].
///
/// Values are clamped and then cut off, not rounded, to the level below, as the reference does. A value that is no number gives 0.
pub fn to_bytes(planes: &[f32]) -> Vec<u8> {
    const LEVELS: f32 = 255.0;
    let pixels = planes.len() / COLOURS;
    let byte = |value: f32| ((value.clamp(-1.0, 1.0) + 1.0) * 0.5 * LEVELS) as u8;
    (0..pixels)
        .flat_map(|pixel| (0..COLOURS).map(move |channel| byte(planes[channel * pixels + pixel])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_clamped_and_cut_off() {
        let planes = [-3.0, -1.0, 0.0, 1.0, 0.999, f32::NAN];
        assert_eq!(to_bytes(&planes), [0, 127, 254, 0, 255, 0]);
    }
}
