//! Prints the speed of the kernels at the model's sizes, in GFLOP per CPU-second.
//!
//! `cargo run --release -p drape-vton --example kernels [PATH..]`; without names all paths that
//! this processor can run. CPU-seconds are those of all threads together, so the figure is the
//! speed of one core, whatever else the machine does.

use std::error::Error;
use std::time::Instant;

use drape_vton::bench::usage::Stopwatch;
use drape_vton::kernels::{
    Activation, AttentionShape, KernelError, Output, PackedWeights, Path, Sink, Values, attention,
    linear,
};
use drape_vton::weights::stream::Stream;
use half::bf16;

/// Tokens of person and garment together.
const TOKENS: usize = 6912;
const SHORTEST_S: f64 = 1.5;

fn main() -> Result<(), Box<dyn Error>> {
    let named: Vec<Path> = std::env::args()
        .skip(1)
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    for path in Path::ALL {
        if path.is_available() && (named.is_empty() || named.contains(&path)) {
            measure(path)?;
        }
    }
    Ok(())
}

fn measure(path: Path) -> Result<(), Box<dyn Error>> {
    println!("{path}, {} threads", rayon::current_num_threads());
    // The plain path takes its time.
    let tokens = if path == Path::Scalar {
        TOKENS / 12
    } else {
        TOKENS
    };
    for (depth, columns, activation) in [
        (1280, 3840, Activation::None),
        (1280, 5120, Activation::Gelu),
        (5120, 1280, Activation::None),
        (6400, 1280, Activation::None),
    ] {
        let weights = noise(columns * depth);
        let start = Instant::now();
        let weights = PackedWeights::pack(path, Values::Bf16(&weights), columns, depth)?;
        let packed = start.elapsed();
        let x = Operand::new(path, tokens * depth);
        let bias = vec![0.5; columns];
        let mut out = vec![bf16::ZERO; tokens * columns];
        let flops = 2.0 * (tokens * depth * columns) as f64;
        let name = format!("linear {tokens}x{depth}x{columns} {activation:?}");
        report(&name, flops, || {
            let output = Output::whole(Sink::Bf16(&mut out), columns);
            linear(
                tokens,
                x.values(),
                &weights,
                Some(&bias),
                activation,
                output,
            )
        })?;
        println!("    packed in {:.0} ms", packed.as_secs_f64() * 1e3);
    }
    let heads = if path == Path::Scalar { 1 } else { 10 };
    let shape = AttentionShape {
        heads,
        queries: tokens,
        keys: tokens,
        head_dim: 128,
    };
    let [q, k, v] = [0; 3].map(|_| Operand::new(path, heads * tokens * 128));
    let mut out = vec![bf16::ZERO; heads * tokens * 128];
    let flops = 4.0 * (heads * tokens * tokens * 128) as f64;
    report(
        &format!("attention {heads}x{tokens}x{tokens}x128"),
        flops,
        || {
            let output = Output::whole(Sink::Bf16(&mut out), heads * 128);
            attention(path, shape, q.values(), k.values(), v.values(), output)
        },
    )
}

/// Numbers in the type that a path multiplies.
enum Operand {
    F32(Vec<f32>),
    Bf16(Vec<bf16>),
}

impl Operand {
    fn new(path: Path, count: usize) -> Self {
        let numbers = noise(count);
        if path.uses_bf16() {
            return Self::Bf16(numbers);
        }
        Self::F32(numbers.into_iter().map(bf16::to_f32).collect())
    }

    fn values(&self) -> Values<'_> {
        match self {
            Self::F32(numbers) => Values::F32(numbers),
            Self::Bf16(numbers) => Values::Bf16(numbers),
        }
    }
}

/// Numbers from -1.7 to 1.7.
fn noise(count: usize) -> Vec<bf16> {
    let numbers = Stream::named("noise").values(count, 1.7);
    numbers.into_iter().map(bf16::from_f32).collect()
}

/// Runs a job for a while and prints its speed.
fn report(
    name: &str,
    flops: f64,
    mut job: impl FnMut() -> Result<(), KernelError>,
) -> Result<(), Box<dyn Error>> {
    job()?;
    let watch = Stopwatch::start()?;
    let mut runs = 0.0;
    while watch.spent()?.wall < SHORTEST_S {
        job()?;
        runs += 1.0;
    }
    let each = watch.spent()? / runs;
    println!(
        "  {name}: {:.0} GFLOP/CPU-s, {:.3} CPU-s and {:.3} s each",
        flops / each.cpu / 1e9,
        each.cpu,
        each.wall
    );
    Ok(())
}
