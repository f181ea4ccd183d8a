//! The two pose networks: reduced ones through the runtime, scripted ones through the whole way to the drawing, and wrong files.

use std::sync::Mutex;

use drape_vton::pose::{
    Estimate, EstimateError, MAX_PERSONS, Network, OnnxError, OnnxNetwork, OpenError, Part,
    PoseEstimator, RunError, Shape, Signature, SignatureError, Tensor, draw,
};
use drape_vton::preprocess::{Picture, PictureError, Size};

use super::golden::{self, Tensors};
use super::onnx;
use super::pose::{head, simcc};
use super::preprocess::made_picture;

/// A network that gives what it was told, and remembers what it was asked.
struct Scripted {
    signature: Signature,
    answers: Mutex<Vec<Result<Vec<Tensor>, RunError>>>,
}

fn shapes(shapes: &[&[usize]]) -> Vec<Option<Shape>> {
    shapes
        .iter()
        .map(|shape| Some(Shape::fixed(shape)))
        .collect()
}

fn detector_signature() -> Signature {
    Signature {
        inputs: shapes(&[&[1, 3, 640, 640]]),
        outputs: shapes(&[&[1, 8400, 85]]),
    }
}

fn whole_body_signature() -> Signature {
    Signature {
        inputs: shapes(&[&[1, 3, 384, 288]]),
        outputs: shapes(&[&[1, 133, 576], &[1, 133, 768]]),
    }
}

fn scripted(signature: Signature, answers: Vec<Vec<Vec<f32>>>) -> Box<dyn Network> {
    let tensor = |values: Vec<f32>| Tensor {
        shape: vec![values.len()],
        values,
    };
    let answer = |outputs: Vec<Vec<f32>>| Ok(outputs.into_iter().map(tensor).collect());
    Box::new(Scripted {
        signature,
        answers: Mutex::new(answers.into_iter().rev().map(answer).collect()),
    })
}

impl Network for Scripted {
    fn signature(&self) -> Signature {
        self.signature.clone()
    }

    fn run(&self, input: Tensor) -> Result<Vec<Tensor>, RunError> {
        let expected = self.signature.inputs[0].clone().unwrap();
        assert_eq!(Shape::fixed(&input.shape), expected);
        assert_eq!(input.shape.iter().product::<usize>(), input.values.len());
        let answer = self.answers.lock().unwrap().pop();
        answer.unwrap_or_else(|| Err(RunError("asked too often".to_owned())))
    }
}

/// A made-up scene of the reference: the outputs of both networks, and the size of the photo.
struct Scene {
    tensors: Tensors,
    case: &'static str,
    size: Size,
    boxes: usize,
}

impl Scene {
    fn read(case: &'static str) -> Option<Self> {
        let tensors = Tensors::read("pose.safetensors")?;
        let details = golden::json("pose.json")?;
        let number = |name: &str| details["decode"][case][name].as_u64().unwrap() as usize;
        Some(Self {
            tensors,
            case,
            size: Size::new(number("w"), number("h")),
            boxes: number("boxes"),
        })
    }

    fn joints(&self, person: usize) -> Vec<Vec<f32>> {
        let (columns, rows) = simcc(&self.tensors, self.case, person);
        vec![columns, rows]
    }

    fn assert_drawn(&self, found: &Estimate) {
        assert_eq!(found.persons, self.boxes, "{}", self.case);
        let drawn = draw(&found.pose, self.size).unwrap();
        let expected = self.tensors.u8(&format!("decode.{}.raster", self.case));
        assert_eq!(drawn.samples(), expected, "{}", self.case);
        // The keypoints that are kept say the same as the pose.
        assert_eq!(
            found.keypoints.pose(self.size).unwrap(),
            found.pose,
            "{}",
            self.case
        );
    }
}

#[test]
fn scenes_are_drawn_like_the_reference() {
    for case in ["one", "none", "two"] {
        let Some(scene) = Scene::read(case) else {
            return;
        };
        let detector = scripted(detector_signature(), vec![vec![head(&scene.tensors, case)]]);
        let answers = (0..scene.boxes.max(1))
            .map(|person| scene.joints(person))
            .collect();
        let whole_body = scripted(whole_body_signature(), answers);
        let estimator = PoseEstimator::new(detector, whole_body).unwrap();
        let photo = made_picture("scene", scene.size, 3);
        scene.assert_drawn(&estimator.estimate(&photo).unwrap());
    }
}

