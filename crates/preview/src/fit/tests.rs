use super::*;
use crate::garment;
use crate::person;
use crate::synthetic::{
    GarmentKind, Outfit, PersonPicture, SleeveLength, SyntheticGarment, SyntheticPerson,
};

fn analyzed(outfit: Outfit, sleeves: SleeveLength) -> (PersonPicture, PersonRegions) {
    let picture = SyntheticPerson {
        sleeves,
        outfit,
        ..SyntheticPerson::default()
    }
    .draw();
    let regions = person::analyze(&picture.image, Some(picture.face)).unwrap();
    (picture, regions)
}

fn flat_lay(kind: GarmentKind, category: Category) -> GarmentShape {
    let drawn = SyntheticGarment {
        kind,
        ..SyntheticGarment::default()
    }
    .draw();
    garment::analyze(&drawn.image, Some(category), None).unwrap()
}

#[test]
fn a_tee_hangs_from_the_shoulders_and_is_tucked_at_the_waist() {
    let (picture, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Short);
    let tee = flat_lay(GarmentKind::Tee, Category::Top);
    let fit = fit_upper(&regions, &tee, tee.upper().unwrap());
    let u = regions.shoulder_width;
    for side in Side::ALL {
        let tip = picture.shoulder_tips[side] * regions.scale;
        let shoulder = fit.landing.shoulder[side];
        assert!(
            (shoulder - tip).length() < 0.2 * u,
            "{shoulder:?} is near the tip {tip:?}"
        );
        assert!(fit.landing.neck[side].y < shoulder.y);
        assert!(fit.landing.armpit[side].y > shoulder.y + 0.3 * u);
    }
    assert!(
        fit.sleeved
            && !fit.long_sleeves
            && fit.sleeves.left.is_some()
            && fit.sleeves.right.is_some()
    );
    assert!(fit.tuck && fit.hem > regions.waist);
}

#[test]
fn both_sides_of_a_drawn_fit_mirror_each_other() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Short);
    let tee = flat_lay(GarmentKind::Tee, Category::Top);
    let fit = fit_upper(&regions, &tee, tee.upper().unwrap());
    let mirrored = |point: Point| Point::new(2.0 * regions.center_x - point.x, point.y);
    for (left, right) in fit.sides.left.iter().zip(&fit.sides.right) {
        let step = mirrored(left.person) - right.person;
        assert!(
            step.length() < 0.05 * regions.shoulder_width,
            "{left:?} {right:?}"
        );
    }
}

#[test]
fn long_sleeves_are_longer_than_short_ones() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::None);
    let lowest = |kind: GarmentKind| {
        let top = flat_lay(kind, Category::Top);
        let fit = fit_upper(&regions, &top, top.upper().unwrap());
        let rows = fit.sleeves.left.unwrap().outline;
        rows.iter().map(|point| point.y).fold(0.0, f64::max)
    };
    let (short, long) = (lowest(GarmentKind::Tee), lowest(GarmentKind::LongSleeved));
    assert!(
        long > short + 0.3 * regions.shoulder_width,
        "{short} {long}"
    );
}

#[test]
fn a_tank_has_no_sleeves_to_fit() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::None);
    let tank = flat_lay(GarmentKind::Tank, Category::Top);
    let fit = fit_upper(&regions, &tank, tank.upper().unwrap());
    assert!(!fit.sleeved && fit.sleeves.left.is_none() && fit.sleeves.right.is_none());
    assert_eq!(fit.arm_confidence, None);
}

#[test]
fn a_dress_over_bare_legs_ends_at_the_old_hem_or_below() {
    let (_, regions) = analyzed(Outfit::Dress, SleeveLength::None);
    let dress = flat_lay(GarmentKind::Dress, Category::Dress);
    let fit = fit_upper(&regions, &dress, dress.upper().unwrap());
    assert!(
        fit.hem >= regions.low_hem && fit.hem < regions.bottom,
        "{} {}",
        fit.hem,
        regions.low_hem
    );
    assert!(!fit.tuck);
}

#[test]
fn trousers_run_from_waist_to_ankles_with_a_gap_between_the_legs() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Short);
    let trousers = flat_lay(GarmentKind::Trousers, Category::Bottom);
    let fit = fit_lower(&regions, &trousers, trousers.lower().unwrap());
    assert!(fit.has_legs && fit.whole_person);
    assert!(fit.waist < regions.waist && fit.waist < fit.crotch && fit.crotch < fit.bottom);
    assert!(
        fit.bottom < regions.bottom && fit.bottom > regions.bottom - 0.3 * regions.shoulder_width
    );
    let (left, right) = (
        fit.halves.left.last().unwrap(),
        fit.halves.right.last().unwrap(),
    );
    let (left_inner, right_inner) = (left.inner.unwrap().person, right.inner.unwrap().person);
    assert!(left.outer.person.x < left_inner.x && left_inner.x <= right_inner.x);
    assert!(right_inner.x < right.outer.person.x);
}

