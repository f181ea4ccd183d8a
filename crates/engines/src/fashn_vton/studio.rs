//! What makes the pictures: the network, the pose networks, and the memory that they need.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use drape_core::engine::{
    EngineError, EngineInput, EngineOutput, GarmentPicture, MaskPicture, Steps,
};
use drape_imaging::{
    Mask, Picture, PreserveError, Preserved, Subsampling, encode_jpeg, preserve, resize_exact,
};
use drape_preview::garment::Category as Kind;
use drape_vton::{
    backend::cpu::Cpu,
    bench::expected_pass,
    model::{Model, Workspace, condition::Category},
    noise,
    pose::{Estimate, PoseEstimator},
    preprocess::{self, Size},
    sampler::{self, SampleError},
};

use super::{
    NAME,
    garment::{Product, found_pose, photo_of},
    keep::kept_parts,
    options::FashnVtonOptions,
    refusal,
};
use crate::{
    category::{self, Words},
    pictures::{RESULT_QUALITY, decode_garment, decode_person, first_usable},
};

/// Most pixels of a person's picture.
const MAX_PERSON_PIXELS: u64 = 50_000_000;
/// The seed when nobody gives one; that of the reference.
const DEFAULT_SEED: u64 = 42;
/// From so many parts of the photo on that can be compared, a picture that shows none of them is no picture of the person.
const LEAST_TEXTURED: usize = 12;
/// How far the expected end may lie behind the deadline before the work is given up.
const PATIENCE: f64 = 1.2;

/// The two sets of networks that a picture takes.
pub struct Networks {
    /// Makes the picture.
    pub model: Model<Cpu>,
    /// Finds poses.
    pub poses: PoseEstimator,
}

/// What a job is told while it runs.
pub(super) trait Supervisor {
    /// Says whether somebody still waits.
    fn is_wanted(&self) -> bool;

    /// When the work must be done.
    fn deadline(&self) -> Option<Instant>;
}

/// The networks with the memory for one picture at a time.
pub(super) struct Studio {
    networks: Networks,
    work: Workspace<Cpu>,
    /// Expected wall time of one pass through the network, once it was measured.
    pass: Option<Duration>,
}

impl Studio {
    /// Takes the memory.
    pub(super) fn new(networks: Networks) -> Self {
        Self {
            work: networks.model.workspace(),
            networks,
            pass: None,
        }
    }

    /// Measures how fast the machine is, unless a picture has told; takes a tenth of a pass.
    pub(super) fn measure(&mut self) -> Result<(), EngineError> {
        if self.pass.is_none() {
            let pass = expected_pass(&self.networks.model, &mut self.work);
            self.pass = Some(pass.map_err(refusal::unavailable)?);
        }
        Ok(())
    }

    /// Expected wall time of one pass through the network, by what was measured last.
    pub(super) fn pass(&self) -> Option<Duration> {
        self.pass
    }