/// A network whose outputs are constants; only a mean of the input, times zero, is added.
fn constant_network(input: &[u64], outputs: &[(&str, &[u64], Vec<f32>)]) -> Vec<u8> {
    let mut nodes = vec![
        onnx::node("ReduceMean", &["in"], "mean"),
        onnx::node("Flatten", &["mean"], "flat"),
        onnx::node("Mul", &["flat", "zero"], "nothing"),
    ];
    let mut constants = vec![onnx::constant("zero", &[1], &[0.0])];
    let mut declared = Vec::new();
    for (name, shape, values) in outputs {
        let constant = format!("{name}.constant");
        nodes.push(onnx::node("Add", &["nothing", &constant], name));
        constants.push(onnx::constant(&constant, shape, values));
        declared.push(onnx::value(name, shape));
    }
    onnx::model(&nodes, &constants, &[onnx::value("in", input)], &declared)
}

fn detector_file(head: Vec<f32>) -> Vec<u8> {
    constant_network(&[1, 3, 640, 640], &[("output", &[1, 8400, 85], head)])
}

fn whole_body_file(columns: Vec<f32>, rows: Vec<f32>) -> Vec<u8> {
    let outputs: [(&str, &[u64], Vec<f32>); 2] = [
        ("simcc_x", &[1, 133, 576], columns),
        ("simcc_y", &[1, 133, 768], rows),
    ];
    constant_network(&[1, 3, 384, 288], &outputs)
}

#[test]
fn files_of_full_size_find_the_person_of_a_scene() {
    let Some(scene) = Scene::read("one") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let paths = ["detector.onnx", "whole_body.onnx"].map(|name| folder.path().join(name));
    let (columns, rows) = simcc(&scene.tensors, "one", 0);
    std::fs::write(&paths[0], detector_file(head(&scene.tensors, "one"))).unwrap();
    std::fs::write(&paths[1], whole_body_file(columns, rows)).unwrap();
    let estimator = PoseEstimator::open(&paths[0], &paths[1]).unwrap();
    let photo = made_picture("scene", scene.size, 3);
    let found = estimator.estimate(&photo).unwrap();
    scene.assert_drawn(&found);
    assert_eq!(estimator.estimate(&photo).unwrap(), found);

    let mixed = PoseEstimator::open(&paths[1], &paths[0]).err().unwrap();
    assert!(matches!(mixed, OpenError::Signature(_)), "{mixed}");
    let missing = PoseEstimator::open(&paths[0], &folder.path().join("none"))
        .err()
        .unwrap();
    assert!(
        matches!(missing, OpenError::File(OnnxError::Read { .. })),
        "{missing}"
    );
}

#[test]
fn the_runtime_computes_what_the_reference_computes() {
    const TOLERANCE: f64 = 2e-5;
    const RELATIVE: f64 = 1e-5;
    let Some(io) = Tensors::read("onnx_io.safetensors") else {
        return;
    };
    for (name, outputs) in [
        ("yolox_like", &["output"][..]),
        ("rtmpose_like", &["simcc_x", "simcc_y"]),
    ] {
        let network = OnnxNetwork::open(&golden::path(&format!("{name}.onnx")).unwrap()).unwrap();
        let input = format!("{name}.in");
        let shape = io.shape(&input);
        assert_eq!(
            network.signature().inputs,
            [Some(Shape::fixed(&shape))],
            "{name}"
        );
        let found = network
            .run(Tensor {
                shape,
                values: io.f32(&input),
            })
            .unwrap();
        assert_eq!(found.len(), outputs.len(), "{name}");
        for (found, output) in found.iter().zip(outputs) {
            let key = format!("{name}.out.{output}");
            assert_eq!(found.shape, io.shape(&key), "{key}");
            for (a, b) in found.values.iter().zip(io.f32(&key)) {
                let (a, b) = (f64::from(*a), f64::from(b));
                assert!(
                    (a - b).abs() <= TOLERANCE + RELATIVE * b.abs(),
                    "{key}: {a} is not {b}"
                );
            }
        }
    }
}

