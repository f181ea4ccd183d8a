//! Light and lightness of sRGB values (IEC 61966-2-1, CIE 1976 L*a*b*).

use std::sync::LazyLock;

/// Linear light of each sRGB value, 65,535 being white.
static LINEAR: LazyLock<[u16; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let share = value as f32 / 255.0;
        let light = if share <= 0.040_45 {
            share / 12.92
        } else {
            ((share + 0.055) / 1.055).powf(2.4)
        };
        (light * 65_535.0).round() as u16
    })
});

/// Linear light of an sRGB value.
pub(super) fn to_linear(value: u8) -> u16 {
    LINEAR[usize::from(value)]
}

/// The sRGB value of linear light, rounded.
pub(super) fn from_linear(light: u16) -> u8 {
    let light = f32::from(light) / 65_535.0;
    let share = if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (share * 255.0).round() as u8
}

/// CIE 1976 L*a*b* of an sRGB colour (white D65): L* is 0 for black, 100 for white.
pub(super) fn lab([red, green, blue]: [u8; 3]) -> [f32; 3] {
    let light = |value: u8| f32::from(to_linear(value)) / 65_535.0;
    let (red, green, blue) = (light(red), light(green), light(blue));
    // Each already divided by that of white.
    let x = 0.4339 * red + 0.3762 * green + 0.1899 * blue;
    let y = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let z = 0.0178 * red + 0.1095 * green + 0.8727 * blue;
    let bent = |share: f32| {
        if share <= 0.008_856 {
            share * 7.787 + 16.0 / 116.0
        } else {
            share.cbrt()
        }
    };
    let (x, y, z) = (bent(x), bent(y), bent(z));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Lays `over` onto `under`, `share` (0..=1) of it, in sRGB's own values as browsers and paint programs do.
pub(super) fn mix(under: [u8; 3], over: [u8; 3], share: f32) -> [u8; 3] {
    std::array::from_fn(|channel| {
        let (below, above) = (f32::from(under[channel]), f32::from(over[channel]));
        (below + (above - below) * share).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_goes_there_and_back() {
        for value in 0..=255 {
            assert_eq!(from_linear(to_linear(value)), value);
        }
    }

    #[test]
    fn colours_are_those_of_the_standard() {
        // Middle grey, sRGB 119, has L* 50.
        for (colour, expected) in [([0; 3], 0.0), ([119; 3], 50.0), ([255; 3], 100.0)] {
            let [light, a, b] = lab(colour);
            assert!((light - expected).abs() < 0.3);
            assert!(a.abs() < 0.2 && b.abs() < 0.2, "greys have no colour");
        }
        let red = lab([255, 0, 0]);
        let distance = red
            .iter()
            .zip([53.2, 80.1, 67.2])
            .map(|(is, shall)| (is - shall).abs());
        assert!(distance.fold(0.0, f32::max) < 0.3, "{red:?}");
    }

    #[test]
    fn mixing_reaches_both_ends() {
        assert_eq!(mix([10, 20, 30], [200, 0, 255], 0.0), [10, 20, 30]);
        assert_eq!(mix([10, 20, 30], [200, 0, 255], 1.0), [200, 0, 255]);
        assert_eq!(mix([0; 3], [255; 3], 0.85), [217; 3]);
    }
}
