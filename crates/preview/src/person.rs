//! Analysis of a person photo: silhouette, landmarks, skin, hair and the clothes worn.
//!
//! Made for a standing, roughly frontal person before a plain background. The result is [`PersonRegions`]; the stages are pure
//! functions, each in its own file. Lengths on the body are in U, the distance of the shoulder tips.

mod arms;
mod background;
mod body_prior;
mod clothes;
mod hair;
mod hem_curves;
mod landmarks;
mod legs;
mod measure;
mod plate;
mod redress;
mod scene;
mod scene_cut;
mod silhouette;
mod skin;
#[cfg(test)]
mod tests;
mod torso;
mod types;
mod waist;

use self::background::Background;
use self::body_prior::BodyPrior;
use self::clothes::{Clothes, Dressed};
use self::landmarks::{Landmarks, Outline};
use self::measure::share_in;
use self::scene::Scene;
use self::scene_cut::{ELBOWS_END, SceneCut};
use self::skin::Skin;
use self::torso::Torso;
pub use self::types::{ArmPath, FaceBox, PerSide, PersonError, PersonRegions, Side};
use self::waist::Waistline;
use crate::raster::{Mask, Rgb8};

/// Height in pixels of the copy that is analysed.
pub const WORK_HEIGHT: usize = 512;

/// Legs are bare when their skin begins this far above the lowest row, U.
const LEAST_BARE_LEG: f64 = 0.35;

/// Share of the picture out of the body's reach that may differ from the wall: a shadow, a logo in the corner.
const MOST_CLUTTER: f64 = 0.006;
/// Height below the elbows over which a person may reach the picture's sides, face sizes; these sides are some pixels wide.
const MOST_AT_SIDES: f64 = 0.2;
const SIDE_WIDTH: usize = 3;
/// Share of a silhouette that may lie where nobody's limbs reach.
const MOST_OUT_OF_REACH: f64 = 0.01;

/// Finds the person of a photo and what they wear.
///
/// `face` is the largest face of the picture in full-size pixels; without one the silhouette alone decides, which works less
/// well. Fails when no standing person can be told from the background.
pub fn analyze(image: &Rgb8, face: Option<FaceBox>) -> Result<PersonRegions, PersonError> {
    let scene = Scene::new(image, face)?;
    let background = Background::measure(&scene.smooth_lab);
    let Cutout {
        silhouette,
        background,
        agreement,
        is_scene,
    } = cut_out(&scene, background)?;
    let outline = Outline::trace(&silhouette)?;
    let body = Landmarks::find(&outline, scene.face.as_ref())?;
    let skin = Skin::find(&scene, &silhouette, outline.top, &body);
    let hair = hair::find(&scene, &silhouette, &body, &skin);
    let waistline = Waistline::find(&scene.lab, &skin.mask, &body);
    let torso = Torso::find(&silhouette, &skin.mask, &body, &waistline);
    let arm = arms::bare_arms(&silhouette, &skin.mask, &body, &waistline, &torso);
    let arm_edge = PerSide::from_fn(|side| arms::arm_edge(&skin.mask, &body, &outline, side));
    let long_sleeve = PerSide::from_fn(|side| {
        arms::covered_share(&silhouette, &skin.mask, &body, &outline, side)
    });
    let arm_paths = PerSide::from_fn(|side| {
        let (tip, unit) = (body.tips[side], body.shoulder_width);
        arms::trace(
            &silhouette,
            &skin.mask,
            &arm_edge[side],
            tip,
            body.shoulder_y,
            unit,
            side,
        )
    });
    let head_end = body.chin + 0.05 * body.shoulder_width;
    let head = Mask::from_fn(silhouette.width(), silhouette.height(), |x, y| {
        silhouette[(x, y)] && (y as f64) < head_end
    });
    let dressed = Dressed {
        scene: &scene,
        silhouette: &silhouette,
        outline: &outline,
        body: &body,
        skin: &skin.mask,
        hair: &hair,
        head: &head,
        waistline: &waistline,
        torso: &torso,
        arm: &arm,
        long_sleeve: &long_sleeve,
        arm_paths: &arm_paths,
    };
    let clothes = Clothes::find(&dressed);
    let low_hem = dressed.low_hem(outline.bottom);
    Ok(PersonRegions {
        size: scene.size,
        scale: scene.scale,
        background: background.surface,
        background_sigma: background.sigma,
        wall_distance: background.distance,
        scene: is_scene,
        outline_agreement: agreement,
        face: scene.face,
        shoulder_width: body.shoulder_width,
        center_x: body.center_x,
        neck_x: body.neck_x,
        shoulder_y: body.shoulder_y,
        chin: body.chin,
        top: outline.top,
        bottom: outline.bottom,
        shoulder_tips: body.tips,
        face_ratio: scene.face.map(|face| body.shoulder_width / face.size),
        skin_color: skin.color,
        skin_distance: skin.distance,
        skin_found: skin.found,
        skin_cloth_share: skin.cloth_share,
        waist: waistline.waist,
        hem: waistline.hem,
        waist_score: waistline.score,
        one_piece: waistline.one_piece,
        tuck_possible: waistline.tuck_possible,
        edge_confidence: torso.confidence,
        bare_arm: PerSide::from_fn(|side| arms::bare_share(&silhouette, &skin.mask, &body, side)),
        legs_bare: low_hem < outline.bottom - LEAST_BARE_LEG * body.shoulder_width,
        low_hem,
        left_edge: outline.edges.left,
        right_edge: outline.edges.right,
        torso_left: torso.edges.left,
        torso_right: torso.edges.right,
        torso: torso.mask,
        old_top: clothes.top,
        old_sleeves: clothes.sleeves,
        old_bottom: clothes.bottom,
        hem_curve: clothes.curves.hem,
        waist_curve: clothes.curves.waist,
        image: scene.image,
        lab: scene.lab,
        skin: skin.mask,
        silhouette,
        hair,
        head,
        arm,
        arm_edge,
        long_sleeve,
    })
}

