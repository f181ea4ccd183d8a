//! The heavy arithmetic on the CPU: packed linear layers and flash attention.
//!
//! A [`Path`] names the instruction set that a kernel is built on. Everything works on plain
//! slices and gives the same bits for any number of threads:
//!
//! - [`bf16`]: numbers narrowed to bf16 and widened back, in bulk,
//! - [`PackedWeights`]: the matrix of a linear layer in the order in which the kernels read it,
//! - [`linear`]: `x * w + bias` with GELU or a gated sum into the residual, fused,
//! - [`linear_heads`]: the same to queries, keys and values, normed and turned,
//! - [`modulated_norm`]: layer norm with a scale and a shift,
//! - [`attention`]: softmax attention that never holds the whole matrix of scores.
//!
//! The blocks are those of Goto and van de Geijn (2008), "Anatomy of High-Performance Matrix
//! Multiplication": a tile of the result stays in registers, a panel of the weights in the cache.

#![expect(
    unsafe_code,
    reason = "SIMD, and threads that write to rows of one slice"
)]
#![expect(
    clippy::inline_always,
    reason = "plain code becomes vector code only inside a function of the instruction set"
)]

mod attention;
pub mod bf16;
mod buffer;
mod error;
mod heads;
mod kernel;
mod linear;
mod math;
mod norm;
mod pack;
mod path;

pub use attention::{AttentionShape, HeadRows, attention, attention_of_some};
pub use error::KernelError;
pub use heads::HeadOutput;
pub use linear::{Activation, Output, Sink, linear, linear_heads, linear_strided};
pub use norm::modulated_norm;
pub use pack::{PackedWeights, Values, ValuesMut};
pub use path::{PATH_VARIABLE, Path, PathError};
