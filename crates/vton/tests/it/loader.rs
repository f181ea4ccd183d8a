//! Weights files: the inventory, number types, and what is refused.

use drape_vton::backend::scalar::Scalar;
use drape_vton::config::Config;
use drape_vton::model::Model;
use drape_vton::model::condition::{Category, Condition, Modulations};
use drape_vton::weights::{Weights, WeightsError, layout};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};

use super::golden;

/// A tensor as the file format stores it.
#[derive(Clone)]
struct Tensor {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// A number that bf16, f16 and f32 can all hold, different for each place of each tensor.
fn value(name: &str, index: usize) -> f32 {
    let seed = name
        .bytes()
        .fold(index, |sum, byte| sum * 31 % 10_007 + usize::from(byte));
    (seed % 255) as f32 / 1024.0 - 0.125
}

fn encode(value: f32, dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::BF16 => bf16::from_f32(value).to_le_bytes().to_vec(),
        Dtype::F16 => f16::from_f32(value).to_le_bytes().to_vec(),
        _ => value.to_le_bytes().to_vec(),
    }
}

/// All tensors of the asymmetric tiny network.
fn complete(dtype: Dtype) -> Vec<Tensor> {
    let tensor = |spec: layout::TensorSpec| {
        let count: usize = spec.shape.iter().product();
        let bytes = (0..count)
            .flat_map(|i| encode(value(&spec.name, i), dtype))
            .collect();
        Tensor {
            name: spec.name,
            dtype,
            shape: spec.shape,
            bytes,
        }
    };
    layout::tensors(&Config::tiny_asym())
        .into_iter()
        .map(tensor)
        .collect()
}

fn file(tensors: &[Tensor]) -> Vec<u8> {
    let views = tensors.iter().map(|t| {
        (
            t.name.as_str(),
            TensorView::new(t.dtype, t.shape.clone(), &t.bytes).unwrap(),
        )
    });
    safetensors::serialize(views, None).unwrap()
}

/// Writes a file, opens it through the map and loads the network from it.
fn load(bytes: &[u8]) -> Result<Model<Scalar>, WeightsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, bytes).unwrap();
    Model::load(Scalar, Config::tiny_asym(), Weights::open(&path)?)
}

fn refusal(bytes: &[u8]) -> WeightsError {
    match load(bytes) {
        Ok(_) => panic!("the file was taken"),
        Err(error) => error,
    }
}

fn find<'a>(tensors: &'a mut [Tensor], name: &str) -> &'a mut Tensor {
    tensors
        .iter_mut()
        .find(|tensor| tensor.name == name)
        .unwrap()
}

fn modulations(model: &Model<Scalar>) -> Modulations {
    model
        .modulations(&[Condition {
            time: 0.25,
            category: Some(Category::OnePieces),
        }])
        .unwrap()
        .remove(0)
}

#[test]
fn the_full_network_has_the_released_names_and_shapes() {
    let Some(inventory) = golden::json("inventory.json") else {
        return;
    };
    let found = layout::tensors(&Config::fashn_vton_1_5());
    let expected = inventory["tensors"].as_array().unwrap();
    assert_eq!(found.len(), 366);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.name, expected["name"].as_str().unwrap());
        let shape: Vec<usize> = expected["shape"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap() as usize)
            .collect();
        assert_eq!(found.shape, shape, "{}", found.name);
        assert_eq!(found.optional, found.name == "patch_mixer_token");
    }
    let scalars: usize = found
        .iter()
        .map(|tensor| tensor.shape.iter().product::<usize>())
        .sum();
    assert_eq!(scalars, 971_814_240);
}

#[test]
fn each_number_type_gives_the_same_network() {
    let single = modulations(&load(&file(&complete(Dtype::F32))).unwrap());
    for dtype in [Dtype::BF16, Dtype::F16] {
        let half = modulations(&load(&file(&complete(dtype))).unwrap());
        assert_eq!(half.vector, single.vector);
        assert_eq!(half.final_layer(), single.final_layer());
    }
    assert!(single.vector.iter().any(|value| *value != 0.0));
}

#[test]
fn released_numbers_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, file(&complete(Dtype::F16))).unwrap();
    let weights = Weights::open(&path).unwrap();
    let before = weights.vector("x_embedder.proj.bias", 48).unwrap();
    weights.release();
    assert_eq!(weights.vector("x_embedder.proj.bias", 48).unwrap(), before);
    let written: Vec<f32> = (0..48).map(|i| value("x_embedder.proj.bias", i)).collect();
    assert_eq!(before, written);
}

