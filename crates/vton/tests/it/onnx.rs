//! A writer of tiny ONNX files, for tests: just the parts of the format (protocol buffers) that they need.

/// A field whose content is bytes: a text, raw numbers or another message.
fn bytes_field(number: u64, content: &[u8]) -> Vec<u8> {
    [
        varint(number << 3 | 2),
        varint(content.len() as u64),
        content.to_vec(),
    ]
    .concat()
}

fn number_field(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

const F32: u64 = 1;

/// An input or output of f32 numbers.
pub(crate) fn value(name: &str, shape: &[u64]) -> Vec<u8> {
    let axes: Vec<u8> = shape
        .iter()
        .flat_map(|&length| bytes_field(1, &number_field(1, length)))
        .collect();
    let tensor = [number_field(1, F32), bytes_field(2, &axes)].concat();
    [
        bytes_field(1, name.as_bytes()),
        bytes_field(2, &bytes_field(1, &tensor)),
    ]
    .concat()
}

/// A constant of f32 numbers.
pub(crate) fn constant(name: &str, shape: &[u64], values: &[f32]) -> Vec<u8> {
    let axes = shape.iter().flat_map(|&length| number_field(1, length));
    let raw: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    [
        axes.collect(),
        number_field(2, F32),
        bytes_field(8, name.as_bytes()),
        bytes_field(9, &raw),
    ]
    .concat()
}

/// An operation without attributes.
pub(crate) fn node(operation: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let inputs = inputs
        .iter()
        .flat_map(|input| bytes_field(1, input.as_bytes()));
    [
        inputs.collect(),
        bytes_field(2, output.as_bytes()),
        bytes_field(3, output.as_bytes()),
        bytes_field(4, operation.as_bytes()),
    ]
    .concat()
}

/// A whole file.
pub(crate) fn model(
    nodes: &[Vec<u8>],
    constants: &[Vec<u8>],
    inputs: &[Vec<u8>],
    outputs: &[Vec<u8>],
) -> Vec<u8> {
    const FORMAT: u64 = 6;
    const OPERATIONS: u64 = 11;
    let parts = |number: u64, parts: &[Vec<u8>]| -> Vec<u8> {
        parts
            .iter()
            .flat_map(|part| bytes_field(number, part))
            .collect()
    };
    let graph = [
        parts(1, nodes),
        bytes_field(2, b"graph"),
        parts(5, constants),
        parts(11, inputs),
        parts(12, outputs),
    ]
    .concat();
    [
        number_field(1, FORMAT),
        bytes_field(7, &graph),
        bytes_field(8, &number_field(2, OPERATIONS)),
    ]
    .concat()
}
