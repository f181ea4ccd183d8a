//! The weights: named tensors of a file in the safetensors format, read through a memory map, or made from a seed.
//!
//! A file is opened in two steps, so that each failure can be told apart. [`Weights::open`] reads the header and sees that every tensor lies
//! wholly inside the file; [`Weights::check`] compares the names, shapes and number types with those that a [`Config`] asks for.
//! Numbers stay in the file in their own type (bf16 in the released one) until a layer is built from them. [`Weights::random`] has no file:
//! its numbers are made when they are read, and take no memory.

pub mod layout;
mod random;
pub mod stream;
pub mod tensor;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::tensor::Metadata;
use thiserror::Error;

use crate::config::{Config, ConfigError};
use random::Recipe;
use tensor::{FloatKind, MatrixView, Numbers};

/// Says what is wrong with a weights file, and with which tensor.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file could not be opened or mapped.
    #[error("cannot read the weights file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The beginning of the file is not a safetensors header.
    #[error("the file has no readable safetensors header: {0}")]
    Header(String),
    /// The file ends before a tensor does.
    #[error("the file is cut off: tensor `{name}` ends at byte {needed}, the file at byte {found}")]
    Truncated {
        /// The first tensor that is not whole.
        name: String,
        /// Bytes that the file would need for it.
        needed: usize,
        /// Bytes that the file has.
        found: usize,
    },
    /// The file goes on after its last tensor.
    #[error("{0} bytes follow after the last tensor")]
    Surplus(usize),
    /// A tensor of the network is not in the file.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// The file has a tensor that the network does not know.
    #[error("tensor `{0}` does not belong to the network")]
    Extra(String),
    /// A tensor has another shape than the network asks for.
    #[error("tensor `{name}` has the shape {found:?}, not {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Shape that the network asks for.
        expected: Vec<usize>,
        /// Shape in the file.
        found: Vec<usize>,
    },
    /// A tensor is not made of bf16, f16 or f32 numbers.
    #[error("tensor `{name}` has the number type {found}; bf16, f16 and f32 can be read")]
    Type {
        /// The tensor.
        name: String,
        /// Type in the file.
        found: String,
    },
    /// The sizes of the network contradict each other.
    #[error("the sizes of the network do not fit")]
    Config(#[from] ConfigError),
}

enum Storage {
    Mapped(Mmap),
    Owned(Vec<u8>),
    /// Every tensor is made from its recipe.
    Nothing,
}

impl Storage {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
            Self::Nothing => &[],
        }
    }
}

struct Entry {
    shape: Vec<usize>,
    origin: Origin,
}

/// Where the numbers of a tensor come from.
enum Origin {
    /// Bytes of the file, in a type that can be read or in one that has a name only.
    File {
        kind: Result<FloatKind, String>,
        bytes: Range<usize>,
    },
    Made(Recipe),
}

/// Named tensors.
pub struct Weights {
    storage: Storage,
    entries: HashMap<String, Entry>,
}

