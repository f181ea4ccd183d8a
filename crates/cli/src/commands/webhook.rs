//! `drape webhook add|list|remove|enable|disable|rotate|deliveries|show|replay|test`

use drape_core::{
    Code, Error,
    account::Account,
    ids::{DeliveryId, EndpointId},
    page::{Cursor, PageRequest},
    ports::{Clock as _, Ids as _, Webhooks as _},
    webhook::{self, Delivery, DeliveryAttempt, Endpoint, EndpointChange, Event, WebhookSecret},
};
use drape_server::{
    app::{Data, guarded_fetch},
    config::Config,
};
use serde_json::json;

use super::{find_account, print_json, with_data};
use crate::args::{Common, WebhookCommand};

/// Messages that are shown.
const SHOWN_DELIVERIES: u32 = 50;

pub(crate) fn run(common: &Common, command: WebhookCommand) -> anyhow::Result<()> {
    with_data(common, |config, data| async move {
        match command {
            WebhookCommand::Add {
                account,
                url,
                events,
                json,
            } => add(&config, &data, &account, url, &events, json).await,
            WebhookCommand::List { account, json } => list(&data, &account, json).await,
            WebhookCommand::Remove { account, webhook } => {
                let (account, id) = named(&data, &account, &webhook).await?;
                webhook::remove(&data.store, account.id, id, data.clock.now()).await?;
                println!("webhook {id} and its log are gone");
                Ok(())
            }
            WebhookCommand::Enable { account, webhook } => {
                set_active(&config, &data, &account, &webhook, true).await
            }
            WebhookCommand::Disable { account, webhook } => {
                set_active(&config, &data, &account, &webhook, false).await
            }
            WebhookCommand::Rotate {
                account,
                webhook,
                json,
            } => rotate(&data, &account, &webhook, json).await,
            WebhookCommand::Deliveries {
                account,
                webhook,
                failed,
                limit,
                cursor,
                json,
            } => {
                let (account, id) = named(&data, &account, &webhook).await?;
                let endpoint = webhook::find(&data.store, account.id, id).await?;
                let page = PageRequest {
                    limit: limit.unwrap_or(SHOWN_DELIVERIES),
                    after: cursor.as_deref().map(Cursor::decode).transpose()?,
                };
                deliveries(&data, &endpoint, failed, page, json).await
            }
            WebhookCommand::Show { delivery, json } => show(&data, &delivery, json).await,
            WebhookCommand::Replay { delivery } => {
                let (found, _) = find_delivery(&data, &delivery).await?;
                let now = data.clock.now();
                webhook::replay(&data.store, found.account, found.id, now).await?;
                println!(
                    "{} goes out again with the next look of a running server",
                    found.id
                );
                Ok(())
            }
            WebhookCommand::Test { webhook } => test(&data, &webhook).await,
        }
    })
}

/// The account, and the id of one of its webhooks.
async fn named(data: &Data, account: &str, webhook: &str) -> anyhow::Result<(Account, EndpointId)> {
    let account = find_account(data, account).await?;
    let id = webhook.parse().map_err(|_| {
        let message = format!(
            "account \"{}\" has no webhook \"{webhook}\"; `drape webhook list` shows all",
            account.name
        );
        Error::new(Code::WebhookNotFound, message)
    })?;
    Ok((account, id))
}

async fn find_delivery(
    data: &Data,
    delivery: &str,
) -> anyhow::Result<(Delivery, Vec<DeliveryAttempt>)> {
    let found = match delivery.parse::<DeliveryId>() {
        Ok(id) => data.store.find_delivery(id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        let message = format!(
            "there is no webhook delivery \"{delivery}\"; `drape webhook deliveries` shows all"
        );
        Error::new(Code::WebhookNotFound, message).into()
    })
}

async fn add(
    config: &Config,
    data: &Data,
    account: &str,
    url: String,
    events: &[String],
    as_json: bool,
) -> anyhow::Result<()> {
    let account = find_account(data, account).await?;
    let events = if events.is_empty() {
        Event::ALL.to_vec()
    } else {
        webhook::parse_events(events)?
    };
    let post = guarded_fetch(config)?;
    let secret = WebhookSecret::from_random(data.ids.secret());
    let endpoint = Endpoint {
        id: EndpointId::from_uuid(data.ids.uuid()),
        account: account.id,
        url,
        events,
        is_active: true,
        created_at: data.clock.now(),
    };
    let endpoint = webhook::register(&data.store, &post, endpoint, secret.clone()).await?;
    if as_json {
        let mut shown = to_json(&endpoint);
        shown["secret"] = secret.expose().into();
        print_json(&shown);
        return Ok(());
    }
    println!("webhook  {} of account \"{}\"", endpoint.id, account.name);
    println!("events   {}", names(&endpoint.events));
    println!("secret   {}", secret.expose());
    println!("The secret is shown this once; it checks the signature of every message.");
    Ok(())
}

async fn list(data: &Data, account: &str, as_json: bool) -> anyhow::Result<()> {
    let account = find_account(data, account).await?;
    let endpoints = data.store.endpoints(account.id).await?;
    if as_json {
        print_json(&endpoints.iter().map(to_json).collect());
        return Ok(());
    }
    for endpoint in endpoints {
        let state = if endpoint.is_active { "active" } else { "off" };
        let events = names(&endpoint.events);
        println!("{}  {state:<6}  {}  {events}", endpoint.id, endpoint.url);
    }
    Ok(())
}