#[test]
fn files_that_are_no_networks_are_refused() {
    let missing = OnnxNetwork::open("no/such/file.onnx".as_ref())
        .err()
        .unwrap();
    assert!(matches!(&missing, OnnxError::Read { path, .. } if path.ends_with("file.onnx")));
    assert!(missing.to_string().contains("no/such/file.onnx"));

    let refused = |bytes: Vec<u8>| {
        let error = OnnxNetwork::load(bytes, "the file").err().unwrap();
        assert!(matches!(error, OnnxError::Load { .. }), "{error}");
        assert!(
            error.to_string().starts_with("the file is no ONNX network"),
            "{error}"
        );
    };
    for bytes in [
        &b""[..],
        b"x",
        b"<html>404</html>",
        b"\x89PNG\r\n\x1a\n",
        &[0; 4096],
        &[255; 64],
    ] {
        refused(bytes.to_vec());
    }
    let good = detector_file(vec![0.0; 8400 * 85]);
    for length in [1, 10, good.len() / 2, good.len() - 1] {
        refused(good[..length].to_vec());
    }
    // An operation that does not exist.
    let nodes = [onnx::node("Dream", &["in"], "out")];
    refused(onnx::model(
        &nodes,
        &[],
        &[onnx::value("in", &[1])],
        &[onnx::value("out", &[1])],
    ));
}

#[test]
fn a_length_of_zero_is_any_length() {
    let nodes = [onnx::node("Relu", &["in"], "out")];
    let values = ["in", "out"].map(|name| onnx::value(name, &[0, 3, 2]));
    let file = onnx::model(&nodes, &[], &values[..1], &values[1..]);
    let network = OnnxNetwork::load(file, "the file").unwrap();
    let any = Shape(vec![None, Some(3), Some(2)]);
    assert_eq!(any.to_string(), "[any, 3, 2]");
    let signature = network.signature();
    assert_eq!(signature.inputs, [Some(any.clone())]);
    assert_eq!(signature.outputs, [Some(any)]);
}

#[test]
fn damaged_files_are_refused_or_run_but_never_panic() {
    let Some(path) = golden::path("rtmpose_like.onnx") else {
        return;
    };
    let good = std::fs::read(path).unwrap();
    let mut refused = 0;
    for cut in (0..good.len()).step_by(good.len() / 97) {
        refused += usize::from(OnnxNetwork::load(good[..cut].to_vec(), "cut").is_err());
    }
    assert!(refused > 90, "{refused}");
    for at in (0..good.len()).step_by(good.len() / 211) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        if let Ok(network) = OnnxNetwork::load(bytes, "damaged") {
            let values = vec![0.5; 3 * 96 * 64];
            drop(network.run(Tensor {
                shape: vec![1, 3, 96, 64],
                values,
            }));
        }
    }
}

#[test]
fn networks_of_another_kind_are_refused() {
    let refused = |detector: Signature, whole_body: Signature| {
        PoseEstimator::new(
            scripted(detector, Vec::new()),
            scripted(whole_body, Vec::new()),
        )
        .err()
        .unwrap()
    };
    let (detector, whole_body) = (detector_signature(), whole_body_signature());
    // The two files mixed up.
    let mixed = refused(whole_body.clone(), detector.clone());
    assert_eq!(
        mixed,
        SignatureError::Outputs {
            part: Part::Detector,
            expected: 1,
            found: 2
        }
    );
    assert_eq!(
        mixed.to_string(),
        "the person detector has 2 outputs instead of 1"
    );
    assert_eq!(
        refused(detector.clone(), detector.clone()),
        SignatureError::Outputs {
            part: Part::WholeBody,
            expected: 2,
            found: 1
        }
    );
    let mut two = detector.clone();
    two.inputs.push(None);
    assert_eq!(
        refused(two, whole_body.clone()),
        SignatureError::Inputs {
            part: Part::Detector,
            found: 2
        }
    );
    let mut small = detector.clone();
    small.inputs = shapes(&[&[1, 3, 416, 416]]);
    assert_eq!(
        refused(small, whole_body.clone()).to_string(),
        "the person detector: the input has the shape [1, 3, 416, 416] instead of [1, 3, 640, 640]"
    );
    let mut body_only = whole_body.clone();
    body_only.outputs = shapes(&[&[1, 17, 576], &[1, 17, 768]]);
    let found = refused(detector.clone(), body_only);
    assert!(
        matches!(&found, SignatureError::Shape { what, .. } if what == "output 1"),
        "{found}"
    );
    let mut flat = whole_body.clone();
    flat.outputs[1] = Some(Shape::fixed(&[133, 768]));
    let found = refused(detector.clone(), flat);
    assert!(
        matches!(&found, SignatureError::Shape { what, .. } if what == "output 2"),
        "{found}"
    );

    // What a network does not say may be anything.
    let silent = Signature {
        inputs: vec![Some(Shape(vec![None, Some(3), Some(384), Some(288)]))],
        outputs: vec![None, Some(Shape(vec![None, Some(133), None]))],
    };
    let estimator =
        PoseEstimator::new(scripted(detector, Vec::new()), scripted(silent, Vec::new()));
    assert!(estimator.is_ok());
}

