//! `drape credits grant|show`

use drape_core::ports::Ledger as _;
use serde_json::json;

use super::{admin, find_account, print_json, with_data};
use crate::args::{Common, CreditsCommand};

/// Entries of the ledger that are shown.
const SHOWN_ENTRIES: u32 = 20;

pub(crate) fn run(common: &Common, command: CreditsCommand) -> anyhow::Result<()> {
    with_data(common, |_, data| async move {
        match command {
            CreditsCommand::Grant {
                account,
                amount,
                note,
            } => {
                let account = find_account(&data, &account).await?;
                let granted = admin(&data).grant(account.id, amount, &note).await?;
                println!(
                    "account \"{}\" now has {} credits",
                    account.name, granted.balance
                );
            }
            CreditsCommand::Show { account, json } => {
                let account = find_account(&data, &account).await?;
                let balance = data.store.balance(account.id).await?;
                let entries = data.store.entries(account.id, SHOWN_ENTRIES).await?;
                if json {
                    let entries: Vec<_> = entries
                        .iter()
                        .map(|entry| {
                            json!({
                                "kind": entry.kind.as_str(), "amount": entry.amount,
                                "generationId": entry.generation.map(|id| id.to_string()),
                                "note": entry.note, "createdAt": entry.created_at,
                            })
                        })
                        .collect();
                    print_json(&json!({ "creditBalance": balance, "entries": entries }));
                } else {
                    println!("{balance} credits");
                    for entry in entries {
                        let about = entry.generation.map_or(entry.note, |id| id.to_string());
                        println!(
                            "{}  {:<8} {:>+6}  {about}",
                            entry.created_at,
                            entry.kind.as_str(),
                            entry.amount
                        );
                    }
                }
            }
        }
        Ok(())
    })
}