impl Weights {
    /// Opens a file without reading its numbers. Errors: no such file, no header, cut off.
    ///
    /// The file must not be changed while it is open; replace it by renaming a new one over it.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let failed = |source| WeightsError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        #[expect(
            unsafe_code,
            reason = "a memory map reads two gigabytes without copying them"
        )]
        // SAFETY: the map is read-only and private to this value. Its bytes are only ever read as plain numbers, for which every bit pattern
        // is valid. Another process that shortens the file meanwhile breaks the contract in the documentation above.
        let map = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Self::parse(Storage::Mapped(map))
    }

    /// Takes the content of a weights file from memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, WeightsError> {
        Self::parse(Storage::Owned(bytes))
    }

    /// Makes up all tensors of a network, in bf16; the same seed gives the same numbers everywhere.
    ///
    /// For benchmarks and tests: a pass through such a network costs what one through a trained network costs, and its activations stay
    /// finite, but its pictures are noise. Fails when the sizes of the network contradict each other.
    pub fn random(config: &Config, seed: u64) -> Result<Self, WeightsError> {
        config.validate()?;
        let entries = layout::tensors(config).into_iter().map(|tensor| {
            let origin = Origin::Made(Recipe::of(&tensor, seed));
            let shape = tensor.shape;
            (tensor.name, Entry { shape, origin })
        });
        Ok(Self {
            entries: entries.collect(),
            storage: Storage::Nothing,
        })
    }

    fn parse(storage: Storage) -> Result<Self, WeightsError> {
        let bytes = storage.bytes();
        let (metadata, start) = read_header(bytes)?;
        let found = bytes.len();
        let mut entries = HashMap::new();
        // The names come in the order of their bytes, so the first one that is cut off is the one to name.
        for name in metadata.offset_keys() {
            let Some(info) = metadata.info(&name) else {
                continue;
            };
            let bytes = start + info.data_offsets.0..start + info.data_offsets.1;
            if bytes.end > found {
                return Err(WeightsError::Truncated {
                    name,
                    needed: bytes.end,
                    found,
                });
            }
            let kind = FloatKind::of(info.dtype).ok_or_else(|| format!("{:?}", info.dtype));
            entries.insert(
                name,
                Entry {
                    shape: info.shape.clone(),
                    origin: Origin::File { kind, bytes },
                },
            );
        }
        let end = start + metadata.data_len();
        if found > end {
            return Err(WeightsError::Surplus(found - end));
        }
        Ok(Self { storage, entries })
    }

    /// Compares the file with the tensors that a network asks for; extra tensors are refused, too.
    pub fn check(&self, config: &Config) -> Result<(), WeightsError> {
        config.validate()?;
        let expected = layout::tensors(config);
        for tensor in &expected {
            match self.entries.get(&tensor.name) {
                Some(_) => {
                    self.find(&tensor.name, &tensor.shape)?;
                }
                None if tensor.optional => {}
                None => return Err(WeightsError::Missing(tensor.name.clone())),
            }
        }
        let mut extra: Vec<&String> = self
            .entries
            .keys()
            .filter(|name| expected.iter().all(|tensor| tensor.name != **name))
            .collect();
        extra.sort();
        match extra.first() {
            Some(name) => Err(WeightsError::Extra((*name).clone())),
            None => Ok(()),
        }
    }

    /// Lets the system take back the memory of what was read so far; a later read fetches it from the file again.
    ///
    /// Pages of a map count as memory of the process. Without this the weights would count twice, in the file and packed.
    pub fn release(&self) {
        #[cfg(unix)]
        if let Storage::Mapped(map) = &self.storage {
            #[expect(unsafe_code, reason = "the system has no other way to be told")]
            // SAFETY: the advice is dangerous for maps that were written to, because it throws changes away. This one is read-only and backed by
            // a file, so a page that is dropped is read again with the same content.
            let advised = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            // Only advice: a system that does not take it merely uses more memory.
            drop(advised);
        }
    }

    /// Gives a matrix [`rows`, `columns`]; a tensor with more axes counts as one when its other axes multiply to `columns`.
    pub fn matrix(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<MatrixView<'_>, WeightsError> {
        let (shape, numbers) = self.tensor(name)?;
        let fits =
            shape.first() == Some(&rows) && shape.iter().skip(1).product::<usize>() == columns;
        if !fits {
            return Err(shape_error(name, &[rows, columns], shape));
        }
        Ok(MatrixView {
            numbers,
            rows,
            columns,
        })
    }

    /// Gives a vector as f32 numbers.
    pub fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, WeightsError> {
        let view = self.find(name, &[length])?;
        let mut values = vec![0.0; length];
        view.read_row(0, &mut values);
        Ok(values)
    }

    /// Finds a tensor of an exact shape and shows all of it as one row.
    fn find(&self, name: &str, shape: &[usize]) -> Result<MatrixView<'_>, WeightsError> {
        let (found, numbers) = self.tensor(name)?;
        if found != shape {
            return Err(shape_error(name, shape, found));
        }
        let columns = shape.iter().product();
        Ok(MatrixView {
            numbers,
            rows: 1,
            columns,
        })
    }

    /// Gives the shape and the numbers of a tensor.
    fn tensor(&self, name: &str) -> Result<(&[usize], Numbers<'_>), WeightsError> {
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| WeightsError::Missing(name.to_owned()))?;
        let numbers = match &entry.origin {
            Origin::Made(recipe) => Numbers::Made {
                recipe: *recipe,
                first: 0,
            },
            Origin::File {
                kind: Ok(kind),
                bytes,
            } => Numbers::Stored {
                bytes: &self.storage.bytes()[bytes.clone()],
                kind: *kind,
            },
            Origin::File {
                kind: Err(found), ..
            } => {
                return Err(WeightsError::Type {
                    name: name.to_owned(),
                    found: found.clone(),
                });
            }
        };
        Ok((&entry.shape, numbers))
    }
}

/// Reads the header and says at which byte the numbers begin.
///
/// The length of the file is not looked at here, as the format's own reader would do: a file that is cut off should name the tensor at the cut.
fn read_header(bytes: &[u8]) -> Result<(Metadata, usize), WeightsError> {
    /// Bytes of the number that says how long the header is.
    const LENGTH_FIELD: usize = size_of::<u64>();
    /// Longest header that the format allows.
    const MAX_HEADER: usize = 100_000_000;
    let failed = |reason: &str| WeightsError::Header(reason.to_owned());
    let (length, rest) = bytes
        .split_first_chunk::<LENGTH_FIELD>()
        .ok_or_else(|| failed("it is shorter than 8 bytes"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_HEADER {
        return Err(failed("the file does not begin with a plausible length"));
    }
    let header = rest
        .get(..length)
        .ok_or_else(|| failed("the file ends inside it"))?;
    let metadata = serde_json::from_slice(header).map_err(|error| failed(&error.to_string()))?;
    Ok((metadata, LENGTH_FIELD + length))
}

fn shape_error(name: &str, expected: &[usize], found: &[usize]) -> WeightsError {
    WeightsError::Shape {
        name: name.to_owned(),
        expected: expected.to_vec(),
        found: found.to_vec(),
    }
}
