//! Each formula and each operation of a backend against the reference.

use drape_vton::backend::cpu::Cpu;
use drape_vton::backend::scalar::{Scalar, math};
use drape_vton::backend::{Backend, HeadRules, Linear};
use drape_vton::config::Config;
use drape_vton::kernels::Path;
use drape_vton::model::condition::{embed_time, linear};
use drape_vton::model::patches::unpatchify;
use drape_vton::model::rotary::Rotary;
use drape_vton::weights::Weights;
use drape_vton::weights::tensor::{FloatKind, MatrixView};

use half::bf16;

use super::golden::{self, Tensors, assert_close, difference, f32_file};

/// Calls a generic test with the plain backend and with the fast one on every path of this processor.
macro_rules! on_every_backend {
    ($test:ident) => {
        $test(&Scalar, false);
        for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
            println!("{path}");
            $test(&Cpu::on(path).unwrap(), path.uses_bf16());
        }
    };
}

/// Asserts that values agree: to the tolerance in f32, to a few roundings where operands are bf16.
fn assert_rounded(narrow: bool, what: &str, found: &[f32], expected: &[f32], tolerance: f64) {
    /// Relative, of the whole tensor; one rounding to bf16 makes 1.7e-3 of it.
    const BF16_RELATIVE: f64 = 6e-3;
    if !narrow {
        return assert_close(what, found, expected, tolerance);
    }
    let (_, relative) = difference(found, expected);
    assert!(relative <= BF16_RELATIVE, "{what}: relative {relative:e}");
}

fn read() -> Option<Tensors> {
    Tensors::read("primitives.safetensors")
}

fn check(name: &str) -> Option<f64> {
    Some(
        golden::json("manifest.json")?["files"]["primitives.safetensors"]["checks"][name]
            .as_f64()
            .unwrap(),
    )
}

/// A linear layer that gives back its input.
fn identity<B: Backend>(backend: &B, size: usize) -> Linear<B::Matrix> {
    let bytes: Vec<u8> = (0..size * size)
        .flat_map(|i| f32::from(u8::from(i % (size + 1) == 0)).to_le_bytes())
        .collect();
    let view = MatrixView::new(&bytes, FloatKind::F32, size, size).unwrap();
    Linear {
        matrix: backend.pack(view),
        bias: vec![0.0; size],
    }
}

#[test]
fn rotary_table() {
    let (Some(file), Some(sum_cos), Some(sum_sin)) =
        (read(), check("rope.sum_cos"), check("rope.sum_sin"))
    else {
        return;
    };
    let config = Config::fashn_vton_1_5();
    let table = Rotary::of_grid(&config);
    assert_eq!(table.tokens(), config.tokens());
    let (mut cos, mut sin) = (Vec::new(), Vec::new());
    for token in file.i32("rope.tokens") {
        let (c, s) = table.angles(token as usize);
        cos.extend(c);
        sin.extend(s);
    }
    assert_close("cos", &cos, &file.f32("rope.cos"), 1e-6);
    assert_close("sin", &sin, &file.f32("rope.sin"), 1e-6);
    let sum = |part: fn(&(&[f32], &[f32])) -> f64| {
        (0..table.tokens())
            .map(|token| part(&table.angles(token)))
            .sum::<f64>()
    };
    assert!((sum(|(cos, _)| cos.iter().map(|v| f64::from(*v)).sum()) - sum_cos).abs() < 0.01);
    assert!((sum(|(_, sin)| sin.iter().map(|v| f64::from(*v)).sum()) - sum_sin).abs() < 0.01);
}

#[test]
fn time_embedding() {
    let Some(file) = read() else { return };
    let found: Vec<f32> = file
        .f32("time.t")
        .into_iter()
        .flat_map(embed_time)
        .collect();
    assert_close("time", &found, &file.f32("time.emb"), 1.5e-4);
}