#[test]
fn a_skirt_ends_above_the_feet_and_has_no_inner_edges_below_the_hips() {
    let (_, regions) = analyzed(Outfit::Dress, SleeveLength::Short);
    let skirt = flat_lay(GarmentKind::Skirt, Category::Bottom);
    let fit = fit_lower(&regions, &skirt, skirt.lower().unwrap());
    assert!(!fit.has_legs && fit.bottom < regions.bottom);
    assert_eq!(fit.halves.left.last().unwrap().inner, None);
}

/// Sizes of every triangle on the person per size on the garment: negative where cloth folds over.
fn growth(part: &PartMesh) -> Vec<f64> {
    let area = |[a, b, c]: [Point; 3]| (b - a).cross(c - a);
    part.person
        .iter()
        .zip(&part.garment)
        .map(|(person, garment)| area(*person) / area(*garment))
        .collect()
}

#[test]
fn no_cloth_of_the_trunk_folds_over() {
    for (outfit, kind, category) in [
        (Outfit::TopAndTrousers, GarmentKind::Tee, Category::Top),
        (
            Outfit::TopAndTrousers,
            GarmentKind::LongSleeved,
            Category::Top,
        ),
        (Outfit::TopAndTrousers, GarmentKind::Tank, Category::Top),
        (Outfit::Dress, GarmentKind::Dress, Category::Dress),
    ] {
        let (_, regions) = analyzed(outfit, SleeveLength::Short);
        let garment = flat_lay(kind, category);
        let fit = fit_upper(&regions, &garment, garment.upper().unwrap());
        let growth = growth(&fit.mesh.trunk);
        assert!(
            growth.len() > 200,
            "{kind:?} has {} triangles",
            growth.len()
        );
        let folded = growth.iter().filter(|growth| **growth <= 0.0).count();
        assert_eq!(folded, 0, "{kind:?} of {}", growth.len());
        let usual = fit.scale * fit.scale;
        let odd = growth
            .iter()
            .filter(|growth| !(0.25 * usual..3.0 * usual).contains(*growth))
            .count();
        assert!(
            odd * 50 < growth.len(),
            "{kind:?}: {odd} of {} are far from their size",
            growth.len()
        );
    }
}

#[test]
fn sleeves_hang_together_with_the_trunk_along_the_armhole() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Short);
    let tee = flat_lay(GarmentKind::Tee, Category::Top);
    let upper = tee.upper().unwrap();
    let fit = fit_upper(&regions, &tee, upper);
    let placed = |part: &PartMesh, spot: Point| {
        let at = |(garment, person): (&[Point; 3], &[Point; 3])| {
            let [a, b, c] = *garment;
            let area = (b - a).cross(c - a);
            let offset = spot - a;
            let (v, w) = (offset.cross(c - a) / area, (b - a).cross(offset) / area);
            (v >= -1e-9 && w >= -1e-9 && v + w <= 1.0 + 1e-9)
                .then(|| person[0] * (1.0 - v - w) + person[1] * v + person[2] * w)
        };
        part.garment.iter().zip(&part.person).find_map(at)
    };
    for side in Side::ALL {
        let marks = &upper.landmarks;
        for t in [0.2, 0.5, 0.8] {
            let spot = marks.shoulder[side].lerp(marks.armpit[side], t);
            let trunk = placed(&fit.mesh.trunk, spot).unwrap();
            let sleeve = placed(&fit.mesh.sleeves[side], spot).unwrap();
            assert!(
                trunk.distance(sleeve) < 1e-6,
                "{side:?} at {t}: {trunk:?} {sleeve:?}"
            );
        }
    }
}

