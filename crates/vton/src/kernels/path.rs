//! Which instruction set the kernels use.

use std::fmt;
use std::str::FromStr;

/// The environment variable that forces a path: `scalar`, `neon`, `avx2`, `avx512` or `avx512bf16`.
pub const PATH_VARIABLE: &str = "DRAPE_VTON_PATH";

/// An instruction set that the kernels are written for, from the plainest to the fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// Plain Rust in f32: runs everywhere, and is what the others are tested against.
    Scalar,
    /// NEON of 64-bit ARM, f32.
    Neon,
    /// AVX2 and FMA, f32.
    Avx2,
    /// AVX-512 F, BW, DQ and VL, f32.
    Avx512,
    /// AVX512-BF16: operands in bf16, sums in f32.
    Avx512Bf16,
}

/// Why a path that was asked for cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The name is none of [`Path::ALL`].
    #[error("unknown path {name:?}: use scalar, neon, avx2, avx512 or avx512bf16")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// This processor (or its operating system) lacks the instructions.
    #[error("this processor cannot run the path {path}; the best it can run is {best}")]
    Missing {
        /// What was asked for.
        path: Path,
        /// What [`Path::detect`] would have chosen.
        best: Path,
    },
}

impl Path {
    /// All paths, from the plainest to the fastest.
    pub const ALL: [Self; 5] = [
        Self::Scalar,
        Self::Neon,
        Self::Avx2,
        Self::Avx512,
        Self::Avx512Bf16,
    ];

    /// The fastest path that this processor can run.
    pub fn detect() -> Self {
        Self::ALL
            .into_iter()
            .rev()
            .find(|path| path.is_available())
            .unwrap_or(Self::Scalar)
    }

    /// The path that [`PATH_VARIABLE`] names, or the fastest one when it is unset or empty.
    ///
    /// Fails when the name is unknown or the processor lacks the instructions.
    pub fn from_environment() -> Result<Self, PathError> {
        // An override for tests and reports of faults, not a setting.
        let forced = std::env::var_os(PATH_VARIABLE).unwrap_or_default();
        let forced = forced.to_string_lossy();
        if forced.is_empty() {
            return Ok(Self::detect());
        }
        forced.parse::<Self>()?.require()
    }

    /// The path itself when this processor can run it, else an error that names the best one.
    pub fn require(self) -> Result<Self, PathError> {
        if self.is_available() {
            return Ok(self);
        }
        Err(PathError::Missing {
            path: self,
            best: Self::detect(),
        })
    }

    /// Whether this processor can run the path.
    #[cfg(target_arch = "x86_64")]
    pub fn is_available(self) -> bool {
        let avx2 = || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = || {
            avx2()
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
        };
        match self {
            Self::Scalar => true,
            Self::Neon => false,
            Self::Avx2 => avx2(),
            Self::Avx512 => avx512(),
            Self::Avx512Bf16 => avx512() && is_x86_feature_detected!("avx512bf16"),
        }
    }

    /// Whether this processor can run the path.
    #[cfg(target_arch = "aarch64")]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            Self::Avx2 | Self::Avx512 | Self::Avx512Bf16 => false,
        }
    }

    /// Whether this processor can run the path.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub fn is_available(self) -> bool {
        self == Self::Scalar
    }

    /// The name, as [`PATH_VARIABLE`] spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Bf16 => "avx512bf16",
        }
    }

    /// Whether the operands of the products are bf16 (else they are f32).
    pub fn uses_bf16(self) -> bool {
        self == Self::Avx512Bf16
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|path| path.name() == name)
            .ok_or_else(|| PathError::Unknown {
                name: name.to_owned(),
            })
    }
}
