//! `drape admin-key create|list|revoke`

use drape_core::{
    Code,
    admin::{label_problems, refuse},
    admin_key::{AdminKey, AdminKeyInfo, NewAdminKey},
    ids::AdminKeyId,
    ports::{AdminKeys as _, Clock as _, Ids as _},
};
use serde_json::json;

use super::{print_json, with_data};
use crate::args::{AdminKeyCommand, Common};

pub(crate) fn run(common: &Common, command: AdminKeyCommand) -> anyhow::Result<()> {
    with_data(common, |_, data| async move {
        match command {
            AdminKeyCommand::Create { label, json } => {
                refuse(label_problems(&label))?;
                let key = AdminKey::from_random(data.ids.secret());
                let id = AdminKeyId::from_uuid(data.ids.uuid());
                let new = NewAdminKey {
                    id,
                    hash: key.hash(),
                    label,
                    now: data.clock.now(),
                };
                data.store.create(new).await?;
                if json {
                    print_json(&json!({ "adminKeyId": id.to_string(), "adminKey": key.expose() }));
                } else {
                    println!("id         {id}");
                    println!("admin key  {}", key.expose());
                    println!("It opens /admin/v1 for all accounts: keep it on servers only.");
                    println!("The key is shown this once; only its hash is stored.");
                }
            }
            AdminKeyCommand::List { json } => {
                let keys = data.store.list().await?;
                if json {
                    print_json(&keys.iter().map(to_json).collect());
                } else {
                    for key in keys {
                        let state = key
                            .revoked_at
                            .map_or_else(|| "works".to_owned(), |at| format!("revoked {at}"));
                        println!("{}  {}  {state}  {}", key.id, key.created_at, key.label);
                    }
                }
            }
            AdminKeyCommand::Revoke { key } => {
                let revoked = match key.parse() {
                    Ok(id) => data.store.revoke(id, data.clock.now()).await?,
                    Err(_) => false,
                };
                if !revoked {
                    let message = format!(
                        "there is no working admin key \"{key}\"; `drape admin-key list` shows all"
                    );
                    return Err(drape_core::Error::new(Code::KeyNotFound, message).into());
                }
                println!("admin key {key} no longer works");
            }
        }
        Ok(())
    })
}

fn to_json(key: &AdminKeyInfo) -> serde_json::Value {
    json!({
        "adminKeyId": key.id.to_string(), "label": key.label,
        "createdAt": key.created_at, "revokedAt": key.revoked_at,
    })
}