#[test]
fn gelu_and_silu() {
    let Some(file) = read() else { return };
    for (name, formula) in [("gelu", math::gelu as fn(f32) -> f32), ("silu", math::silu)] {
        for (x, y) in file
            .f32(&format!("{name}.x"))
            .into_iter()
            .zip(file.f32(&format!("{name}.y")))
        {
            let found = formula(x);
            assert!(
                (found - y).abs() <= 1e-6 + 1e-6 * y.abs(),
                "{name}({x}) = {found}, not {y}"
            );
        }
    }
}

#[test]
fn rms_norm() {
    let Some(file) = read() else { return };
    let scale = file.f32("rms.scale");
    let mut rows = file.f32("rms.x");
    rows.chunks_exact_mut(scale.len())
        .for_each(|row| math::rms_norm(row, &scale));
    for (found, expected) in rows.iter().zip(file.f32("rms.y")) {
        assert!(
            (found - expected).abs() <= 1e-6 + 1e-6 * expected.abs(),
            "{found}, not {expected}"
        );
    }
}

#[test]
fn modulated_layer_norm() {
    on_every_backend!(check_modulated_layer_norm);
}

fn check_modulated_layer_norm<B: Backend>(backend: &B, narrow: bool) {
    /// The row that lies far from zero: its variance is lost in the reference's own rounding.
    const DISTANT_ROW: usize = 2;
    let Some(file) = read() else { return };
    for name in ["ln1280", "ln50"] {
        let tensor = |part: &str| file.f32(&format!("{name}.{part}"));
        let (shift, scale) = (tensor("shift"), tensor("scale"));
        let width = shift.len();
        let mut out = backend.new_rows(6, width);
        backend.modulated_norm(&tensor("x"), &shift, &scale, 0..6, &mut out);
        let found = backend.read_rows(&out);
        for (row, (found, expected)) in found
            .chunks_exact(width)
            .zip(tensor("y").chunks_exact(width))
            .enumerate()
        {
            let tolerance = if row == DISTANT_ROW { 3e-3 } else { 1e-5 };
            assert_rounded(
                narrow,
                &format!("{name} row {row}"),
                found,
                expected,
                tolerance,
            );
        }
    }
}

#[test]
fn heads_are_split_normed_and_turned() {
    on_every_backend!(check_heads_are_split_normed_and_turned);
}

fn check_heads_are_split_normed_and_turned<B: Backend>(backend: &B, narrow: bool) {
    let Some(file) = read() else { return };
    for (name, heads, axes) in [("qk.a", 2, [16, 56, 56]), ("qk.b", 3, [4, 14, 14])] {
        let tensor = |part: &str| file.f32(&format!("{name}.{part}"));
        let position = |part: &str| {
            file.i32(&format!("{name}.{part}"))
                .into_iter()
                .map(|n| n as usize)
        };
        let positions: Vec<(usize, usize)> = position("row").zip(position("col")).collect();
        let rotary = Rotary::of_positions(&positions, axes, 10_000.0);
        let (query_scale, key_scale) = (tensor("q_scale"), tensor("k_scale"));
        let rules = HeadRules {
            query_scale: &query_scale,
            key_scale: &key_scale,
            rotary: &rotary,
        };
        let (tokens, width) = (positions.len(), 3 * heads * query_scale.len());
        let mut input = backend.new_rows(tokens, width);
        backend.write_rows(&tensor("qkv"), 0..tokens, &mut input);
        let mut out = backend.new_heads(tokens, heads, query_scale.len());
        backend.linear_heads(
            &input,
            0..tokens,
            &identity(backend, width),
            rules,
            &mut out,
        );
        for (part, found) in ["q", "k", "v"].into_iter().zip(backend.read_heads(&out)) {
            assert_rounded(
                narrow,
                &format!("{name} {part}"),
                &found,
                &tensor(part),
                1e-5,
            );
        }
    }
}

#[test]
fn attention() {
    on_every_backend!(check_attention);
}

