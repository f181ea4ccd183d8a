//! FASHN VTON 1.5, a try-on network that works on pixels, on the CPU and without Python.
//!
//! The way of a picture: [`inputs`] turns photos and a [`pose`] into tensors by the steps of [`preprocess`], [`weights`] opens a file of
//! tensors, [`model`] builds the network from it for a [`backend`] (the arithmetic), and [`sampler`] turns [`noise`] into a picture in a
//! few steps, each of them one or two passes through the network. [`kernels`] are the fast linear layers and attention for the
//! instruction sets of x86-64 and 64-bit ARM. [`bench`] measures all that on a machine.
//! [`config`] holds the sizes of the network; the tests run the same code on two tiny ones.

pub mod backend;
pub mod bench;
pub mod config;
pub mod inputs;
pub mod kernels;
pub mod model;
pub mod noise;
pub mod pose;
pub mod preprocess;
pub mod sampler;
pub mod weights;