    /// Makes a picture.
    pub(super) fn make(
        &mut self,
        input: &EngineInput,
        options: &FashnVtonOptions,
        supervisor: &dyn Supervisor,
    ) -> Result<EngineOutput, EngineError> {
        let [item] = input.items.as_slice() else {
            return Err(refusal::one_product(input.items.len()));
        };
        let canvas = self.networks.model.config().canvas();
        let person = decode_person(&input.person.bytes, MAX_PERSON_PIXELS)
            .map_err(refusal::unusable_person)?;
        let photo = photo_of(&person, canvas).map_err(refusal::unusable_person)?;
        let estimate = found_pose(&self.networks.poses, &photo)?;
        if estimate.persons == 0 {
            return Err(refusal::no_person());
        }
        let (product, category) = first_usable(item, |garment, words| {
            self.read_product(garment, words, canvas)
        })?;
        let pose = photo.draw(&estimate.pose).map_err(refusal::own_fault)?;
        let inputs = product.inputs(&photo, &pose).map_err(refusal::own_fault)?;
        self.check_time(input, options, supervisor)?;

        let seed = options.seed.or(input.seed).unwrap_or(DEFAULT_SEED);
        let noise = noise::normal(seed, inputs.noise_length()).map_err(refusal::own_fault)?;
        let begun = Instant::now();
        let mut late = None;
        let mut after_step = |progress: sampler::Progress<'_>| {
            input.progress.tell(Steps {
                done: progress.step as u32,
                total: progress.steps as u32,
            });
            let per_pass = begun.elapsed().div_f64(progress.forwards as f64);
            let left = options.preset.sampling().forwards() - progress.forwards;
            late = expected_too_late(supervisor, per_pass * left as u32, begun);
            if !supervisor.is_wanted() || late.is_some() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        input.progress.tell(Steps {
            done: 0,
            total: options.preset.sampling().steps as u32,
        });
        let sampled = sampler::sample_in(
            &mut self.work,
            &self.networks.model,
            inputs.pictures(),
            category,
            &noise,
            options.preset.sampling(),
            &mut after_step,
        );
        let sample = match sampled {
            Ok(sample) => sample,
            Err(SampleError::Cancelled { .. }) => {
                return Err(refusal::out_of_time(input.time_limit, late));
            }
            Err(error) => return Err(refusal::own_fault(error)),
        };
        self.pass = Some(begun.elapsed().div_f64(sample.forwards as f64));
        let made = inputs.picture(&sample.state).map_err(refusal::own_fault)?;
        finish(&person, made, &estimate, options.preserve)
    }

    /// Fails when a picture cannot be done in time, as far as it is known how fast the machine is.
    fn check_time(
        &self,
        input: &EngineInput,
        options: &FashnVtonOptions,
        supervisor: &dyn Supervisor,
    ) -> Result<(), EngineError> {
        let pass = self.pass.unwrap_or_default();
        let whole = pass * options.preset.sampling().forwards() as u32;
        let late = expected_too_late(supervisor, whole, Instant::now());
        match late {
            None if supervisor.is_wanted() => Ok(()),
            late => Err(refusal::out_of_time(input.time_limit, late)),
        }
    }

    fn read_product(
        &self,
        garment: &GarmentPicture,
        words: &Words,
        canvas: Size,
    ) -> Result<(Product, Category), EngineError> {
        let kind = category::choose(NAME, garment, words)?.ok_or_else(refusal::unknown_category)?;
        let picture = decode_garment(&garment.file.bytes).map_err(refusal::unusable_garment)?;
        let product = Product::read(
            &picture,
            kind,
            garment.is_worn,
            &self.networks.poses,
            canvas,
        )?;
        let category = match kind {
            Kind::Top => Category::Tops,
            Kind::Bottom => Category::Bottoms,
            Kind::Dress => Category::OnePieces,
        };
        Ok((product, category))
    }
}

/// The whole time that the work is expected to take, when that is too long for the deadline.
fn expected_too_late(
    supervisor: &dyn Supervisor,
    left: Duration,
    begun: Instant,
) -> Option<Duration> {
    let deadline = supervisor.deadline()?;
    let now = Instant::now();
    let time = deadline.saturating_duration_since(now);
    (left > time.mul_f64(PATIENCE)).then(|| now - begun + left)
}

