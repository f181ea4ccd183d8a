//! `drape account watermark set|clear|show|preview`

use std::path::Path;

use anyhow::Context as _;
use bytes::Bytes;
use drape_core::{
    Code, Error,
    account::Account,
    ports::{Clock as _, Pictures as _, Watermarks as _},
    watermark::{Watermark, WatermarkChange, set_watermark},
};
use drape_server::{app::Data, config::Config, pictures::PictureWorkers};
use serde_json::{Value, json};

use super::super::{find_account, print_json, try_on};
use crate::args::{StyleArgs, WatermarkCommand};

pub(super) async fn run(
    config: &Config,
    data: &Data,
    command: WatermarkCommand,
) -> anyhow::Result<()> {
    match command {
        WatermarkCommand::Set {
            account,
            logo,
            style,
        } => set(data, &account, logo.as_deref(), &style).await,
        WatermarkCommand::Clear { account } => clear(data, &account).await,
        WatermarkCommand::Show {
            account,
            json,
            logo_out,
        } => show(data, &account, json, logo_out.as_deref()).await,
        WatermarkCommand::Preview {
            account,
            photo,
            ai_label,
            output,
        } => preview(config, data, &account, &photo, ai_label, &output).await,
    }
}

/// Picture work for one command.
pub(crate) fn pictures() -> PictureWorkers {
    PictureWorkers::new(1, 0, drape_imaging::Limits::default())
}

async fn set(
    data: &Data,
    name_or_id: &str,
    logo: Option<&Path>,
    style: &StyleArgs,
) -> anyhow::Result<()> {
    let account = find_account(data, name_or_id).await?;
    let logo = logo.map(read).transpose()?;
    let change = WatermarkChange {
        anchor: style.anchor,
        width_share: style.width,
        opacity: style.opacity,
        margin_share: style.margin,
    };
    let now = data.clock.now();
    let done = set_watermark(&data.store, &pictures(), account.id, logo, change, now).await;
    print(&account, &done.map_err(in_words_of_the_command)?);
    Ok(())
}

/// The use case speaks of the fields of the API; here they are flags.
fn in_words_of_the_command(error: Error) -> Error {
    match error.code() {
        Code::FileRequired => Error::new(
            Code::FileRequired,
            "the account has no logo yet: name one with --logo",
        ),
        Code::ValidationFailed => {
            let details = error.details().iter().cloned().map(|mut detail| {
                let flag = match detail.path.as_str() {
                    "widthShare" => "--width",
                    "marginShare" => "--margin",
                    _ => "--opacity",
                };
                flag.clone_into(&mut detail.path);
                detail
            });
            Error::validation(details.collect())
        }
        _ => error,
    }
}

async fn clear(data: &Data, name_or_id: &str) -> anyhow::Result<()> {
    let account = find_account(data, name_or_id).await?;
    if !data.store.clear(account.id).await? {
        return Err(none_set(&account).into());
    }
    println!("account \"{}\" has no logo any more", account.name);
    Ok(())
}

async fn show(
    data: &Data,
    name_or_id: &str,
    as_json: bool,
    logo_out: Option<&Path>,
) -> anyhow::Result<()> {
    let account = find_account(data, name_or_id).await?;
    let watermark = find(data, &account).await?;
    if let Some(path) = logo_out {
        write(path, &watermark.logo.png)?;
    }
    if as_json {
        print_json(&to_json(&account, &watermark));
    } else {
        print(&account, &watermark);
    }
    Ok(())
}

async fn preview(
    config: &Config,
    data: &Data,
    name_or_id: &str,
    photo: &Path,
    label: bool,
    output: &Path,
) -> anyhow::Result<()> {
    try_on::check_output(output)?;
    let account = find_account(data, name_or_id).await?;
    let watermark = find(data, &account).await?;
    let photo = try_on::read_picture(config, photo)?;
    let marked = pictures()
        .mark_result(photo.jpeg.into(), Some(watermark), label)
        .await?;
    write(output, &marked.jpeg)?;
    let (width, height) = (marked.width, marked.height);
    println!("{} ({width} x {height} pixels)", output.display());
    Ok(())
}

async fn find(data: &Data, account: &Account) -> anyhow::Result<Watermark> {
    let found = data.store.find(account.id).await?;
    Ok(found.ok_or_else(|| none_set(account))?)
}

fn none_set(account: &Account) -> Error {
    let message = format!(
        "account \"{0}\" has no logo; `drape account watermark set {0} --logo FILE` sets one",
        account.name
    );
    Error::new(Code::WatermarkNotFound, message)
}

/// Reads a logo file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Bytes> {
    let bytes =
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(bytes.into())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

fn print(account: &Account, watermark: &Watermark) {
    let Watermark { logo, style, .. } = watermark;
    let percent = |share: f64| format!("{}%", (share * 10_000.0).round() / 100.0);
    println!("account   {}", account.name);
    println!("logo      {} x {} pixels", logo.width, logo.height);
    println!("anchor    {}", style.anchor());
    println!(
        "width     {} of the picture's width",
        percent(style.width_share())
    );
    println!("opacity   {}", percent(style.opacity()));
    println!(
        "margin    {} of the picture's short side",
        percent(style.margin_share())
    );
    println!("set       {}", watermark.updated_at);
}

fn to_json(account: &Account, watermark: &Watermark) -> Value {
    let Watermark { logo, style, .. } = watermark;
    json!({
        "accountId": account.id.to_string(), "anchor": style.anchor().as_str(), "widthShare": style.width_share(),
        "opacity": style.opacity(), "marginShare": style.margin_share(), "logoWidth": logo.width,
        "logoHeight": logo.height, "updatedAt": watermark.updated_at,
    })
}
