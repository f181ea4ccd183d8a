//! Puts a garment on a person: two photos in, one picture out.
//!
//! `cargo run --release -p drape-vton --example try_on` prints how it is used.

use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use drape_vton::backend::cpu::Cpu;
use drape_vton::config::Config;
use drape_vton::inputs::{Garment, Inputs, Photo};
use drape_vton::model::Model;
use drape_vton::model::condition::Category;
use drape_vton::noise;
use drape_vton::pose::{Keypoints, Pose, PoseEstimator};
use drape_vton::preprocess::{Picture, Size};
use drape_vton::sampler::{Settings, sample};
use drape_vton::weights::Weights;
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};

const USAGE: &str = "\
Puts a garment, photographed without a person, on somebody.

  try_on --person FILE --garment FILE --category tops|bottoms|one-pieces --out FILE
         (--weights FILE | --random-weights SEED)
         (--detector FILE --whole-body FILE | --keypoints FILE)
         [--steps N] [--seed N]

--weights FILE         model.safetensors of FASHN VTON 1.5
--random-weights SEED  no file: made-up weights, whose picture is noise, to try the rest out
--detector FILE        yolox_l.onnx of DWPose
--whole-body FILE      dw-ll_ucoco_384.onnx of DWPose
--keypoints FILE       the person's joints as JSON, instead of the two networks
--steps N              30 if not given; 20 are faster
--seed N               42 if not given; the same seed gives the same picture
";
const DEFAULT_STEPS: usize = 30;
const DEFAULT_SEED: u64 = 42;

type Failure = Box<dyn Error>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() || arguments.iter().any(|argument| argument == "--help") {
        print!("{USAGE}");
        return;
    }
    if let Err(error) = run(&arguments) {
        eprintln!("error: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            eprintln!("  because: {cause}");
            source = cause.source();
        }
        std::process::exit(1);
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let options = Options::read(arguments)?;
    let category = match options.needed("category")? {
        "tops" => Category::Tops,
        "bottoms" => Category::Bottoms,
        "one-pieces" => Category::OnePieces,
        other => return Err(format!("`{other}` is no category").into()),
    };
    let steps = options.number("steps", DEFAULT_STEPS)?;
    let seed = options.number("seed", DEFAULT_SEED)?;
    let out = options.needed("out")?;

    let config = Config::fashn_vton_1_5();
    let person = Photo::new(&open(options.needed("person")?)?, config.canvas())?;
    let garment = Photo::new(&open(options.needed("garment")?)?, config.canvas())?;
    let pose = pose_of(&person, &options)?;
    let drawing = person.draw(&pose)?;
    let inputs = Inputs::new(&person, &drawing, &garment, Garment::FlatLay)?;

    let start = Instant::now();
    let weights = match options.get("random-weights") {
        Some(seed) => Weights::random(&config, seed.parse()?)?,
        None => Weights::open(options.needed("weights")?.as_ref())?,
    };
    let model = Model::load(Cpu::from_environment()?, config, weights)?;
    eprintln!("loaded in {:.1} s", start.elapsed().as_secs_f64());

    let noise = noise::normal(seed, inputs.noise_length())?;
    let settings = Settings::with_steps(steps);
    let start = Instant::now();
    let sampled = sample(
        &model,
        inputs.pictures(),
        category,
        &noise,
        settings,
        &mut |progress| {
            let seconds = start.elapsed().as_secs_f64();
            eprintln!(
                "step {} of {}, {seconds:.1} s",
                progress.step, progress.steps
            );
            ControlFlow::Continue(())
        },
    )?;
    save(inputs.picture(&sampled.state)?, out)
}

/// The options, each a name and a value.
struct Options(HashMap<String, String>);

impl Options {
    const NAMES: [&str; 11] = [
        "person",
        "garment",
        "category",
        "out",
        "weights",
        "random-weights",
        "detector",
        "whole-body",
        "keypoints",
        "steps",
        "seed",
    ];

    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = HashMap::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let name = argument
                .strip_prefix("--")
                .filter(|name| Self::NAMES.contains(name))
                .ok_or_else(|| format!("`{argument}` is no option; --help lists them"))?;
            let value = arguments
                .next()
                .ok_or_else(|| format!("--{name} needs a value"))?;
            options.insert(name.to_owned(), value.clone());
        }
        Ok(Self(options))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn needed(&self, name: &str) -> Result<&str, Failure> {
        self.get(name)
            .ok_or_else(|| format!("--{name} is missing; --help says what it is").into())
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T, Failure> {
        match self.get(name) {
            None => Ok(default),
            Some(value) => value
                .parse()
                .map_err(|_| format!("--{name} must be a number, not `{value}`").into()),
        }
    }
}

/// The person's pose: from a file of keypoints, or found by the two networks.
fn pose_of(person: &Photo, options: &Options) -> Result<Pose, Failure> {
    if let Some(path) = options.get("keypoints") {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{path} cannot be read: {error}"))?;
        let keypoints = Keypoints::from_json(&text)?;
        return Ok(keypoints.pose(person.original_size())?);
    }
    let detector = Path::new(options.needed("detector")?);
    let whole_body = Path::new(options.needed("whole-body")?);
    let found = PoseEstimator::open(detector, whole_body)?.estimate(person.picture())?;
    if found.persons == 0 {
        return Err("there is nobody in the person's photo".into());
    }
    Ok(found.pose)
}

/// Reads a photo and turns it upright.
fn open(path: &str) -> Result<Picture, Failure> {
    let failed = |error: image::ImageError| format!("{path} cannot be read: {error}");
    let mut decoder = ImageReader::open(path)
        .map_err(|error| format!("{path} cannot be read: {error}"))?
        .with_guessed_format()?
        .into_decoder()
        .map_err(failed)?;
    let orientation = decoder.orientation().map_err(failed)?;
    let mut photo = DynamicImage::from_decoder(decoder).map_err(failed)?;
    photo.apply_orientation(orientation);
    let photo = photo.to_rgb8();
    let size = Size::new(photo.width() as usize, photo.height() as usize);
    Ok(Picture::new(size, 3, photo.into_raw())?)
}

fn save(picture: Picture, path: &str) -> Result<(), Failure> {
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let picture = RgbImage::from_raw(width, height, picture.into_samples())
        .ok_or("the picture has another size than its samples")?;
    picture.save(path)?;
    eprintln!("{path}: {width}x{height}");
    Ok(())
}