fn check_attention<B: Backend>(backend: &B, narrow: bool) {
    let Some(file) = read() else { return };
    for name in ["a", "b", "c", "big_a", "big_b", "one", "equal"] {
        // Rounded operands move scores of hundreds by whole units.
        if narrow && name.starts_with("big") {
            continue;
        }
        let tensor = |part: &str| file.f32(&format!("attn.{name}.{part}"));
        let [heads, tokens, size] = file.shape(&format!("attn.{name}.q"))[..] else {
            panic!("{name}")
        };
        let mut input = backend.new_heads(tokens, heads, size);
        backend.write_heads([&tensor("q"), &tensor("k"), &tensor("v")], &mut input);
        let mut out = backend.new_rows(tokens, heads * size);
        backend.attention(&input, tokens, 0..tokens, &mut out);
        let (found, expected) = (backend.read_rows(&out), tensor("o"));
        let (largest, relative) = difference(&found, &expected);
        if name.starts_with("big") {
            assert!(
                largest <= 1e-3 && relative <= 2e-5,
                "{name}: {largest:e}, {relative:e}"
            );
        } else {
            assert_rounded(narrow, name, &found, &expected, 1e-5);
        }
    }
}

#[test]
fn attention_of_some_tokens_leaves_the_others_alone() {
    on_every_backend!(check_attention_of_some_tokens_leaves_the_others_alone);
}

fn check_attention_of_some_tokens_leaves_the_others_alone<B: Backend>(backend: &B, narrow: bool) {
    let Some(file) = read() else { return };
    let tensor = |part: &str| file.f32(&format!("attn.b.{part}"));
    let mut input = backend.new_heads(129, 3, 32);
    backend.write_heads([&tensor("q"), &tensor("k"), &tensor("v")], &mut input);
    let mut out = backend.new_rows(129, 96);
    backend.attention(&input, 129, 50..129, &mut out);
    let found = backend.read_rows(&out);
    assert!(found[..50 * 96].iter().all(|value| *value == 0.0));
    assert_rounded(
        narrow,
        "queries 50..129",
        &found[50 * 96..],
        &tensor("o")[50 * 96..],
        1e-5,
    );
}

#[test]
fn modulation_is_shift_scale_gate() {
    let Some(file) = read() else { return };
    for (kind, parts) in [("single", 3), ("double", 6)] {
        let tensor = |part: &str| file.f32(&format!("mod.{kind}.{part}"));
        let bytes = f32_file(&[
            ("lin.weight".to_owned(), vec![parts * 40, 40], tensor("w")),
            ("lin.bias".to_owned(), vec![parts * 40], tensor("b")),
        ]);
        let weights = Weights::from_bytes(bytes).unwrap();
        let input: Vec<f32> = tensor("vec").into_iter().map(math::silu).collect();
        let found = linear(&weights, "lin", parts * 40, &[input.clone(), input]).unwrap();
        assert_eq!(found[0], found[1]);
        assert_close(kind, &found[0], &tensor("parts"), 1e-5);
    }
}

#[test]
fn last_layer() {
    on_every_backend!(check_last_layer);
}

fn check_last_layer<B: Backend>(backend: &B, narrow: bool) {
    let Some(file) = read() else { return };
    let tensor = |part: &str| file.f32(&format!("last.{part}"));
    let names = [
        "linear.weight",
        "linear.bias",
        "adaLN_modulation.1.weight",
        "adaLN_modulation.1.bias",
    ];
    let tensors = names.map(|name| {
        (
            name.to_owned(),
            file.shape(&format!("last.{name}")),
            tensor(name),
        )
    });
    let weights = Weights::from_bytes(f32_file(&tensors)).unwrap();
    let vector: Vec<f32> = tensor("vec").into_iter().map(math::silu).collect();
    let modulation = linear(&weights, "adaLN_modulation.1", 80, &[vector])
        .unwrap()
        .remove(0);
    let (shift, scale) = modulation.split_at(40);
    let layer = Linear {
        matrix: backend.pack(weights.matrix("linear.weight", 24, 40).unwrap()),
        bias: weights.vector("linear.bias", 24).unwrap(),
    };
    let mut rows = backend.new_rows(5, 40);
    backend.modulated_norm(&tensor("x"), shift, scale, 0..5, &mut rows);
    let mut found = vec![0.0; 5 * 24];
    backend.linear(&rows, 0..5, &layer, &mut found);
    assert_rounded(narrow, "last layer", &found, &tensor("y"), 1e-5);
}

