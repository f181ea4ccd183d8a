//! The neural engine on a tiny network with made-up weights, and with poses that a test says.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use drape_core::engine::{
    Category, Engine, EngineError, EngineErrorKind, EngineInput, Listener, Steps,
};
use drape_engines::{
    FashnVton, FashnVtonOptions,
    fashn_vton::{Networks, Open, Preset},
};
use drape_imaging::{Limits, decode};
use drape_preview::synthetic::GarmentKind;
use drape_testkit::conformance::engines::{file, garment, run_all};
use drape_vton::{
    backend::cpu::Cpu,
    config::Config,
    model::Model,
    pose::{Network, PoseEstimator, RunError, Shape, Signature, Tensor},
    weights::Weights,
};

use crate::drawn::{drawn_garment, input};

/// Cells and values of the detector's output.
const CELLS: usize = 8_400;
const CELL_VALUES: usize = 85;
/// Joints, columns and rows of the whole-body network's output.
const JOINTS: usize = 133;
const COLUMNS: usize = 576;
const ROWS: usize = 768;

/// Finds so many people in every picture.
struct Detector(usize);

impl Network for Detector {
    fn signature(&self) -> Signature {
        signature(&[1, 3, 640, 640], &[&[1, CELLS, CELL_VALUES]])
    }

    fn run(&self, _: Tensor) -> Result<Vec<Tensor>, RunError> {
        let mut values = vec![0.0; CELLS * CELL_VALUES];
        for cell in values.chunks_exact_mut(CELL_VALUES).take(self.0) {
            // About 400 pixels wide and high, certain, a person.
            cell[..6].copy_from_slice(&[20.0, 20.0, 4.0, 4.0, 1.0, 1.0]);
        }
        Ok(vec![tensor(&[1, CELLS, CELL_VALUES], values)])
    }
}

/// Finds every joint somewhere inside.
struct WholeBody;

impl Network for WholeBody {
    fn signature(&self) -> Signature {
        signature(
            &[1, 3, 384, 288],
            &[&[1, JOINTS, COLUMNS], &[1, JOINTS, ROWS]],
        )
    }

    fn run(&self, _: Tensor) -> Result<Vec<Tensor>, RunError> {
        let scores = |length: usize| {
            let mut values = vec![0.0; JOINTS * length];
            for (joint, line) in values.chunks_exact_mut(length).enumerate() {
                line[length / 4 + (joint * 37) % (length / 2)] = 0.9;
            }
            tensor(&[1, JOINTS, length], values)
        };
        Ok(vec![scores(COLUMNS), scores(ROWS)])
    }
}

fn tensor(shape: &[usize], values: Vec<f32>) -> Tensor {
    Tensor {
        shape: shape.to_vec(),
        values,
    }
}

fn signature(input: &[usize], outputs: &[&[usize]]) -> Signature {
    Signature {
        inputs: vec![Some(Shape::fixed(input))],
        outputs: outputs
            .iter()
            .map(|shape| Some(Shape::fixed(shape)))
            .collect(),
    }
}

/// Tiny networks that find so many people.
fn networks(people: usize) -> Networks {
    let config = Config::tiny_square();
    let weights = Weights::random(&config, 7).unwrap();
    Networks {
        model: Model::load(Cpu::from_environment().unwrap(), config, weights).unwrap(),
        poses: PoseEstimator::new(Box::new(Detector(people)), Box::new(WholeBody)).unwrap(),
    }
}

fn engine_with(options: FashnVtonOptions, open: Open) -> FashnVton {
    FashnVton::with_networks(options, open, Box::new(|| Ok(()))).unwrap()
}

fn engine() -> FashnVton {
    engine_with(FashnVtonOptions::default(), Box::new(|| Ok(networks(1))))
}

/// A drawn person and a shirt that nobody wears.
fn good() -> EngineInput {
    let mut shirt = drawn_garment(GarmentKind::Tee);
    shirt.is_worn = Some(false);
    let mut good = input(vec![shirt]);
    good.items[0].title = Some("Linen shirt".to_owned());
    good
}

async fn refusal(engine: &FashnVton, input: EngineInput) -> EngineError {
    engine.generate(input).await.unwrap_err()
}

#[tokio::test]
async fn it_passes_the_suite_of_the_port() {
    let options = FashnVtonOptions {
        max_waiting: 8,
        ..FashnVtonOptions::default()
    };
    let engine = engine_with(options, Box::new(|| Ok(networks(1))));
    run_all(Arc::new(engine), good()).await;
}