/// The person, told from the background.
struct Cutout {
    silhouette: Mask,
    background: Background,
    agreement: f64,
    is_scene: bool,
}

/// Tells the person from a plain wall by the wall's colour, from a scene by what several graph cuts agree on.
fn cut_out(scene: &Scene, wall: Background) -> Result<Cutout, PersonError> {
    // Without a face nothing but the wall tells who is the person.
    if !wall.is_scene() || (scene.face.is_none() && !wall.is_busy()) {
        let silhouette = silhouette::find(scene, &wall);
        let is_scene = scene
            .face
            .is_some_and(|face| shows_things(&wall, &silhouette, BodyPrior::usual(face)));
        if !is_scene {
            return Ok(Cutout {
                silhouette,
                background: wall,
                agreement: 1.0,
                is_scene: false,
            });
        }
    }
    let Some(face) = &scene.face else {
        return Err(PersonError::NotFound(
            "the background is not plain and no face is seen; stand before a plain wall, or show the face",
        ));
    };
    let SceneCut {
        silhouette,
        agreement,
    } = SceneCut::find(scene, face);
    let plate = plate::without_person(&scene.smooth_lab, &silhouette);
    Ok(Cutout {
        background: Background::from_plate(&scene.smooth_lab, plate, &wall),
        silhouette,
        agreement,
        is_scene: true,
    })
}

/// Tells whether things stand before the wall: seen where no body reaches, or grown together with the silhouette.
fn shows_things(wall: &Background, silhouette: &Mask, prior: BodyPrior) -> bool {
    let far = wall.far();
    let (width, height) = silhouette.size();
    let far_away = Mask::from_fn(width, height, |x, y| prior.is_out_of_reach(x, y));
    let things = wall.distance.map(|distance| distance > far);
    share_in(&things, &far_away) > MOST_CLUTTER
        || share_in(&far_away, silhouette) > MOST_OUT_OF_REACH
        || rows_at_sides(silhouette, &prior.face) > MOST_AT_SIDES
}

/// Height over which the silhouette reaches the picture's sides below the elbows, face sizes: there it is furniture or floor.
fn rows_at_sides(silhouette: &Mask, face: &FaceBox) -> f64 {
    let first = (face.center.y + ELBOWS_END * face.size).max(0.0) as usize;
    let far_side = silhouette.width().saturating_sub(SIDE_WIDTH);
    let at_side = |y: usize| {
        let starts = silhouette.first_in_row(y).is_some_and(|x| x < SIDE_WIDTH);
        starts || silhouette.last_in_row(y).is_some_and(|x| x >= far_side)
    };
    let touching = (first..silhouette.height()).filter(|&y| at_side(y)).count();
    touching as f64 / face.size
}

/// Follows the arm on one side of the picture from the shoulder tip downwards.
///
/// None when the silhouette has no edge there.
pub fn arm_path(person: &PersonRegions, side: Side) -> Option<ArmPath> {
    arms::trace(
        &person.silhouette,
        &person.skin,
        &person.arm_edge[side],
        person.shoulder_tips[side],
        person.shoulder_y,
        person.shoulder_width,
        side,
    )
}