#[test]
fn landmarks_land_where_they_were_told() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::None);
    let tee = flat_lay(GarmentKind::Tee, Category::Top);
    let upper = tee.upper().unwrap();
    let fit = fit_upper(&regions, &tee, upper);
    let u = regions.shoulder_width;
    let nearest = |spot: Point| {
        let mesh = &fit.mesh.trunk;
        let corners = mesh.garment.as_flattened().iter();
        let (from, to) = corners
            .zip(mesh.person.as_flattened())
            .min_by(|a, b| a.0.distance(spot).total_cmp(&b.0.distance(spot)))
            .unwrap();
        *to + (spot - *from) * fit.scale
    };
    for side in Side::ALL {
        for (from, to) in [
            (upper.landmarks.neck[side], fit.landing.neck[side]),
            (upper.landmarks.shoulder[side], fit.landing.shoulder[side]),
        ] {
            let off = nearest(from).distance(to);
            assert!(off < 0.05 * u, "{side:?}: {off} off with U = {u}");
        }
    }
}

#[test]
fn long_sleeves_reach_their_cuffs() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Long);
    let top = flat_lay(GarmentKind::LongSleeved, Category::Top);
    let fit = fit_upper(&regions, &top, top.upper().unwrap());
    for side in Side::ALL {
        let sleeve = fit.sleeves[side].as_ref().unwrap();
        let cuff = sleeve.outline[sleeve.outline.len() / 2];
        let lowest = fit.mesh.sleeves[side]
            .person
            .as_flattened()
            .iter()
            .map(|point| point.y)
            .fold(0.0, f64::max);
        let u = regions.shoulder_width;
        assert!((lowest - cuff.y).abs() < 0.15 * u, "{lowest} {}", cuff.y);
    }
}

#[test]
fn legs_stand_where_they_were_drawn_in_trousers_and_under_a_dress() {
    for (outfit, worn) in [
        (Outfit::TopAndTrousers, Worn::Trousers),
        (Outfit::Dress, Worn::Skirt),
    ] {
        let (_, regions) = analyzed(outfit, SleeveLength::None);
        let u = regions.shoulder_width;
        let stance = Stance::find(&regions);
        assert_eq!(stance.worn, worn, "{outfit:?}");
        assert!(stance.whole_person && !stance.hides_an_arm());
        assert!(stance.crotch > regions.waist + 0.4 * u && stance.crotch < regions.waist + 0.9 * u);
        for side in Side::ALL {
            // The drawn knees and calves are about a fifth of the shoulders' width beside the middle.
            for share in [0.45, 0.7] {
                let row = stance.crotch + share * (regions.bottom - stance.crotch);
                let (axis, half) = stance.leg(side, row);
                let beside = side.sign() * (axis - regions.center_x) / u;
                assert!(
                    (0.12..0.28).contains(&beside),
                    "{outfit:?} {share} {beside}"
                );
                assert!(
                    (0.05..0.20).contains(&(half / u)),
                    "{outfit:?} {share} {half}"
                );
            }
            let body = side.sign() * (stance.body_edge(side, stance.crotch) - stance.hip_x) / u;
            assert!((0.3..0.55).contains(&body), "{outfit:?} {body}");
        }
    }
}

#[test]
fn a_skirt_reaches_the_hand_whose_wrist_was_hidden() {
    let (_, mut regions) = analyzed(Outfit::Dress, SleeveLength::None);
    let u = regions.shoulder_width;
    let hand_end = (0..regions.arm.height()).rev();
    let hand_end = hand_end.clone().find(|&y| regions.arm.any_row(y)).unwrap();
    // The old skirt hides the right arm between the forearm and the fingers.
    let last = hand_end - (0.12 * u) as usize;
    let hidden = last - (0.45 * u) as usize..last;
    assert!(hidden.start as f64 > regions.waist);
    let beside = (regions.center_x + 0.2 * u) as usize;
    for y in hidden.clone() {
        let outer = regions.silhouette.last_in_row(y).unwrap();
        for x in beside..=outer {
            regions.silhouette[(x, y)] = true;
            regions.skin[(x, y)] = false;
            regions.arm[(x, y)] = false;
        }
    }
    let stance = Stance::find(&regions);
    assert!(stance.hides_an_arm());
    let middle = usize::midpoint(hidden.start, hidden.end);
    let reach = stance.hidden_arm.right[middle] / u;
    assert!((0.3..0.9).contains(&reach), "{reach}");
    assert!(stance.hidden_arm.left.iter().all(|reach| *reach <= 0.0));
}

#[test]
fn trousers_end_where_the_shoes_begin() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Short);
    let stance = Stance::find(&regions);
    for (side, row) in stance.shoes.iter() {
        let above = (regions.bottom - row) / regions.shoulder_width;
        assert!((0.05..0.30).contains(&above), "{side:?} {above}");
    }
}

