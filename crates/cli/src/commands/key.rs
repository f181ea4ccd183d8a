//! `drape key create|list|revoke`

use drape_core::{
    Code,
    account::KeyInfo,
    ids::KeyId,
    ports::{Accounts as _, Clock as _},
};
use serde_json::json;

use super::{admin, find_account, print_json, with_data};
use crate::args::{Common, KeyCommand};

pub(crate) fn run(common: &Common, command: KeyCommand) -> anyhow::Result<()> {
    with_data(common, |_, data| async move {
        match command {
            KeyCommand::Create {
                account,
                label,
                json,
            } => {
                let account = find_account(&data, &account).await?;
                let (info, key) = admin(&data).create_key(account.id, &label).await?;
                let id = info.id;
                if json {
                    print_json(&json!({ "keyId": id.to_string(), "apiKey": key.expose() }));
                } else {
                    println!("key      {id} of account \"{}\"", account.name);
                    println!("API key  {}", key.expose());
                    println!("The key is shown this once; only its hash is stored.");
                }
            }
            KeyCommand::List { account, json } => {
                let account = find_account(&data, &account).await?;
                let keys = data.store.list_keys(account.id).await?;
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
            KeyCommand::Revoke { account, key } => {
                let account = find_account(&data, &account).await?;
                let id = key.parse::<KeyId>().ok();
                let revoked = match id {
                    Some(id) => {
                        data.store
                            .revoke_key(account.id, id, data.clock.now())
                            .await?
                    }
                    None => false,
                };
                if !revoked {
                    let message = format!(
                        "account \"{}\" has no working key \"{key}\"; `drape key list` shows all",
                        account.name
                    );
                    return Err(drape_core::Error::new(Code::NotFound, message).into());
                }
                println!("key {key} no longer works");
            }
        }
        Ok(())
    })
}

/// A key as commands print it: never the key itself.
pub(crate) fn to_json(key: &KeyInfo) -> serde_json::Value {
    json!({
        "keyId": key.id.to_string(), "label": key.label,
        "createdAt": key.created_at, "revokedAt": key.revoked_at,
    })
}
