//! `drape models ...` as types.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

#[derive(Debug, ClapArgs)]
pub(crate) struct ModelsArgs {
    /// Registry of models to use in place of the built-in one: for mirrors and tests
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub(crate) registry: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List all models: what is installed, how large they are, under which licence
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Download models, or complete and repair them; interrupted downloads go on where they stopped
    ///
    /// Reads HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY from the environment.
    Pull {
        /// Names, as `drape models list` shows them
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Accept this licence (SPDX id), which a model that is not for commercial use asks for
        #[arg(long, value_name = "ID")]
        accept_licence: Vec<String>,
        /// Copy the files from this folder (`DIR/<model>/<file>` or `DIR/<file>`) and use no network
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Compare installed models with their hashes; exit code 4 when something is wrong
    Verify {
        /// Name [default: all that are there]
        name: Option<String>,
    },
    /// Delete the files of a model, without asking
    Remove {
        /// Name
        name: String,
    },
}