#[test]
fn shorts_end_above_the_knees_and_trousers_keep_their_flare() {
    let (_, regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Short);
    let shorts = flat_lay(GarmentKind::Shorts, Category::Bottom);
    let fit = fit_lower(&regions, &shorts, shorts.lower().unwrap());
    assert!(fit.has_legs);
    let reach = (fit.bottom - fit.crotch) / (regions.bottom - fit.crotch);
    assert!((0.05..0.55).contains(&reach), "{reach}");
    // The drawn trousers are much wider at their ends than the worn ones.
    let trousers = flat_lay(GarmentKind::Trousers, Category::Bottom);
    let fit = fit_lower(&regions, &trousers, trousers.lower().unwrap());
    let last = fit.halves.right.last().unwrap();
    let width = last.outer.person.x - last.inner.unwrap().person.x;
    assert!(width > 0.26 * regions.shoulder_width, "{width}");
}

#[test]
fn rows_of_legs_descend_and_never_turn_inside_out() {
    for outfit in [Outfit::TopAndTrousers, Outfit::Dress] {
        let (_, regions) = analyzed(outfit, SleeveLength::Short);
        for kind in [GarmentKind::Trousers, GarmentKind::Shorts] {
            let shape = flat_lay(kind, Category::Bottom);
            let fit = fit_lower(&regions, &shape, shape.lower().unwrap());
            for side in Side::ALL {
                for pair in fit.halves[side].windows(2) {
                    assert!(pair[1].outer.person.y > pair[0].outer.person.y);
                    assert!(pair[1].outer.garment.y > pair[0].outer.garment.y);
                }
                for row in &fit.halves[side] {
                    let across = row.outer.person.x - row.inner.unwrap().person.x;
                    assert!(side.sign() * across > 0.0, "{outfit:?} {kind:?} {row:?}");
                }
            }
        }
    }
}

#[test]
fn trousers_are_drawn_up_where_the_old_waistband_is_higher_than_the_waist() {
    let (_, mut regions) = analyzed(Outfit::TopAndTrousers, SleeveLength::Short);
    let trousers = flat_lay(GarmentKind::Trousers, Category::Bottom);
    let u = regions.shoulder_width;
    let level = fit_lower(&regions, &trousers, trousers.lower().unwrap());
    let lowest = level.halves.left[0].outer.person.y;
    let corner = level.halves.left[0].outer.person.x;
    let (raised, middle) = (lowest - 0.12 * u, regions.center_x);
    for (x, row) in regions.hem_curve.iter_mut().enumerate() {
        let share = ((middle - x as f64) / (middle - corner)).clamp(0.0, 1.0);
        *row += (raised - *row) * share * share;
    }
    let fit = fit_lower(&regions, &trousers, trousers.lower().unwrap());
    let outer = |fit: &LowerFit, side: Side| fit.halves[side][0].outer.person.y;
    assert!(outer(&fit, Side::Left) <= raised + 0.5);
    assert!((outer(&fit, Side::Right) - outer(&level, Side::Right)).abs() < 0.02 * u);
    let crotch = |fit: &LowerFit| fit.halves.left[9].outer.person;
    assert!((crotch(&fit) - crotch(&level)).length() < 0.01 * u);
    // Beyond reason nothing is drawn up.
    regions.hem_curve.iter_mut().for_each(|row| *row -= u);
    let fit = fit_lower(&regions, &trousers, trousers.lower().unwrap());
    assert!(outer(&fit, Side::Left) > lowest - 0.2 * u);
}

#[test]
fn a_wide_waist_tells_of_wide_hips_but_never_beyond_what_is_seen() {
    let (_, mut regions) = analyzed(Outfit::Dress, SleeveLength::Short);
    let u = regions.shoulder_width;
    let mean = Stance::find(&regions);
    regions
        .torso_left
        .iter_mut()
        .for_each(|edge| *edge -= 0.12 * u);
    regions
        .torso_right
        .iter_mut()
        .for_each(|edge| *edge += 0.12 * u);
    let wide = Stance::find(&regions);
    let row = regions.waist + 0.45 * u;
    for side in Side::ALL {
        let reach = |stance: &Stance| (stance.body_edge(side, row) - stance.hip_x).abs();
        assert!(reach(&wide) > 1.04 * reach(&mean), "{side:?}");
        let seen = wide.seen[side][row as usize].unwrap();
        assert!(reach(&wide) < (seen - wide.hip_x).abs() + 0.02 * u);
        // Bare legs are measured, whatever the waist is like.
        let shin = |stance: &Stance| stance.leg(side, regions.bottom - 0.6 * u).1;
        assert!((shin(&wide) - shin(&mean)).abs() < 0.02 * u);
    }
}
