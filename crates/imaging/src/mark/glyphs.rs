//! The letters of the label, as lines and arcs of a pen.
//!
//! Drawn for this program: one weight, round ends, one storey for `a` and `g`. One em is the unit; the baseline is 0 and y
//! grows upwards. Capitals reach 0.72, small letters 0.53, `g` down to -0.22.

/// Width of the pen.
pub(super) const PEN: f32 = 0.105;
/// Height of capitals.
pub(super) const CAP_HEIGHT: f32 = 0.72;
/// Space between letters.
const SPACING: f32 = 0.075;

/// Corners of an arc of a full turn.
const TURN_CORNERS: f32 = 40.0;

// The middle of the pen's line:
/// Half the pen: on the baseline, and the left edge of a letter.
const LOW: f32 = PEN / 2.0;
/// At the top of small letters.
const MID: f32 = 0.53 - PEN / 2.0;
/// At the top of capitals.
const TOP: f32 = CAP_HEIGHT - PEN / 2.0;

/// A line of the pen: points that are joined.
type Stroke = Vec<(f32, f32)>;

/// A piece of text, laid out.
pub(super) struct TextShape {
    /// Strokes of all letters; the first begins at x = 0.
    pub(super) strokes: Vec<Stroke>,
    /// Width of the whole text.
    pub(super) width: f32,
}

/// Lays out a text; characters that have no glyph are left out.
pub(super) fn lay_out(text: &str) -> TextShape {
    let mut strokes = Vec::new();
    let mut x = 0.0;
    for letter in text.chars() {
        let Some((glyph, width)) = glyph(letter) else {
            continue;
        };
        for stroke in glyph {
            strokes.push(stroke.into_iter().map(|(dx, y)| (x + dx, y)).collect());
        }
        x += width + SPACING;
    }
    TextShape {
        strokes,
        width: f32::max(x - SPACING, 0.0),
    }
}

/// Strokes and width of a letter.
fn glyph(letter: char) -> Option<(Vec<Stroke>, f32)> {
    let bowl_radius = (MID - LOW) / 2.0;
    let bowl_middle = (LOW + bowl_radius, LOW + bowl_radius);
    let stem = LOW + 2.0 * bowl_radius;
    let bowl = || arc(bowl_middle, (bowl_radius, bowl_radius), 0.0, 360.0);
    let bowl_width = stem + LOW;
    let glyph = match letter {
        'A' => {
            let (left, right) = (LOW, 0.60 - LOW);
            let peak = f32::midpoint(left, right);
            let bar = 0.25;
            let inset = (peak - left) * (bar - LOW) / (TOP - LOW);
            let legs = vec![(left, LOW), (peak, TOP), (right, LOW)];
            let bar = vec![(left + inset, bar), (right - inset, bar)];
            (vec![legs, bar], 0.60)
        }
        'I' => (vec![vec![(LOW, LOW), (LOW, TOP)]], PEN),
        '-' => (vec![vec![(LOW, 0.28), (0.25, 0.28)]], 0.25 + LOW),
        'a' => (vec![bowl(), vec![(stem, LOW), (stem, MID)]], bowl_width),
        'd' => (vec![bowl(), vec![(stem, LOW), (stem, TOP)]], bowl_width),
        'e' => {
            let bar = bowl_middle.1 + 0.005;
            let mut line = vec![(LOW + 0.01, bar)];
            line.extend(arc(bowl_middle, (bowl_radius, bowl_radius), 2.0, 312.0));
            (vec![line], bowl_width)
        }
        'g' => {
            let mut hook = vec![(stem, MID)];
            hook.extend(arc(
                (bowl_middle.0, -0.015),
                (bowl_radius, 0.155),
                0.0,
                -145.0,
            ));
            (vec![bowl(), hook], bowl_width)
        }
        'n' => {
            let radius = 0.175;
            let (middle, right) = (LOW + radius, LOW + 2.0 * radius);
            let mut arch = arc((middle, MID - radius), (radius, radius), 180.0, 0.0);
            arch.push((right, LOW));
            (vec![vec![(LOW, LOW), (LOW, MID)], arch], right + LOW)
        }
        'r' => {
            let radius = 0.185;
            let arm = arc((LOW + radius, MID - radius), (radius, radius), 180.0, 72.0);
            (vec![vec![(LOW, LOW), (LOW, MID)], arm], 0.32)
        }
        't' => {
            let (stem, radius) = (LOW + 0.085, 0.125);
            let mut line = vec![(stem, 0.66)];
            line.extend(arc(
                (stem + radius, LOW + radius),
                (radius, radius),
                180.0,
                275.0,
            ));
            let bar = vec![(LOW, MID), (0.31 - LOW, MID)];
            (vec![line, bar], 0.31)
        }
        _ => return None,
    };
    Some(glyph)
}

/// Points of an arc around a middle; degrees counted from the right, anticlockwise when they grow.
fn arc(middle: (f32, f32), radii: (f32, f32), from: f32, to: f32) -> Stroke {
    let corners = ((to - from).abs() / 360.0 * TURN_CORNERS).ceil().max(2.0);
    (0..=corners as u32)
        .map(|corner| {
            let angle = (from + (to - from) * corner as f32 / corners).to_radians();
            (
                middle.0 + radii.0 * angle.cos(),
                middle.1 + radii.1 * angle.sin(),
            )
        })
        .collect()
}