#[test]
fn types_may_be_mixed() {
    let mut tensors = complete(Dtype::BF16);
    *find(&mut tensors, "y_embedder.weight") = complete(Dtype::F32)
        .into_iter()
        .find(|tensor| tensor.name == "y_embedder.weight")
        .unwrap();
    load(&file(&tensors)).unwrap();
}

#[test]
fn the_leftover_token_may_be_missing_but_not_misshapen() {
    let mut tensors = complete(Dtype::BF16);
    tensors.retain(|tensor| tensor.name != "patch_mixer_token");
    load(&file(&tensors)).unwrap();

    let mut tensors = complete(Dtype::BF16);
    find(&mut tensors, "patch_mixer_token").shape = vec![1, 108];
    assert!(
        matches!(refusal(&file(&tensors)), WeightsError::Shape { name, .. } if name == "patch_mixer_token")
    );
}

#[test]
fn a_missing_tensor_is_named() {
    for name in [
        "x_patch_mixer.1.linear1.bias",
        "double_blocks.2.txt_attn.norm.key_norm.scale",
        "final_layer.linear.weight",
    ] {
        let mut tensors = complete(Dtype::BF16);
        tensors.retain(|tensor| tensor.name != name);
        assert!(
            matches!(refusal(&file(&tensors)), WeightsError::Missing(missing) if missing == name)
        );
    }
}

#[test]
fn an_extra_tensor_is_named() {
    let mut tensors = complete(Dtype::BF16);
    let block = find(&mut tensors, "single_blocks.1.linear2.bias").clone();
    tensors.push(Tensor {
        name: "single_blocks.2.linear2.bias".to_owned(),
        ..block
    });
    assert!(
        matches!(refusal(&file(&tensors)), WeightsError::Extra(name) if name == "single_blocks.2.linear2.bias")
    );
}

#[test]
fn a_wrong_shape_is_named_even_when_the_count_is_right() {
    let mut tensors = complete(Dtype::BF16);
    let tensor = find(&mut tensors, "double_blocks.0.img_mlp.0.weight");
    tensor.shape.reverse();
    let error = refusal(&file(&tensors));
    assert_eq!(
        error.to_string(),
        "tensor `double_blocks.0.img_mlp.0.weight` has the shape [48, 96], not [96, 48]"
    );
}

#[test]
fn a_wrong_type_is_named() {
    let mut tensors = complete(Dtype::BF16);
    find(&mut tensors, "t_embedder.mlp.in_layer.bias").dtype = Dtype::I16;
    let error = refusal(&file(&tensors));
    assert!(
        matches!(&error, WeightsError::Type { name, found } if name == "t_embedder.mlp.in_layer.bias" && found == "I16")
    );
}

#[test]
fn a_cut_file_names_the_tensor_at_the_cut() {
    let whole = file(&complete(Dtype::BF16));
    let error = refusal(&whole[..whole.len() - 1]);
    let WeightsError::Truncated {
        name,
        needed,
        found,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((needed, found), (whole.len(), whole.len() - 1));
    assert!(
        layout::tensors(&Config::tiny_asym())
            .iter()
            .any(|tensor| tensor.name == name)
    );
    // In the middle the first incomplete tensor ends after the cut, and the one before it does not.
    let half = whole.len() / 2;
    assert!(
        matches!(refusal(&whole[..half]), WeightsError::Truncated { needed, found, .. } if found == half && needed > half)
    );
}

#[test]
fn a_cut_or_wrong_header_is_refused() {
    let whole = file(&complete(Dtype::BF16));
    for bytes in [
        &whole[..0],
        &whole[..7],
        &whole[..100],
        b"<html>404 Not Found</html>",
    ] {
        let error = refusal(bytes);
        assert!(
            matches!(error, WeightsError::Header(_) | WeightsError::Io { .. }),
            "{error}"
        );
    }
}

#[test]
fn bytes_after_the_last_tensor_are_refused() {
    let mut whole = file(&complete(Dtype::BF16));
    whole.extend([0; 5]);
    assert!(matches!(refusal(&whole), WeightsError::Surplus(5)));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing.safetensors");
    assert!(
        matches!(Weights::open(&path), Err(WeightsError::Io { path: named, .. }) if named == path)
    );
}

#[test]
fn a_file_of_another_network_is_refused() {
    let weights = Weights::from_bytes(file(&complete(Dtype::BF16))).unwrap();
    assert!(matches!(
        weights.check(&Config::tiny_square()),
        Err(WeightsError::Shape { .. })
    ));
    let broken = Config {
        heads: 5,
        ..Config::tiny_asym()
    };
    assert!(matches!(
        weights.check(&broken),
        Err(WeightsError::Config(_))
    ));
}