#[test]
fn reduced_networks_are_told_from_the_real_ones() {
    let (Some(yolox), Some(rtmpose)) = (
        golden::path("yolox_like.onnx"),
        golden::path("rtmpose_like.onnx"),
    ) else {
        return;
    };
    let open = |path: &std::path::Path| Box::new(OnnxNetwork::open(path).unwrap());
    let refused = PoseEstimator::new(open(&yolox), open(&rtmpose))
        .err()
        .unwrap();
    assert!(
        matches!(
            refused,
            SignatureError::Shape {
                part: Part::Detector,
                ..
            }
        ),
        "{refused}"
    );
    let refused = PoseEstimator::new(open(&rtmpose), open(&rtmpose))
        .err()
        .unwrap();
    assert!(
        matches!(
            refused,
            SignatureError::Outputs {
                part: Part::Detector,
                ..
            }
        ),
        "{refused}"
    );
}

#[test]
fn failures_of_a_network_are_told() {
    let photo = made_picture("scene", Size::new(40, 60), 3);
    let empty_head = vec![vec![0.0; 8400 * 85]];
    let estimate = |detector: Vec<Vec<Vec<f32>>>, whole_body: Vec<Vec<Vec<f32>>>| {
        let detector = scripted(detector_signature(), detector);
        let whole_body = scripted(whole_body_signature(), whole_body);
        PoseEstimator::new(detector, whole_body)
            .unwrap()
            .estimate(&photo)
    };
    assert!(matches!(
        estimate(Vec::new(), Vec::new()),
        Err(EstimateError::Run {
            part: Part::Detector,
            ..
        })
    ));
    assert!(matches!(
        estimate(vec![empty_head.clone()], Vec::new()),
        Err(EstimateError::Run {
            part: Part::WholeBody,
            ..
        })
    ));
    assert!(matches!(
        estimate(vec![vec![vec![0.0; 9]]], Vec::new()),
        Err(EstimateError::Decode(_))
    ));
    assert!(matches!(
        estimate(vec![empty_head], vec![vec![vec![0.0; 9]]]),
        Err(EstimateError::Outputs {
            part: Part::WholeBody,
            expected: 2,
            found: 1
        })
    ));
}

#[test]
fn a_photo_of_nobody_says_so_and_a_crowd_is_limited() {
    let photo = made_picture("scene", Size::new(640, 640), 3);
    let unsure = || vec![vec![0.0; 133 * 576], vec![0.0; 133 * 768]];
    let estimate = |head: Vec<f32>, runs: usize| {
        let detector = scripted(detector_signature(), vec![vec![head]]);
        let answers = (0..runs).map(|_| unsure()).collect();
        let estimator = PoseEstimator::new(detector, scripted(whole_body_signature(), answers));
        estimator.unwrap().estimate(&photo).unwrap()
    };
    let nobody = estimate(vec![0.0; 8400 * 85], 1);
    assert_eq!(nobody.persons, 0);
    assert!(nobody.pose.body.iter().all(Option::is_none));

    // One person in every second cell of the finest grid's first rows.
    let mut head = vec![0.0; 8400 * 85];
    let crowd = 30;
    for person in 0..crowd {
        let row = &mut head[person * 2 * 85..][..85];
        row[4] = 0.9;
        row[5] = 0.9;
    }
    let found = estimate(head, MAX_PERSONS);
    assert_eq!(found.persons, crowd);
}

#[test]
fn photos_that_cannot_be_used_are_refused() {
    let estimator = PoseEstimator::new(
        scripted(detector_signature(), Vec::new()),
        scripted(whole_body_signature(), Vec::new()),
    )
    .unwrap();
    for channels in [1, 4] {
        let photo = Picture::filled(Size::new(40, 60), channels, 7).unwrap();
        assert!(
            matches!(
                estimator.estimate(&photo),
                Err(EstimateError::Picture(PictureError::WrongChannels { .. }))
            ),
            "{channels}"
        );
    }
    let sliver = Picture::filled(Size::new(5000, 1), 3, 7).unwrap();
    assert!(matches!(
        estimator.estimate(&sliver),
        Err(EstimateError::Picture(_))
    ));
}