/// Sum of all values, each times a weight that tells places apart; exact in f64.
fn weighted_sum(values: &[f32]) -> f64 {
    values
        .iter()
        .enumerate()
        .map(|(i, value)| f64::from(*value) * (i % 1009) as f64)
        .sum()
}

#[test]
fn patches_are_cut_exactly() {
    on_every_backend!(check_patches_are_cut_exactly);
}

fn check_patches_are_cut_exactly<B: Backend>(backend: &B, narrow: bool) {
    let Some(file) = read() else { return };
    let config = Config::fashn_vton_1_5();
    for channels in [7, 4] {
        let picture: Vec<f32> = (0..channels * config.pixels()).map(|i| i as f32).collect();
        let stored = |value: f32| {
            if narrow {
                bf16::from_f32(value).to_f32()
            } else {
                value
            }
        };
        let planes: Vec<&[f32]> = picture.chunks_exact(config.pixels()).collect();
        let width = channels * config.patch * config.patch;
        let mut out = backend.new_rows(config.tokens(), width);
        backend.patchify(&planes, config.width, config.patch, &mut out);
        let rows = backend.read_rows(&out);
        let chosen = file.i32(&format!("patchify{channels}.tokens"));
        let found: Vec<f32> = chosen
            .iter()
            .flat_map(|token| &rows[*token as usize * width..][..width])
            .copied()
            .collect();
        let expected = file.f32(&format!("patchify{channels}.rows"));
        let expected: Vec<f32> = expected.into_iter().map(stored).collect();
        assert_eq!(found, expected);
        if narrow {
            continue;
        }
        assert_eq!(
            Some(weighted_sum(&rows)),
            check(&format!("patchify{channels}.weighted_sum"))
        );
    }
}

#[test]
fn patches_are_put_together_exactly() {
    let Some(file) = read() else { return };
    let config = Config::fashn_vton_1_5();
    let patches: Vec<f32> = (0..config.tokens() * config.colour_patch())
        .map(|i| i as f32)
        .collect();
    let mut planes = vec![f32::NAN; 3 * config.pixels()];
    unpatchify(&patches, config.width, config.patch, &mut planes);
    let chosen = file.i32("unpatchify.rows_y");
    let line = |channel: usize, y: i32| {
        &planes[channel * config.pixels() + y as usize * config.width..][..config.width]
    };
    let found: Vec<f32> = (0..3)
        .flat_map(|channel| chosen.iter().flat_map(move |y| line(channel, *y)))
        .copied()
        .collect();
    assert_eq!(found, file.f32("unpatchify.rows"));
    assert_eq!(
        Some(weighted_sum(&planes)),
        check("unpatchify.weighted_sum")
    );
}

#[test]
fn bf16_rounds_to_the_nearest_even() {
    let Some(file) = read() else { return };
    let (wide, narrow) = (file.u8("bf16.x_bits"), file.u8("bf16.y_bits"));
    assert_eq!(wide.len(), 2 * narrow.len());
    for (wide, narrow) in wide.chunks_exact(4).zip(narrow.chunks_exact(2)) {
        let wide = f32::from_le_bytes(wide.try_into().unwrap());
        let expected = bf16::from_le_bytes(narrow.try_into().unwrap());
        let found = bf16::from_f32(wide);
        assert!(
            found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
            "{wide:e}: {found} for {expected}"
        );
    }
}
