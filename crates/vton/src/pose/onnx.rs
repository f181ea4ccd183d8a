//! Networks from ONNX files, run by the crate `rten`: pure Rust, no library beside the binary.

mod frame;

use std::path::{Path, PathBuf};

use rten::{DataType, Dimension, Model, NodeId, Value, ValueOrView, ValueType};
use thiserror::Error;

use super::estimator::{PoseEstimator, SignatureError};
use super::network::{Network, RunError, Shape, Signature, Tensor};

/// Why a file is no network that can be run.
#[derive(Debug, Error)]
pub enum OnnxError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No ONNX, cut off, or with an operation that is not known.
    #[error("{what} is no ONNX network that can be run: {reason}")]
    Load {
        /// The file.
        what: String,
        /// What the loader says.
        reason: String,
    },
    /// An input or output holds something else than f32.
    #[error("{what}: `{name}` holds {found} instead of f32")]
    Type {
        /// The file.
        what: String,
        /// The input or output.
        name: String,
        /// What it holds.
        found: String,
    },
}

/// Why two files make no estimator.
#[derive(Debug, Error)]
pub enum OpenError {
    /// One of them is no network.
    #[error(transparent)]
    File(#[from] OnnxError),
    /// One of them is a network of another kind.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl PoseEstimator {
    /// Opens the two files of `DWPose`: `yolox_l.onnx` and `dw-ll_ucoco_384.onnx`, or others with the same inputs and outputs.
    ///
    /// Both stay in memory, together about 350 MB; while a file is opened, it is there twice. Fails where one is missing, damaged or of another kind.
    pub fn open(detector: &Path, whole_body: &Path) -> Result<Self, OpenError> {
        let detector = OnnxNetwork::open(detector)?;
        let whole_body = OnnxNetwork::open(whole_body)?;
        Ok(Self::new(Box::new(detector), Box::new(whole_body))?)
    }
}

/// A network from an ONNX file.
pub struct OnnxNetwork {
    model: Model,
    signature: Signature,
}

impl OnnxNetwork {
    /// Reads a file. Weights in other files beside it are not followed.
    pub fn open(path: &Path) -> Result<Self, OnnxError> {
        let bytes = std::fs::read(path).map_err(|source| OnnxError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::load(bytes, &path.display().to_string())
    }

    /// Takes the content of a file; `what` names it in messages.
    pub fn load(bytes: Vec<u8>, what: &str) -> Result<Self, OnnxError> {
        let refused = |reason: &dyn std::fmt::Display| OnnxError::Load {
            what: what.to_owned(),
            reason: reason.to_string(),
        };
        frame::check(&bytes).map_err(|error| refused(&error))?;
        let model = Model::load(bytes).map_err(|error| refused(&error))?;
        let shapes = |ids: &[NodeId]| -> Result<Vec<Option<Shape>>, OnnxError> {
            ids.iter()
                .map(|&id| declared_shape(&model, id, what))
                .collect()
        };
        let signature = Signature {
            inputs: shapes(model.input_ids())?,
            outputs: shapes(model.output_ids())?,
        };
        Ok(Self { model, signature })
    }
}

/// Shape of an input or output, which must hold f32 where it says what it holds.
fn declared_shape(model: &Model, id: NodeId, what: &str) -> Result<Option<Shape>, OnnxError> {
    let Some(node) = model.node_info(id) else {
        return Ok(None);
    };
    match node.dtype() {
        None | Some(ValueType::Tensor(DataType::Float)) => {}
        Some(other) => {
            return Err(OnnxError::Type {
                what: what.to_owned(),
                name: node.name().unwrap_or("?").to_owned(),
                found: other.to_string(),
            });
        }
    }
    // Some exporters write 0 for a length that they do not know.
    let length = |dimension: &Dimension| match dimension {
        Dimension::Fixed(0) | Dimension::Symbolic(_) => None,
        Dimension::Fixed(length) => Some(*length),
    };
    Ok(node
        .shape()
        .map(|shape| Shape(shape.iter().map(length).collect())))
}

impl Network for OnnxNetwork {
    fn signature(&self) -> Signature {
        self.signature.clone()
    }

    fn run(&self, input: Tensor) -> Result<Vec<Tensor>, RunError> {
        let failed = |reason: &dyn std::fmt::Display| RunError(reason.to_string());
        let &[id] = self.model.input_ids() else {
            return Err(RunError(format!(
                "it has {} inputs instead of one",
                self.model.input_ids().len()
            )));
        };
        let value = Value::from_shape(input.shape.as_slice(), input.values)
            .map_err(|error| failed(&error))?;
        let outputs = self
            .model
            .run(
                vec![(id, ValueOrView::from(value))],
                self.model.output_ids(),
                None,
            )
            .map_err(|error| failed(&error))?;
        outputs.into_iter().map(tensor).collect()
    }
}

fn tensor(value: Value) -> Result<Tensor, RunError> {
    use rten_tensor::prelude::*;
    let found = value.dtype();
    let Some(tensor) = value.into_tensor::<f32>() else {
        return Err(RunError(format!("an output holds {found} instead of f32")));
    };
    Ok(Tensor {
        shape: tensor.shape().to_vec(),
        values: tensor.into_data(),
    })
}
