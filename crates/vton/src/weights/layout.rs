//! Names and shapes of all tensors of a network.
//!
//! They are those of the released checkpoint (FASHN AI 2025), in its order: 366 tensors at full size.

use crate::config::{CATEGORIES, Config, GARMENT_CHANNELS, PERSON_CHANNELS, TIME_EMBEDDING};

/// A tensor that a network asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Name in the file.
    pub name: String,
    /// Lengths of the axes, the slowest first.
    pub shape: Vec<usize>,
    /// Whether a file without it is complete, too.
    pub optional: bool,
}

struct Layout(Vec<TensorSpec>);

impl Layout {
    fn add(&mut self, name: impl Into<String>, shape: &[usize]) {
        self.0.push(TensorSpec {
            name: name.into(),
            shape: shape.to_vec(),
            optional: false,
        });
    }

    /// A linear layer: matrix [`outputs`, `inputs`] and bias.
    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) {
        self.add(format!("{name}.weight"), &[outputs, inputs]);
        self.add(format!("{name}.bias"), &[outputs]);
    }

    /// A convolution whose stride is its kernel: one linear layer per patch.
    fn patches(&mut self, name: &str, config: &Config, channels: usize) {
        self.add(
            format!("{name}.proj.weight"),
            &[config.hidden, channels, config.patch, config.patch],
        );
        self.add(format!("{name}.proj.bias"), &[config.hidden]);
    }

    /// The scales of the norms of queries and keys.
    fn norms(&mut self, name: &str, config: &Config) {
        self.add(format!("{name}.query_norm.scale"), &[config.head_size()]);
        self.add(format!("{name}.key_norm.scale"), &[config.head_size()]);
    }

    fn single_block(&mut self, name: &str, config: &Config) {
        let hidden = config.hidden;
        self.linear(
            &format!("{name}.linear1"),
            3 * hidden + config.mlp(),
            hidden,
        );
        self.linear(&format!("{name}.linear2"), hidden, hidden + config.mlp());
        self.norms(&format!("{name}.norm"), config);
        self.linear(&format!("{name}.modulation.lin"), 3 * hidden, hidden);
    }

    fn double_block(&mut self, name: &str, config: &Config) {
        let hidden = config.hidden;
        for stream in ["img", "txt"] {
            self.linear(&format!("{name}.{stream}_mod.lin"), 6 * hidden, hidden);
            self.linear(&format!("{name}.{stream}_attn.qkv"), 3 * hidden, hidden);
            self.norms(&format!("{name}.{stream}_attn.norm"), config);
            self.linear(&format!("{name}.{stream}_attn.proj"), hidden, hidden);
            self.linear(&format!("{name}.{stream}_mlp.0"), config.mlp(), hidden);
            self.linear(&format!("{name}.{stream}_mlp.2"), hidden, config.mlp());
        }
    }
}

/// Lists the tensors of a network in the order of the checkpoint.
pub fn tensors(config: &Config) -> Vec<TensorSpec> {
    let hidden = config.hidden;
    let mut layout = Layout(Vec::new());
    // Left over from training: no layer reads it.
    layout.0.push(TensorSpec {
        name: "patch_mixer_token".to_owned(),
        shape: vec![1, 1, config.colour_patch()],
        optional: true,
    });
    layout.linear("t_embedder.mlp.in_layer", hidden, TIME_EMBEDDING);
    layout.linear("t_embedder.mlp.out_layer", hidden, hidden);
    // Row 0 is the null category.
    layout.add("y_embedder.weight", &[CATEGORIES + 1, hidden]);
    layout.patches("x_embedder", config, PERSON_CHANNELS);
    layout.patches("garment_embedder", config, GARMENT_CHANNELS);
    for i in 0..config.patch_mixers {
        layout.single_block(&format!("x_patch_mixer.{i}"), config);
    }
    for i in 0..config.double_blocks {
        layout.double_block(&format!("double_blocks.{i}"), config);
    }
    for i in 0..config.single_blocks {
        layout.single_block(&format!("single_blocks.{i}"), config);
    }
    layout.linear("final_layer.linear", config.colour_patch(), hidden);
    layout.linear("final_layer.adaLN_modulation.1", 2 * hidden, hidden);
    layout.0
}
