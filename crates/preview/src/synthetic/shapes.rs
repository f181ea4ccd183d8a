//! Right halves of the drawn shapes as (x, y) pairs, from top to bottom; the left halves mirror them at x = 0.
//!
//! This file is not formatted automatically: a pair per line would hide the shapes.

/// Half of an outline.
pub(super) type Shape = &'static [(f64, f64)];

/// Row of the waist, in the figure's unit: about the width of its shoulders, from the middle between them.
pub(super) const WAIST: f64 = 1.02;
/// Row of a cropped top's hem.
pub(super) const CROPPED_HEM: f64 = 0.86;

/// Outer contour from the neck over the shoulder and down the arm, and back up its inner side.
pub(super) const ARM: Shape = &[
    (0.30, -0.085), (0.40, -0.055), (0.47, 0.0), (0.515, 0.13), (0.56, 0.45), (0.60, 0.80), (0.64, 1.14), (0.66, 1.27),
    (0.685, 1.40), (0.67, 1.56), (0.62, 1.60), (0.58, 1.48), (0.545, 1.28), (0.52, 1.14), (0.445, 0.80), (0.39, 0.48),
    (0.36, 0.34), (0.28, 0.15),
];
/// Neck, chest and hips.
pub(super) const TRUNK: Shape = &[
    (0.0, -0.34), (0.13, -0.34), (0.135, -0.17), (0.20, -0.115), (0.32, -0.08), (0.41, -0.045), (0.40, 0.20), (0.385, 0.45),
    (0.355, 0.75), (0.345, 0.95), (0.37, 1.15), (0.40, 1.40), (0.20, 1.60), (0.0, 1.62),
];
/// A bare leg.
pub(super) const LEG: Shape = &[
    (0.0, 1.55), (0.40, 1.45), (0.40, 1.75), (0.30, 2.40), (0.27, 2.65), (0.22, 3.20), (0.10, 3.20), (0.09, 2.70),
    (0.05, 2.40), (0.02, 1.80),
];
/// A shoe.
pub(super) const SHOE: Shape = &[(0.09, 3.16), (0.22, 3.16), (0.27, 3.29), (0.20, 3.33), (0.08, 3.31)];
/// Trousers as worn.
pub(super) const TROUSERS: Shape = &[
    (0.36, WAIST), (0.39, 1.18), (0.435, 1.42), (0.43, 1.75), (0.345, 2.50), (0.29, 3.18), (0.07, 3.18), (0.035, 2.40),
    (0.008, 1.68),
];
/// Neckline, shoulder and side of a top with sleeves.
pub(super) const SHOULDER_OF_TOP: Shape = &[
    (0.0, 0.09), (0.08, 0.06), (0.15, -0.02), (0.19, -0.128), (0.32, -0.095), (0.43, -0.05), (0.41, 0.20), (0.40, 0.45),
    (0.372, 0.75),
];
/// Neckline, strap, armhole and side of a sleeveless top.
pub(super) const STRAPS_OF_TOP: Shape = &[
    (0.0, 0.12), (0.10, 0.08), (0.17, -0.02), (0.21, -0.122), (0.31, -0.093), (0.315, 0.12), (0.385, 0.34), (0.385, 0.5),
    (0.367, 0.75),
];
/// A short sleeve as worn.
pub(super) const SHORT_SLEEVE: Shape = &[
    (0.30, -0.10), (0.40, -0.075), (0.485, -0.015), (0.545, 0.12), (0.605, 0.46), (0.36, 0.50), (0.35, 0.30),
];
/// A long sleeve as worn.
pub(super) const LONG_SLEEVE: Shape = &[
    (0.30, -0.10), (0.40, -0.075), (0.485, -0.015), (0.54, 0.13), (0.585, 0.45), (0.625, 0.80), (0.665, 1.14), (0.685, 1.28),
    (0.52, 1.29), (0.495, 1.14), (0.42, 0.80), (0.37, 0.50), (0.35, 0.30),
];

/// Body of a top: neck, shoulder, armpit, hem. The unit is the width of the body.
pub(super) const TOP_FLAT: Shape = &[
    (0.0, 0.13), (0.09, 0.11), (0.165, 0.03), (0.19, -0.03), (0.32, 0.01), (0.46, 0.055), (0.47, 0.25), (0.48, 0.36),
    (0.485, 0.8), (0.49, 1.28), (0.25, 1.30), (0.0, 1.305),
];
/// Body of a tank top.
pub(super) const TANK_FLAT: Shape = &[
    (0.0, 0.20), (0.11, 0.16), (0.17, 0.06), (0.20, -0.03), (0.31, 0.0), (0.33, 0.15), (0.40, 0.30), (0.48, 0.36),
    (0.485, 0.8), (0.49, 1.28), (0.25, 1.30), (0.0, 1.305),
];
/// A sleeveless dress.
pub(super) const DRESS_FLAT: Shape = &[
    (0.0, 0.20), (0.11, 0.16), (0.17, 0.06), (0.20, -0.03), (0.31, 0.0), (0.33, 0.15), (0.40, 0.30), (0.48, 0.36),
    (0.45, 0.62), (0.41, 0.95), (0.52, 1.35), (0.64, 1.9), (0.70, 2.2), (0.35, 2.24), (0.0, 2.25),
];
/// Inside of the neck.
pub(super) const BACK_OF_NECK: Shape = &[(0.0, -0.02), (0.12, -0.025), (0.195, -0.03), (0.21, 0.05), (0.15, 0.19), (0.0, 0.24)];
/// A short sleeve.
pub(super) const SHORT_SLEEVE_FLAT: Shape = &[(0.40, 0.035), (0.48, 0.065), (0.80, 0.40), (0.62, 0.52), (0.46, 0.34), (0.40, 0.25)];
/// A long sleeve.
pub(super) const LONG_SLEEVE_FLAT: Shape = &[
    (0.40, 0.035), (0.50, 0.08), (0.62, 0.40), (0.74, 1.18), (0.62, 1.21), (0.47, 0.42), (0.40, 0.25),
];
/// Long trousers.
pub(super) const TROUSERS_FLAT: Shape = &[
    (0.0, 0.02), (0.38, 0.0), (0.42, 0.2), (0.47, 0.5), (0.50, 1.2), (0.52, 2.2), (0.24, 2.22), (0.13, 1.2), (0.02, 0.62),
];
/// Trousers that end above the knees.
pub(super) const SHORTS_FLAT: Shape = &[
    (0.0, 0.02), (0.38, 0.0), (0.43, 0.2), (0.48, 0.5), (0.53, 0.95), (0.10, 0.98), (0.02, 0.60),
];
/// A knee-long skirt.
pub(super) const SKIRT_FLAT: Shape = &[(0.0, 0.02), (0.33, 0.0), (0.42, 0.25), (0.50, 0.7), (0.56, 1.2), (0.28, 1.24), (0.0, 1.25)];
