//! Rules for logos of accounts.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use bytes::Bytes;
use drape_core::{
    ids::AccountId,
    ports::Ids as _,
    watermark::{Anchor, NormalizedLogo, Watermark, WatermarkChange, WatermarkStyle},
};

use super::data::DataPorts;

fn watermark(data: &DataPorts, anchor: Anchor, size: u32) -> Watermark {
    let change = WatermarkChange {
        anchor: Some(anchor),
        width_share: Some(0.333),
        opacity: Some(0.5),
        margin_share: Some(0.0),
    };
    Watermark {
        logo: NormalizedLogo {
            png: Bytes::from(vec![0xf0; size as usize]),
            width: size,
            height: 8,
        },
        style: WatermarkStyle::default().changed(change).unwrap(),
        updated_at: data.now(),
    }
}

/// A watermark comes back as it was set, and a later one takes its place.
pub async fn a_watermark_comes_back_as_set(data: &DataPorts) {
    let account = data.account("shop", 0).await.id;
    assert_eq!(data.watermarks.find(account).await.unwrap(), None);
    for (anchor, size) in Anchor::ALL
        .into_iter()
        .zip([70_000, 8, 100].into_iter().cycle())
    {
        data.clock.advance_days(1);
        let set = watermark(data, anchor, size);
        data.watermarks.set(account, set.clone()).await.unwrap();
        assert_eq!(data.watermarks.find(account).await.unwrap(), Some(set));
    }
}

/// Each account has its own; an account that does not exist can have none.
pub async fn a_watermark_belongs_to_one_account(data: &DataPorts) {
    let first = data.account("first", 0).await.id;
    let second = data.account("second", 0).await.id;
    let set = watermark(data, Anchor::TopLeft, 20);
    data.watermarks.set(first, set.clone()).await.unwrap();
    assert_eq!(data.watermarks.find(second).await.unwrap(), None);
    let other = watermark(data, Anchor::Center, 30);
    data.watermarks.set(second, other.clone()).await.unwrap();
    assert_eq!(data.watermarks.find(first).await.unwrap(), Some(set));
    let nobody = AccountId::from_uuid(data.ids.uuid());
    assert!(data.watermarks.set(nobody, other).await.is_err());
    assert_eq!(data.watermarks.find(nobody).await.unwrap(), None);
}

/// Clearing removes the watermark of that account only; there is nothing to clear twice.
pub async fn a_cleared_watermark_is_gone(data: &DataPorts) {
    let first = data.account("first", 0).await.id;
    let second = data.account("second", 0).await.id;
    let set = watermark(data, Anchor::TopLeft, 20);
    data.watermarks.set(first, set.clone()).await.unwrap();
    data.watermarks.set(second, set.clone()).await.unwrap();
    assert!(data.watermarks.clear(first).await.unwrap());
    assert!(!data.watermarks.clear(first).await.unwrap());
    assert_eq!(data.watermarks.find(first).await.unwrap(), None);
    assert_eq!(data.watermarks.find(second).await.unwrap(), Some(set));
}
