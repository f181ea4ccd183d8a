//! Linear layers and attention at the model's sizes, on every path of this processor.
//!
//! `cargo bench -p drape-vton`; items are floating-point operations. The example `kernels` gives
//! the same per CPU-second, which a busy machine does not disturb.

use divan::Bencher;
use divan::counter::ItemsCount;
use drape_vton::kernels::{
    Activation, AttentionShape, Output, PackedWeights, Path, Sink, Values, attention, linear,
};
use drape_vton::weights::stream::Stream;
use half::bf16;

fn main() {
    divan::main();
}

fn paths() -> impl Iterator<Item = Path> {
    Path::ALL
        .into_iter()
        .filter(|&path| path != Path::Scalar && path.is_available())
}

/// Numbers from -0.5 to 0.5.
fn numbers(count: usize) -> Vec<bf16> {
    let numbers = Stream::named("numbers").values(count, 0.5);
    numbers.into_iter().map(bf16::from_f32).collect()
}

/// The first layer of an MLP: 1,152 tokens, a sixth of the model's.
#[divan::bench(args = paths(), sample_count = 10)]
fn linear_gelu(bencher: Bencher<'_, '_>, path: Path) {
    let (rows, depth, columns) = (1152, 1280, 5120);
    let weights = numbers(columns * depth);
    let Ok(weights) = PackedWeights::pack(path, Values::Bf16(&weights), columns, depth) else {
        return;
    };
    let x = numbers(rows * depth);
    let bias = vec![0.5; columns];
    let mut out = vec![bf16::ZERO; rows * columns];
    bencher
        .counter(ItemsCount::new(2 * rows * depth * columns))
        .bench_local(|| {
            let output = Output::whole(Sink::Bf16(&mut out), columns);
            linear(
                rows,
                Values::Bf16(&x),
                &weights,
                Some(&bias),
                Activation::Gelu,
                output,
            )
        });
}

/// One head over all tokens.
#[divan::bench(args = paths(), sample_count = 10)]
fn attention_of_a_head(bencher: Bencher<'_, '_>, path: Path) {
    let tokens = 6912;
    let shape = AttentionShape {
        heads: 1,
        queries: tokens,
        keys: tokens,
        head_dim: 128,
    };
    let values = numbers(tokens * 128);
    let values = Values::Bf16(&values);
    let mut out = vec![bf16::ZERO; tokens * 128];
    bencher
        .counter(ItemsCount::new(4 * tokens * tokens * 128))
        .bench_local(|| {
            let output = Output::whole(Sink::Bf16(&mut out), 128);
            attention(path, shape, values, values, values, output)
        });
}
