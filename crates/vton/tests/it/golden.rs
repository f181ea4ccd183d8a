//! Reads the reference numbers that lie beside the repository, and compares with them.

use std::collections::HashMap;
use std::path::PathBuf;

use drape_vton::weights::Weights;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Greatest difference of a number of the network, and of a whole tensor relative to its length.
pub(crate) const NETWORK_MAX_ABS: f64 = 2e-5;
pub(crate) const NETWORK_RELATIVE: f64 = 1e-5;

/// Path of a reference file, or nothing (with a line that says so) when it is not there.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vton/golden"
    ))
    .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {}", path.display());
    None
}

/// Reads a JSON reference file.
pub(crate) fn json(name: &str) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(path(name)?).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// Tensors of a reference file.
pub(crate) struct Tensors {
    bytes: Vec<u8>,
}

impl Tensors {
    pub(crate) fn read(name: &str) -> Option<Self> {
        Some(Self {
            bytes: std::fs::read(path(name)?).unwrap(),
        })
    }

    pub(crate) fn file(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).unwrap()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.file().names().into_iter().map(str::to_owned).collect();
        names.sort();
        names
    }

    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        self.file().tensor(name).unwrap().shape().to_vec()
    }

    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        let file = self.file();
        let tensor = file
            .tensor(name)
            .unwrap_or_else(|_| panic!("no tensor {name}"));
        assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
        tensor
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    pub(crate) fn i32(&self, name: &str) -> Vec<i32> {
        let file = self.file();
        let tensor = file.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::I32, "{name}");
        tensor
            .data()
            .chunks_exact(4)
            .map(|b| i32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    pub(crate) fn f64(&self, name: &str) -> Vec<f64> {
        let file = self.file();
        let tensor = file.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::F64, "{name}");
        let (numbers, _) = tensor.data().as_chunks();
        numbers
            .iter()
            .map(|bytes| f64::from_le_bytes(*bytes))
            .collect()
    }

    pub(crate) fn u8(&self, name: &str) -> Vec<u8> {
        self.file().tensor(name).unwrap().data().to_vec()
    }

    /// The weights of a tiny network as a file of their own: the tensors `w.*` without that prefix.
    pub(crate) fn weights_file(&self) -> Vec<u8> {
        let file = self.file();
        let tensors: Vec<(String, TensorView<'_>)> = file
            .names()
            .into_iter()
            .filter_map(|name| {
                Some((
                    name.strip_prefix("w.")?.to_owned(),
                    file.tensor(name).unwrap(),
                ))
            })
            .collect();
        safetensors::serialize(tensors, None).unwrap()
    }

    pub(crate) fn weights(&self) -> Weights {
        Weights::from_bytes(self.weights_file()).unwrap()
    }
}

/// Makes a weights file of f32 tensors.
pub(crate) fn f32_file(tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let bytes: HashMap<&str, Vec<u8>> = tensors
        .iter()
        .map(|(name, _, values)| {
            (
                name.as_str(),
                values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            )
        })
        .collect();
    let views: Vec<(&str, TensorView<'_>)> = tensors
        .iter()
        .map(|(name, shape, _)| {
            (
                name.as_str(),
                TensorView::new(Dtype::F32, shape.clone(), &bytes[name.as_str()]).unwrap(),
            )
        })
        .collect();
    safetensors::serialize(views, None).unwrap()
}

/// Greatest difference, and length of the difference relative to the length of `expected`.
pub(crate) fn difference(found: &[f32], expected: &[f32]) -> (f64, f64) {
    assert_eq!(found.len(), expected.len());
    let (mut largest, mut squares, mut length) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (a, b) in found.iter().zip(expected) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        assert!(a.is_finite() == b.is_finite(), "{a} against {b}");
        largest = largest.max((a - b).abs());
        squares += (a - b).powi(2);
        length += b * b;
    }
    (
        largest,
        if length > 0.0 {
            (squares / length).sqrt()
        } else {
            squares.sqrt()
        },
    )
}

/// Asserts that values agree within both tolerances of the network.
pub(crate) fn assert_network(what: &str, found: &[f32], expected: &[f32]) {
    let (largest, relative) = difference(found, expected);
    assert!(
        largest <= NETWORK_MAX_ABS && relative <= NETWORK_RELATIVE,
        "{what}: max abs {largest:e}, relative {relative:e}"
    );
}

/// Asserts that no value differs by more than `tolerance`.
pub(crate) fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f64) {
    let (largest, _) = difference(found, expected);
    assert!(largest <= tolerance, "{what}: max abs {largest:e}");
}
