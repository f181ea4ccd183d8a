use super::*;

const FRAME: Frame = Frame {
    full: (64, 48),
    work: (32, 24),
};

fn photo() -> Rgb8 {
    Plane::from_fn(64, 48, |x, y| {
        [(x * 3) as u8, (y * 5) as u8, ((x + y) * 2) as u8]
    })
}

fn window(x0: usize, y0: usize, x1: usize, y1: usize) -> Window {
    Window::between((x0, y0), (x1, y1), FRAME.full)
}

fn paint(place: Window, strength: f32) -> Step {
    Step::Paint {
        color: Patch::from_fn(place, |_, _| [200.0, 10.0, 90.0]),
        alpha: Patch::from_fn(place, |_, _| strength),
    }
}

#[test]
fn only_what_a_step_visibly_changes_is_allowed() {
    let faint = Step::Darken(Patch::from_fn(window(40, 0, 64, 48), |_, _| 0.001));
    let steps = vec![paint(window(4, 4, 20, 20), 0.5), faint];
    let allowed = allowed_region(&steps, &FRAME);
    assert_eq!(allowed.count(), 16 * 16);
    let painted = carry_out(steps, &photo(), &allowed, &FRAME);
    for (x, y) in [(3, 4), (20, 10), (50, 30)] {
        assert_eq!(painted[(x, y)], photo()[(x, y)]);
    }
    let [red, green, _] = photo()[(10, 10)].map(f32::from);
    let [new_red, new_green, _] = painted[(10, 10)].map(f32::from);
    assert!((new_red - f32::midpoint(red, 200.0)).abs() <= 0.5);
    assert!((new_green - f32::midpoint(green, 10.0)).abs() <= 0.5);
}

#[test]
fn what_the_last_step_restores_is_not_allowed_to_change() {
    let steps = vec![
        paint(window(0, 0, 30, 30), 1.0),
        Step::ShowOriginal(Patch::from_fn(window(10, 10, 20, 20), |_, _| 1.0)),
    ];
    let allowed = allowed_region(&steps, &FRAME);
    assert!(!allowed[(15, 15)] && allowed[(5, 5)]);
    let painted = carry_out(steps, &photo(), &allowed, &FRAME);
    assert_eq!(painted[(15, 15)], photo()[(15, 15)]);
    assert_eq!(painted[(5, 5)], [200, 10, 90]);
}

#[test]
fn a_kept_state_comes_back_without_later_shadows() {
    let place = window(8, 8, 40, 40);
    let full = Patch::from_fn(place, |_, _| 1.0);
    let steps = vec![
        paint(place, 1.0),
        Step::Keep,
        Step::Darken(Patch::from_fn(place, |_, _| 0.5)),
        Step::ShowKept(full.cut(window(8, 8, 20, 40))),
    ];
    let allowed = allowed_region(&steps, &FRAME);
    let painted = carry_out(steps, &photo(), &allowed, &FRAME);
    assert_eq!(painted[(12, 20)], [200, 10, 90]);
    assert_eq!(painted[(30, 20)], [100, 5, 45]);
}

#[test]
fn an_inpainted_hole_takes_the_colours_around_it() {
    let flat = Plane::from_fn(64, 48, |x, y| {
        if (20..28).contains(&x) && (20..28).contains(&y) {
            [0; 3]
        } else {
            [80, 120, 160]
        }
    });
    let region = Plane::from_fn(32, 24, |x, y| {
        (10..14).contains(&x) && (10..14).contains(&y)
    });
    let alpha = Patch::from_fn(window(20, 20, 28, 28), |_, _| 1.0);
    let steps = vec![Step::Inpaint { region, alpha }];
    let allowed = allowed_region(&steps, &FRAME);
    let painted = carry_out(steps, &flat, &allowed, &FRAME);
    let [red, green, blue] = painted[(24, 24)];
    assert!(red.abs_diff(80) < 4 && green.abs_diff(120) < 4 && blue.abs_diff(160) < 4);
}

#[test]
fn without_a_visible_step_the_photo_comes_back() {
    let steps = vec![Step::Keep, paint(Window::default(), 1.0)];
    let allowed = allowed_region(&steps, &FRAME);
    assert!(!allowed.any());
    assert_eq!(carry_out(steps, &photo(), &allowed, &FRAME), photo());
}