/// Brings the made picture to the size of the person's, with the original where nothing had to change.
fn finish(
    person: &Picture,
    made: preprocess::Picture,
    estimate: &Estimate,
    is_preserved: bool,
) -> Result<EngineOutput, EngineError> {
    let size = made.size();
    let made = Picture::new(size.width as u32, size.height as u32, made.into_samples())
        .ok_or_else(|| refusal::own_fault("a result without pixels"))?;
    let mut notes = Vec::new();
    let mut mask = None;
    let picture = if is_preserved {
        match preserve(person, &made, &kept_parts(&estimate.pose)) {
            Ok(Preserved {
                picture,
                mask: kept,
                given_up,
                ..
            }) => {
                mask = mask_picture(&kept);
                let note = |part| format!("the {part} could not be kept from the photo");
                notes.extend(given_up.into_iter().map(note));
                picture
            }
            // Damaged weights make noise, and nobody shall pay for that.
            Err(PreserveError::Unrelated { textured, .. }) if textured >= LEAST_TEXTURED => {
                return Err(refusal::not_the_person());
            }
            Err(error) => {
                notes.push(format!("nothing could be kept from the photo: {error}"));
                resize_exact(&made, person.width(), person.height())
            }
        }
    } else {
        resize_exact(&made, person.width(), person.height())
    };
    Ok(EngineOutput {
        jpeg: encode_jpeg(&picture, RESULT_QUALITY, Subsampling::S444).into(),
        width: picture.width(),
        height: picture.height(),
        confidence: None,
        notes,
        mask,
    })
}

fn mask_picture(mask: &Mask) -> Option<MaskPicture> {
    let gray = mask.levels.iter().flat_map(|level| [*level; 3]).collect();
    let picture = Picture::new(mask.width, mask.height, gray)?;
    Some(MaskPicture {
        jpeg: encode_jpeg(&picture, RESULT_QUALITY, Subsampling::S420).into(),
        width: mask.width,
        height: mask.height,
    })
}

#[cfg(test)]
mod tests {
    use drape_core::engine::EngineErrorKind;
    use drape_vton::pose::{Joint, Keypoints, Order, Pose};

    use super::*;

    /// A room full of things, shifted to the right.
    fn room(width: u32, height: u32, shift: u32) -> Picture {
        let mut picture = Picture::filled(width, height, [0; 3]);
        for y in 0..height {
            for x in 0..width {
                let (u, v) = ((x + shift) as f32, y as f32);
                let wave = (u * 0.21).sin() * (v * 0.17).cos() + (u * 0.05 + v * 0.08).sin();
                picture.set_pixel(x, y, [(128.0 + 50.0 * wave) as u8; 3]);
            }
        }
        picture
    }

    fn noise(width: u32, height: u32) -> Picture {
        let mut state = 1_u32;
        let bytes = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        let bytes = bytes.take((width * height * 3) as usize).collect();
        Picture::new(width, height, bytes).unwrap()
    }

    fn finished(made: &Picture, is_preserved: bool) -> Result<EngineOutput, EngineError> {
        let size = Size::new(made.width() as usize, made.height() as usize);
        let made = preprocess::Picture::new(size, 3, made.data().to_vec()).unwrap();
        let unseen = vec![
            Joint {
                x: 0.0,
                y: 0.0,
                score: 0.0,
            };
            133
        ];
        let estimate = Estimate {
            persons: 1,
            keypoints: Keypoints::new(size, Order::WholeBody133, unseen).unwrap(),
            pose: Pose::unseen(),
        };
        finish(&room(360, 480, 0), made, &estimate, is_preserved)
    }

    #[test]
    fn a_picture_of_the_person_comes_with_its_mask() {
        let output = finished(&room(360, 480, 0), true).unwrap();
        assert_eq!((output.width, output.height), (360, 480));
        assert!(output.mask.is_some() && output.notes.is_empty());
        let plain = finished(&room(360, 480, 0), false).unwrap();
        assert!(plain.mask.is_none() && plain.notes.is_empty());
    }

    #[test]
    fn a_shifted_picture_is_delivered_as_it_is_with_a_note() {
        let output = finished(&room(360, 480, 3), true).unwrap();
        assert!(output.mask.is_none());
        assert!(output.notes[0].contains("shifted"), "{:?}", output.notes);
    }

    #[test]
    fn noise_is_not_delivered() {
        let error = finished(&noise(360, 480), true).unwrap_err();
        assert_eq!(error.kind, EngineErrorKind::ProviderError);
        assert!(error.message.contains("does not show"), "{error}");
    }
}
