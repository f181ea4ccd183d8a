//! What [`AdminKeys`](drape_core::ports::AdminKeys) must do.
#![expect(clippy::unwrap_used, reason = "a rule that is broken shall panic")]

use drape_core::{
    account::hash_api_key,
    admin_key::{AdminKey, NewAdminKey},
    ids::AdminKeyId,
    ports::Ids,
};

use super::data::DataPorts;

async fn create(data: &DataPorts, label: &str) -> (AdminKey, AdminKeyId) {
    let key = AdminKey::from_random(data.ids.secret());
    let id = AdminKeyId::from_uuid(data.ids.uuid());
    let new = NewAdminKey {
        id,
        hash: key.hash(),
        label: label.to_owned(),
        now: data.now(),
    };
    data.admin_keys.create(new).await.unwrap();
    (key, id)
}

/// Keys work until they are revoked, each by itself, and stay in the list.
pub async fn admin_keys_work_until_they_are_revoked(data: &DataPorts) {
    assert!(data.admin_keys.list().await.unwrap().is_empty());
    let (first, first_id) = create(data, "ops").await;
    let (second, second_id) = create(data, "").await;
    let found = data.admin_keys.find_by_hash(first.hash()).await.unwrap();
    let found = found.unwrap();
    assert_eq!((found.id, found.label.as_str()), (first_id, "ops"));
    assert_eq!((found.created_at, found.revoked_at), (data.now(), None));

    let made_at = data.now();
    data.clock.advance_days(1);
    assert!(data.admin_keys.revoke(first_id, data.now()).await.unwrap());
    assert!(!data.admin_keys.revoke(first_id, data.now()).await.unwrap());
    let unknown = AdminKeyId::from_uuid(data.ids.uuid());
    assert!(!data.admin_keys.revoke(unknown, data.now()).await.unwrap());
    let found = data.admin_keys.find_by_hash(first.hash()).await.unwrap();
    assert_eq!(found, None);
    let found = data.admin_keys.find_by_hash(second.hash()).await.unwrap();
    assert_eq!(found.map(|key| key.id), Some(second_id));
    let listed = data.admin_keys.list().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|key| (key.id, key.revoked_at)).collect();
    assert_eq!(
        listed,
        [(second_id, None), (first_id, Some(made_at.plus_days(1)))]
    );
}

/// Neither kind of key is found as the other one.
pub async fn admin_keys_and_account_keys_are_apart(data: &DataPorts) {
    let (admin, _) = create(data, "ops").await;
    let (account, new) = data.new_account("shop", 1);
    data.accounts.create(new).await.unwrap();
    let as_account = hash_api_key(admin.expose());
    assert_eq!(data.accounts.find_by_key(as_account).await.unwrap(), None);
    let as_admin = drape_core::admin_key::hash_admin_key(account.expose());
    assert_eq!(data.admin_keys.find_by_hash(as_admin).await.unwrap(), None);
}
