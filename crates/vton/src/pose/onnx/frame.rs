//! Checks the frame of an ONNX file (protocol buffers) before the runtime reads it.
//!
//! The runtime's reader (`rten-onnx` 0.27) trusts lengths and never comes back from a number of ten bytes that goes on. A file that was
//! cut off, or is none of its kind, must end in a message and not in a server that does not start. So every message that the runtime
//! will read is walked through once: fields end where their message ends, and numbers end at all.

use thiserror::Error;

/// Most bytes of a number.
const MAX_NUMBER_BYTES: usize = 10;
/// Most messages inside each other; a graph in an attribute of a node in a graph takes four.
const MAX_DEPTH: usize = 32;
/// Fields of a model that every file has: the version of the format and the graph.
const VERSION_FIELD: u64 = 1;
const GRAPH_FIELD: u64 = 7;

/// What is wrong with the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum FrameError {
    #[error("it is damaged or of another kind, from byte {0} on")]
    Damaged(usize),
    #[error("it is cut off: a part of {length} bytes begins at byte {start} of {whole}")]
    CutOff {
        start: usize,
        length: u64,
        whole: usize,
    },
    #[error("it is of another kind: there is no graph in it")]
    NoGraph,
}

/// The kinds of message that the runtime reads.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    SequenceType,
    Shape,
    /// Without messages in it.
    Leaf,
}

/// What the bytes of a field are.
#[derive(Clone, Copy)]
enum Content {
    Message(Message),
    /// Numbers without tags.
    Numbers,
    /// Texts, raw values, and what the runtime passes over.
    Opaque,
}

impl Message {
    /// After `onnx.proto3` of the ONNX project.
    fn content(self, field: u64) -> Content {
        let message = match (self, field) {
            (Self::Model, GRAPH_FIELD) | (Self::Attribute, 6) => Self::Graph,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph | Self::Attribute, 5) => Self::Tensor,
            (Self::Graph, 11..=13) => Self::Value,
            (Self::Node, 5) => Self::Attribute,
            (Self::Value, 2) | (Self::SequenceType, 1) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::Type, 4) => Self::SequenceType,
            (Self::TensorType, 2) => Self::Shape,
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Self::Leaf,
            (Self::Tensor, 1 | 5 | 7) | (Self::Attribute, 8) => return Content::Numbers,
            _ => return Content::Opaque,
        };
        Content::Message(message)
    }
}

/// Walks through a whole file.
pub(super) fn check(file: &[u8]) -> Result<(), FrameError> {
    let mut fields = Fields {
        file,
        at: 0,
        end: file.len(),
    };
    let (mut version, mut graph) = (false, false);
    while let Some((number, content)) = fields.next()? {
        version |= number == VERSION_FIELD;
        graph |= number == GRAPH_FIELD && !content.is_empty();
        check_field(file, Message::Model.content(number), content, 0)?;
    }
    if version && graph {
        Ok(())
    } else {
        Err(FrameError::NoGraph)
    }
}

type Range = std::ops::Range<usize>;

fn check_field(
    file: &[u8],
    content: Content,
    range: Range,
    depth: usize,
) -> Result<(), FrameError> {
    if depth == MAX_DEPTH {
        return Err(FrameError::Damaged(range.start));
    }
    let mut fields = Fields {
        file,
        at: range.start,
        end: range.end,
    };
    match content {
        Content::Opaque => {}
        Content::Numbers => {
            while fields.at < fields.end {
                fields.number()?;
            }
        }
        Content::Message(message) => {
            while let Some((number, range)) = fields.next()? {
                check_field(file, message.content(number), range, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// The fields of one message.
struct Fields<'a> {
    file: &'a [u8],
    at: usize,
    end: usize,
}

impl Fields<'_> {
    /// Number of the next field and where its bytes are; a field that is no bytes has an empty place.
    fn next(&mut self) -> Result<Option<(u64, Range)>, FrameError> {
        if self.at == self.end {
            return Ok(None);
        }
        let start = self.at;
        let tag = self.number()?;
        let length = match tag & 7 {
            0 => {
                self.number()?;
                0
            }
            1 => {
                self.skip(8)?;
                0
            }
            2 => self.number()?,
            5 => {
                self.skip(4)?;
                0
            }
            _ => return Err(FrameError::Damaged(start)),
        };
        let range = self.at..self.at + self.skip(length)?;
        Ok(Some((tag >> 3, range)))
    }

    /// A number of one to ten bytes; all but the last one have the high bit.
    fn number(&mut self) -> Result<u64, FrameError> {
        let start = self.at;
        let mut value = 0;
        for index in 0..MAX_NUMBER_BYTES {
            let Some(&byte) = self.file[..self.end].get(start + index) else {
                return Err(FrameError::Damaged(start));
            };
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.at = start + index + 1;
                return Ok(value);
            }
        }
        Err(FrameError::Damaged(start))
    }

    /// Passes over so many bytes.
    fn skip(&mut self, length: u64) -> Result<usize, FrameError> {
        let start = self.at;
        let skipped = usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.end - start)
            .ok_or(FrameError::CutOff {
                start,
                length,
                whole: self.file.len(),
            })?;
        self.at += skipped;
        Ok(skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameError, check};

    /// Version 6; a graph with one node that has an attribute of packed numbers.
    const FILE: [u8; 14] = [8, 6, 58, 10, 10, 8, 42, 6, 66, 4, 1, 0xff, 0x7f, 2];

    #[test]
    fn a_file_cut_anywhere_is_told() {
        assert_eq!(check(&FILE), Ok(()));
        assert_eq!(check(&FILE[..2]), Err(FrameError::NoGraph));
        for length in (0..FILE.len()).filter(|length| *length != 2) {
            assert!(check(&FILE[..length]).is_err(), "{length}");
        }
        assert_eq!(
            check(&FILE[..9]),
            Err(FrameError::CutOff {
                start: 4,
                length: 10,
                whole: 9
            })
        );
    }

    #[test]
    fn numbers_that_do_not_end_and_parts_that_are_too_long_are_told() {
        assert_eq!(check(&[0xff; 64]), Err(FrameError::Damaged(0)));
        // The last packed number goes on beyond its field.
        let mut endless = FILE;
        endless[13] = 0x82;
        assert_eq!(check(&endless), Err(FrameError::Damaged(13)));
        // An inner part is longer than the one around it.
        let mut long = FILE;
        long[7] = 7;
        assert!(matches!(
            check(&long),
            Err(FrameError::CutOff {
                start: 8,
                length: 7,
                ..
            })
        ));
        // A length that would lead back to the beginning.
        let back = [
            8, 6, 18, 0xf3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ];
        assert!(matches!(
            check(&back),
            Err(FrameError::CutOff { start: 13, .. })
        ));
    }

    #[test]
    fn graphs_inside_each_other_have_an_end() {
        let mut graph: Vec<u8> = Vec::new();
        for _ in 0..40 {
            // A graph in an attribute in a node in a graph.
            for tag in [50, 42, 10] {
                let length = u8::try_from(graph.len() & 0x7f).unwrap_or_default() | 0x80;
                let rest = (graph.len() >> 7) as u8;
                graph = [&[tag, length, rest][..], &graph].concat();
            }
        }
        let length = [(graph.len() & 0x7f) as u8 | 0x80, (graph.len() >> 7) as u8];
        let file = [&[8, 6, 58][..], &length, &graph].concat();
        assert!(matches!(check(&file), Err(FrameError::Damaged(_))));
    }
}
