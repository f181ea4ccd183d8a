//! From a picture to patches and back.

use rayon::prelude::*;

/// Cuts planes, each `width` pixels wide, into square patches in the order (channel, y, x).
///
/// The patches go row by row; each becomes the first columns of a row of `out`, `row_width` numbers each.
pub(crate) fn patchify<T: Send>(
    planes: &[&[f32]],
    width: usize,
    patch: usize,
    out: &mut [T],
    row_width: usize,
    convert: impl Fn(f32) -> T + Sync,
) {
    let grid_columns = width / patch;
    out.par_chunks_mut(row_width)
        .enumerate()
        .for_each(|(token, row)| {
            let (y, x) = (token / grid_columns * patch, token % grid_columns * patch);
            let lines = row.chunks_exact_mut(patch).take(planes.len() * patch);
            for (line, target) in lines.enumerate() {
                let start = (y + line % patch) * width + x;
                let source = &planes[line / patch][start..start + patch];
                for (to, from) in target.iter_mut().zip(source) {
                    *to = convert(*from);
                }
            }
        });
}

/// Puts colour patches together to planes [channel, y, x].
///
/// Each row of `patches` is one patch in the order (channel, y, x); the patches go row by row over a canvas `width` pixels wide.
pub fn unpatchify(patches: &[f32], width: usize, patch: usize, planes: &mut [f32]) {
    let plane = planes.len() / crate::config::COLOURS;
    let grid_columns = width / patch;
    let patch_size = crate::config::COLOURS * patch * patch;
    for (token, values) in patches.chunks_exact(patch_size).enumerate() {
        let corner = (token / grid_columns) * patch * width + (token % grid_columns) * patch;
        for (line, source) in values.chunks_exact(patch).enumerate() {
            let start = (line / patch) * plane + corner + (line % patch) * width;
            planes[start..start + patch].copy_from_slice(source);
        }
    }
}
