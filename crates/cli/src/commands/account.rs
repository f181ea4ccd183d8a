//! `drape account create|list|show|disable|enable|set`; `drape account watermark ...` lies in a file of its own.

pub(super) mod watermark;

use drape_core::{
    account::{Account, AccountChange, ApiKey},
    admin::AccountDraft,
    ports::{Accounts, Ledger as _},
};
use drape_server::{
    app::{Data, account_defaults, engines},
    config::Config,
};
use serde_json::json;

use super::{admin, find_account, key, print_json, with_data};
use crate::args::{AccountCommand, AccountSetArgs, Common, Switch};

pub(crate) fn run(common: &Common, command: AccountCommand) -> anyhow::Result<()> {
    with_data(common, |config, data| async move {
        match command {
            AccountCommand::Create {
                name,
                credits,
                rate_limit,
                json,
            } => {
                let (account, key) = create(&config, &data, &name, credits, rate_limit).await?;
                if json {
                    print_json(
                        &json!({ "accountId": account.id.to_string(), "apiKey": key.expose() }),
                    );
                } else {
                    println!("account  {} ({})", account.name, account.id);
                    println!("API key  {}", key.expose());
                    println!("The key is shown this once; only its hash is stored.");
                }
            }
            AccountCommand::List { json } => list(&data, json).await?,
            AccountCommand::Show { account, json } => show(&data, &account, json).await?,
            AccountCommand::Disable { account } => set_active(&data, &account, false).await?,
            AccountCommand::Enable { account } => set_active(&data, &account, true).await?,
            AccountCommand::Set(args) => set(&config, &data, args).await?,
            AccountCommand::Watermark(command) => watermark::run(&config, &data, command).await?,
        }
        Ok(())
    })
}

/// Makes an account with a first key.
pub(crate) async fn create(
    config: &Config,
    data: &Data,
    name: &str,
    credits: Option<u32>,
    rate_limit: Option<u32>,
) -> anyhow::Result<(Account, ApiKey)> {
    let draft = AccountDraft {
        name: name.to_owned(),
        credits,
        rate_limit,
        poll_limit: None,
    };
    Ok(admin(data)
        .create_account(draft, account_defaults(config))
        .await?)
}

async fn list(data: &Data, as_json: bool) -> anyhow::Result<()> {
    let accounts = Accounts::list(&data.store).await?;
    let mut rows = Vec::new();
    for account in &accounts {
        rows.push((account, data.store.balance(account.id).await?));
    }
    if as_json {
        print_json(
            &rows
                .iter()
                .map(|(account, balance)| to_json(account, *balance))
                .collect(),
        );
        return Ok(());
    }
    println!(
        "{:<38} {:<20} {:<9} {:>8} {:>6}",
        "ID", "NAME", "STATE", "CREDITS", "RATE"
    );
    for (account, balance) in rows {
        let state = if account.is_active {
            "active"
        } else {
            "disabled"
        };
        println!(
            "{:<38} {:<20} {state:<9} {balance:>8} {:>6}",
            account.id.to_string(),
            account.name,
            account.rate_limit
        );
    }
    Ok(())
}

async fn show(data: &Data, name_or_id: &str, as_json: bool) -> anyhow::Result<()> {
    let account = find_account(data, name_or_id).await?;
    let balance = data.store.balance(account.id).await?;
    let keys = data.store.list_keys(account.id).await?;
    if as_json {
        let mut shown = to_json(&account, balance);
        shown["keys"] = keys.iter().map(key::to_json).collect();
        print_json(&shown);
        return Ok(());
    }
    println!("id          {}", account.id);
    println!("name        {}", account.name);
    println!(
        "state       {}",
        if account.is_active {
            "active"
        } else {
            "disabled"
        }
    );
    println!("credits     {balance}");
    println!(
        "rate limit  {} per minute, {} for status and pictures",
        account.rate_limit, account.poll_limit
    );
    println!(
        "pictures    kept for {} days unless a request says otherwise",
        account.keep_for_days
    );
    println!(
        "engine      {}",
        account.engine.as_deref().unwrap_or("the server's default")
    );
    println!(
        "AI label    {} unless a request says otherwise",
        if account.ai_label { "on" } else { "off" }
    );
    match account.credits_low_at {
        0 => println!("low credits never told"),
        balance => println!("low credits told at a balance of {balance}"),
    }
    println!("created     {}", account.created_at);
    for key in keys {
        let state = key
            .revoked_at
            .map_or_else(|| "works".to_owned(), |at| format!("revoked {at}"));
        println!("key         {}  {state}  {}", key.id, key.label);
    }
    Ok(())
}

/// Changes settings and says what holds now.
async fn set(config: &Config, data: &Data, args: AccountSetArgs) -> anyhow::Result<()> {
    let account = find_account(data, &args.account).await?;
    let settings = args.settings;
    let change = AccountChange {
        is_active: None,
        rate_limit: settings.rate_limit,
        poll_limit: settings.poll_limit,
        keep_for_days: settings.keep_for_days,
        engine: settings
            .engine
            .map(|name| Some(name).filter(|name| name != "default")),
        ai_label: settings.ai_label.map(|switch| switch == Switch::On),
        credits_low_at: settings.credits_low_at,
    };
    admin(data)
        .update_account(&engines(config)?, account.id, change)
        .await?;
    show(data, &args.account, false).await
}

async fn set_active(data: &Data, name_or_id: &str, is_active: bool) -> anyhow::Result<()> {
    let account = find_account(data, name_or_id).await?;
    data.store.set_active(account.id, is_active).await?;
    println!(
        "account \"{}\" is now {}",
        account.name,
        if is_active { "active" } else { "disabled" }
    );
    Ok(())
}

fn to_json(account: &Account, balance: i64) -> serde_json::Value {
    json!({
        "accountId": account.id.to_string(), "name": account.name, "isActive": account.is_active,
        "creditBalance": balance, "rateLimit": account.rate_limit, "pollLimit": account.poll_limit,
        "keepForDays": account.keep_for_days, "engine": account.engine, "aiLabel": account.ai_label,
        "creditsLowAt": account.credits_low_at, "createdAt": account.created_at,
    })
}