async fn set_active(
    config: &Config,
    data: &Data,
    account: &str,
    webhook: &str,
    is_active: bool,
) -> anyhow::Result<()> {
    let (account, id) = named(data, account, webhook).await?;
    let change = EndpointChange {
        is_active: Some(is_active),
        ..EndpointChange::default()
    };
    let post = guarded_fetch(config)?;
    webhook::change(&data.store, &post, account.id, id, change).await?;
    let state = if is_active { "on" } else { "off" };
    println!("webhook {id} is now {state}");
    Ok(())
}

async fn rotate(data: &Data, account: &str, webhook: &str, as_json: bool) -> anyhow::Result<()> {
    let (account, id) = named(data, account, webhook).await?;
    let secret = WebhookSecret::from_random(data.ids.secret());
    let now = data.clock.now();
    webhook::rotate(&data.store, account.id, id, secret.clone(), now).await?;
    if as_json {
        print_json(&json!({ "webhookId": id.to_string(), "secret": secret.expose() }));
        return Ok(());
    }
    println!("secret   {}", secret.expose());
    println!(
        "The secret is shown this once. Messages carry signatures of the old one, too, for {} hours.",
        webhook::OLD_SECRET_HOURS
    );
    Ok(())
}

async fn deliveries(
    data: &Data,
    endpoint: &Endpoint,
    failed_only: bool,
    page: PageRequest,
    as_json: bool,
) -> anyhow::Result<()> {
    let page = data
        .store
        .deliveries(endpoint.id, failed_only, page)
        .await?;
    let next = page.next.map(Cursor::encode);
    if as_json {
        let items: Vec<_> = page.items.iter().map(delivery_to_json).collect();
        print_json(&json!({ "items": items, "nextCursor": next }));
        return Ok(());
    }
    for delivery in page.items {
        let about = delivery.occurrence.generation();
        println!(
            "{}  {}  {:<9}  {:<20}  {} attempt(s)  {}",
            delivery.id,
            delivery.created_at,
            delivery.state.as_str(),
            delivery.occurrence.event().as_str(),
            delivery.attempts,
            about.map(|id| id.to_string()).unwrap_or_default()
        );
    }
    if let Some(cursor) = next {
        println!("more with --cursor {cursor}");
    }
    Ok(())
}

async fn show(data: &Data, delivery: &str, as_json: bool) -> anyhow::Result<()> {
    let (delivery, attempts) = find_delivery(data, delivery).await?;
    if as_json {
        let mut shown = delivery_to_json(&delivery);
        shown["log"] = attempts.iter().map(attempt_to_json).collect();
        print_json(&shown);
        return Ok(());
    }
    println!("event    {}", delivery.occurrence.event().as_str());
    println!("state    {}", delivery.state.as_str());
    println!("created  {}", delivery.created_at);
    if let Some(at) = delivery.next_attempt_at {
        println!("next     {at}");
    }
    for attempt in attempts {
        let outcome = attempt.error.unwrap_or_else(|| "delivered".to_owned());
        println!(
            "{:>3}  {}  {:>6} ms  {outcome}",
            attempt.number, attempt.at, attempt.duration_ms
        );
    }
    Ok(())
}

async fn test(data: &Data, webhook: &str) -> anyhow::Result<()> {
    let found = match webhook.parse() {
        Ok(id) => data.store.find_endpoint(id).await?,
        Err(_) => None,
    };
    let endpoint = found.ok_or_else(|| {
        let message = format!("there is no webhook \"{webhook}\"; `drape webhook list` shows all");
        Error::new(Code::WebhookNotFound, message)
    })?;
    let delivery = DeliveryId::from_uuid(data.ids.uuid());
    let (account, now) = (endpoint.account, data.clock.now());
    webhook::send_test(&data.store, account, endpoint.id, delivery, now).await?;
    println!(
        "{delivery} goes out with the next look of a running server; `drape webhook show {delivery}` tells"
    );
    Ok(())
}

fn names(events: &[Event]) -> String {
    let names: Vec<_> = events.iter().map(|event| event.as_str()).collect();
    names.join(",")
}

/// A webhook as commands print it: never its secret.
fn to_json(endpoint: &Endpoint) -> serde_json::Value {
    let events: Vec<_> = endpoint.events.iter().map(|event| event.as_str()).collect();
    json!({
        "webhookId": endpoint.id.to_string(), "url": endpoint.url, "events": events,
        "isActive": endpoint.is_active, "createdAt": endpoint.created_at,
    })
}

fn delivery_to_json(delivery: &Delivery) -> serde_json::Value {
    json!({
        "deliveryId": delivery.id.to_string(), "webhookId": delivery.endpoint.to_string(),
        "event": delivery.occurrence.event().as_str(),
        "generationId": delivery.occurrence.generation().map(|id| id.to_string()),
        "state": delivery.state.as_str(), "attempts": delivery.attempts,
        "nextAttemptAt": delivery.next_attempt_at, "createdAt": delivery.created_at, "endedAt": delivery.ended_at,
    })
}

fn attempt_to_json(attempt: &DeliveryAttempt) -> serde_json::Value {
    json!({
        "number": attempt.number, "status": attempt.status, "error": attempt.error,
        "durationMs": attempt.duration_ms, "at": attempt.at,
    })
}