#[tokio::test]
async fn the_seed_decides_and_nothing_else() {
    let made = async |engine: &FashnVton, seed: Option<u64>| {
        let input = EngineInput { seed, ..good() };
        engine.generate(input).await.unwrap().jpeg
    };
    let engine = engine();
    let first = made(&engine, Some(1)).await;
    assert_eq!(made(&engine, Some(1)).await, first);
    assert_ne!(made(&engine, Some(2)).await, first);
    assert_eq!(made(&engine, None).await, made(&engine, Some(42)).await);
    let options = FashnVtonOptions {
        seed: Some(1),
        threads: 1,
        ..FashnVtonOptions::default()
    };
    let fixed = engine_with(options, Box::new(|| Ok(networks(1))));
    assert_eq!(made(&fixed, Some(2)).await, first, "the setting wins");
}

#[tokio::test]
async fn every_step_is_told() {
    for preset in Preset::ALL {
        let options = FashnVtonOptions {
            preset,
            ..FashnVtonOptions::default()
        };
        let engine = engine_with(options, Box::new(|| Ok(networks(1))));
        let told: Arc<Mutex<Vec<Steps>>> = Arc::default();
        let hears = Arc::clone(&told);
        let input = EngineInput {
            progress: Listener::new(move |steps| hears.lock().unwrap().push(steps)),
            ..good()
        };
        let output = engine.generate(input).await.unwrap();
        let picture = decode(&output.jpeg, &Limits::default()).unwrap();
        assert_eq!(
            (picture.width(), picture.height()),
            (output.width, output.height)
        );
        let total = preset.sampling().steps as u32;
        let expected: Vec<_> = (0..=total).map(|done| Steps { done, total }).collect();
        assert_eq!(*told.lock().unwrap(), expected);
    }
}

/// An input whose work stands still after a step until the test goes on: what was told, and the way to go on.
fn held_at(
    step: u32,
) -> (
    EngineInput,
    tokio::sync::oneshot::Receiver<()>,
    mpsc::Sender<()>,
    Arc<AtomicUsize>,
) {
    let (reached, is_reached) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let count = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&count);
    let state = Mutex::new((Some(reached), may_go_on));
    let hear = move |steps: Steps| {
        told.fetch_add(1, Ordering::SeqCst);
        if steps.done == step {
            let mut state = state.lock().unwrap();
            if let Some(reached) = state.0.take() {
                let _ = reached.send(());
            }
            // Ends also when the test has gone.
            let _ = state.1.recv();
        }
    };
    let input = EngineInput {
        progress: Listener::new(hear),
        ..good()
    };
    (input, is_reached, go_on, count)
}

#[tokio::test]
async fn abandoned_work_stops_after_its_step() {
    let engine = engine();
    let (input, is_reached, go_on, count) = held_at(3);
    tokio::select! {
        _ = engine.generate(input) => panic!("it cannot end"),
        reached = is_reached => reached.unwrap(),
    }
    go_on.send(()).unwrap();
    // The next picture is made after it, by the same networks.
    engine.generate(good()).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 4, "steps 0 to 3");
}

#[tokio::test]
async fn as_many_wait_as_may_and_no_more() {
    let engine = engine();
    let (input, is_reached, go_on, _) = held_at(1);
    let mut first = engine.generate(input);
    tokio::select! {
        _ = &mut first => panic!("it cannot end"),
        reached = is_reached => reached.unwrap(),
    }
    let mut second = engine.generate(good());
    tokio::select! {
        biased;
        _ = &mut second => panic!("the first one is still being made"),
        () = std::future::ready(()) => {}
    }
    let refused = refusal(&engine, good()).await;
    assert_eq!(refused.kind, EngineErrorKind::RateLimited);
    assert!(refused.retryable);
    go_on.send(()).unwrap();
    first.await.unwrap();
    second.await.unwrap();
}

