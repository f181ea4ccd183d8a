use super::*;

const FRAME: Frame = Frame {
    full: (300, 400),
    work: (150, 200),
};

fn everything() -> Window {
    Window::between((0, 0), FRAME.full, FRAME.full)
}

fn box_mask(x0: usize, y0: usize, x1: usize, y1: usize) -> Mask {
    Plane::from_fn(FRAME.work.0, FRAME.work.1, |x, y| {
        (x0..=x1).contains(&x) && (y0..=y1).contains(&y)
    })
}

#[test]
fn positions_go_to_full_size_and_back() {
    let point = Point::new(12.25, 190.5);
    let there = FRAME.to_full(point);
    assert_eq!(there, Point::new(25.0, 381.5));
    assert!((FRAME.to_work(there) - point).length() < 1e-9);
}

#[test]
fn windows_are_cut_to_the_picture() {
    let window = Window::between((290, 5), (500, 20), FRAME.full);
    assert_eq!((window.x0, window.width, window.y1()), (290, 10, 20));
    assert!(Window::between((310, 0), (320, 9), FRAME.full).is_empty());
    assert_eq!(window.grown(1000, FRAME.full), everything());
    let other = Window::between((0, 0), (295, 10), FRAME.full);
    assert_eq!(
        window.union(&other),
        Window::between((0, 0), (300, 20), FRAME.full)
    );
    assert_eq!(
        window.intersection(&other),
        Window::between((290, 5), (295, 10), FRAME.full)
    );
    assert!(window.intersection(&Window::default()).is_empty());
    assert_eq!(window.union(&Window::default()), window);
}

#[test]
fn rows_read_the_default_outside_their_patch() {
    let window = Window::between((10, 10), (20, 12), FRAME.full);
    let patch = Patch::from_fn(window, |x, y| (x * 100 + y) as f32);
    assert_eq!(
        (patch.row(11).at(10), patch.row(11).at(19)),
        (1011.0, 1911.0)
    );
    assert_eq!((patch.row(11).at(9), patch.row(11).at(20)), (0.0, 0.0));
    assert_eq!((patch.row(9).at(12), patch.row(12).at(12)), (0.0, 0.0));
}

#[test]
fn enlarging_a_ramp_nearly_keeps_it_and_shrinking_takes_it_back() {
    let ramp = Plane::from_fn(FRAME.work.0, FRAME.work.1, |x, y| x as f32 + 0.5 * y as f32);
    let large = enlarge(&ramp, (0, 0), &FRAME, everything());
    let expected = |x: usize, y: usize| {
        let work = FRAME.to_work(Point::new(x as f64, y as f64));
        (work.x + 0.5 * work.y) as f32
    };
    for (x, y) in [(40, 40), (41, 77), (200, 301)] {
        assert!(
            (large.row(y).at(x) - expected(x, y)).abs() < 0.1,
            "at {x}, {y}"
        );
    }
    let back = shrink(&large, &FRAME);
    for at in [(10, 10), (77, 150), (140, 190)] {
        assert!((back[at] - ramp[at]).abs() < 1e-2, "at {at:?}");
    }
}

#[test]
fn a_part_enlarges_like_the_whole() {
    let plane = Plane::from_fn(FRAME.work.0, FRAME.work.1, |x, y| {
        ((x * 7 + y * 13) % 11) as f32
    });
    let whole = enlarge(&plane, (0, 0), &FRAME, everything());
    let window = Window::between((61, 83), (120, 140), FRAME.full);
    let (part, origin) = work_part(&FRAME, window, 3, |x, y, w, h| plane.crop(x, y, w, h));
    let some = enlarge(&part, origin, &FRAME, window);
    for y in window.y0..window.y1() {
        for x in window.x0..window.x1() {
            assert!(
                (some.row(y).at(x) - whole.row(y).at(x)).abs() < 1e-4,
                "at {x}, {y}"
            );
        }
    }
}

#[test]
fn shrinking_averages_uneven_shares() {
    let frame = Frame {
        full: (5, 5),
        work: (2, 2),
    };
    let window = Window::between((0, 0), frame.full, frame.full);
    let columns = Patch::from_fn(window, |x, _| x as f32);
    // 2.5 columns each: (0 + 1 + 2 / 2) / 2.5 and (2 / 2 + 3 + 4) / 2.5.
    let small = shrink(&columns, &frame);
    assert!((small[(0, 0)] - 0.8).abs() < 1e-6 && (small[(1, 1)] - 3.2).abs() < 1e-6);
}

#[test]
fn a_softened_mask_is_full_inside_and_empty_outside() {
    let soft = soften(&box_mask(50, 60, 80, 100), &FRAME);
    assert!(soft.row(160).at(130) > 0.999);
    assert!(soft.row(160).at(90) < 0.001 && soft.row(100).at(130) < 0.001);
    let edge: Vec<f32> = (94..110).map(|x| soft.row(160).at(x)).collect();
    assert!(
        edge.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6),
        "rises: {edge:?}"
    );
    let cut = soften_in(
        &box_mask(50, 60, 80, 100),
        &FRAME,
        Window::between((120, 150), (140, 170), FRAME.full),
    );
    assert!((cut.row(160).at(130) - soft.row(160).at(130)).abs() < 1e-5);
    assert!(soften(&box_mask(9, 9, 0, 0), &FRAME).window().is_empty());
}

#[test]
fn below_a_curve_begins_at_its_rows() {
    let mut curve = vec![50.0; FRAME.work.0];
    curve[100..].fill(80.0);
    let below = below_curve(&curve, &FRAME, everything());
    assert_eq!((below.row(98).at(20), below.row(102).at(20)), (0.0, 1.0));
    assert_eq!((below.row(158).at(280), below.row(162).at(280)), (0.0, 1.0));
}