#[tokio::test]
async fn being_asked_while_it_works_takes_no_place_of_a_picture() {
    let engine = engine();
    let (input, is_reached, go_on, _) = held_at(1);
    let mut first = engine.generate(input);
    tokio::select! {
        _ = &mut first => panic!("it cannot end"),
        reached = is_reached => reached.unwrap(),
    }
    // The first picture has not told yet how fast the networks are.
    for _ in 0..4 {
        engine.can_take(&good()).await.unwrap_err();
    }
    go_on.send(()).unwrap();
    let (first, second) = tokio::join!(first, engine.generate(good()));
    first.unwrap();
    second.unwrap();
    engine.can_take(&good()).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_words() {
    let engine = engine();
    let titled = |title: Option<&str>| {
        let mut input = good();
        input.items[0].title = title.map(str::to_owned);
        input
    };
    let unknown = refusal(&engine, titled(None)).await;
    assert_eq!(unknown.kind, EngineErrorKind::CategoryUnsupported);
    assert!(
        unknown.message.contains("classifications.category"),
        "{unknown}"
    );
    let shoes = refusal(&engine, titled(Some("Running shoes"))).await;
    assert_eq!(shoes.kind, EngineErrorKind::CategoryUnsupported);
    assert!(shoes.message.contains("fashn-vton"), "{shoes}");
    let mut told = titled(None);
    told.items[0].pictures[0].category = Some(Category::Bottom);
    engine.generate(told).await.unwrap();

    let mut worn = good();
    worn.items[0].pictures[0].is_worn = None;
    let worn = refusal(&engine, worn).await;
    assert_eq!(worn.kind, EngineErrorKind::GarmentUnusable, "{worn}");
    assert!(worn.message.contains("Somebody wears"), "{worn}");

    let blind = engine_with(FashnVtonOptions::default(), Box::new(|| Ok(networks(0))));
    let nobody = refusal(&blind, good()).await;
    assert_eq!(nobody.kind, EngineErrorKind::NoPerson);
    let broken = EngineInput {
        person: file(b"no picture".to_vec()),
        ..good()
    };
    assert_eq!(
        refusal(&engine, broken).await.kind,
        EngineErrorKind::BadInput
    );
}

/// Real photos of people as product photos, where there are any: drawn people are no models.
#[tokio::test]
async fn garments_are_taken_off_the_models_who_wear_them_or_refused_with_a_reason() {
    let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/photos/people");
    if !std::path::Path::new(photos).exists() {
        println!("skipped: there is no {photos}");
        return;
    }
    let engine = engine();
    let mut taken = 0;
    for name in ["model_1", "model_3", "01861_00", "05997_00", "seated_hat"] {
        let bytes = std::fs::read(format!("{photos}/{name}.jpg")).unwrap();
        let mut worn = good();
        // The detector finds somebody in every picture, so it need not be told.
        worn.items[0].pictures = vec![garment(bytes)];
        match engine.generate(worn).await {
            Ok(_) => taken += 1,
            Err(error) => {
                assert_eq!(
                    error.kind,
                    EngineErrorKind::GarmentUnusable,
                    "{name}: {error}"
                );
                assert!(error.message.contains("Somebody wears"), "{name}: {error}");
                println!("{name}: {error}");
            }
        }
    }
    assert!(taken > 0, "not one of them");
}

#[tokio::test]
async fn a_later_picture_of_the_product_may_do() {
    let mut input = good();
    let shirt = input.items[0].pictures[0].clone();
    let mut broken = shirt.clone();
    broken.file = file(b"no picture".to_vec());
    input.items[0].pictures = vec![broken, shirt];
    engine().generate(input).await.unwrap();
}

#[tokio::test]
async fn without_model_files_it_says_how_to_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let options = FashnVtonOptions {
        data_dir: folder.path().to_owned(),
        ..FashnVtonOptions::default()
    };
    let engine = FashnVton::new(options).unwrap();
    for error in [
        engine.check().await.unwrap_err(),
        engine.can_take(&good()).await.unwrap_err(),
        refusal(&engine, good()).await,
    ] {
        assert_eq!(error.kind, EngineErrorKind::Unavailable);
        assert!(error.message.contains("drape models pull"), "{error}");
    }
}

#[tokio::test]
async fn networks_that_fail_to_open_are_opened_again() {
    let tries = AtomicUsize::new(0);
    let open = move || match tries.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("a bug while opening"),
        1 => Err(EngineError::new(EngineErrorKind::Unavailable, "damaged")),
        _ => Ok(networks(1)),
    };
    let engine = engine_with(FashnVtonOptions::default(), Box::new(open));
    let bug = refusal(&engine, good()).await;
    assert_eq!(bug.kind, EngineErrorKind::ProviderError);
    assert!(!bug.message.contains("bug"), "{bug}");
    let damaged = refusal(&engine, good()).await;
    assert_eq!(damaged.kind, EngineErrorKind::Unavailable);
    engine.generate(good()).await.unwrap();
}

#[tokio::test]
async fn it_knows_whether_it_will_be_in_time() {
    let engine = engine();
    let not_yet = engine.can_take(&good()).await.unwrap_err();
    assert_eq!(not_yet.kind, EngineErrorKind::Unavailable);
    // Being asked opened the networks.
    let mut waited = 0;
    while engine.can_take(&good()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waited += 1;
        assert!(waited < 3_000, "the networks are never open");
    }
    let hurried = EngineInput {
        time_limit: Duration::from_micros(1),
        ..good()
    };
    let late = engine.can_take(&hurried).await.unwrap_err();
    assert_eq!(late.kind, EngineErrorKind::Timeout);
    assert!(late.message.contains("would need about"), "{late}");
}
