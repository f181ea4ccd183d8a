//! `drape customer erase`

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use drape_core::{
    Code, Error,
    erase::{CustomerId, Erased, Eraser, erase_with},
    ports::Clock as _,
};
use serde_json::json;

use super::{find_account, print_json, with_data};
use crate::args::{Common, CustomerCommand};

pub(crate) fn run(common: &Common, command: CustomerCommand) -> anyhow::Result<()> {
    let CustomerCommand::Erase {
        account,
        customer,
        yes,
        json,
    } = command;
    let customer: CustomerId = customer
        .parse()
        .map_err(|message| Error::invalid_field("customer", message))?;
    with_data(common, |_, data| async move {
        let account = find_account(&data, &account).await?;
        if !yes {
            confirm(&account.name)?;
        }
        let eraser = Eraser {
            customers: &data.store,
            retention: &data.store,
            blobs: data.blobs.as_ref(),
            engines: None,
        };
        let erased = erase_with(eraser, account.id, &customer, data.clock.now()).await?;
        if json {
            print_json(&to_json(&erased));
        } else {
            println!(
                "erased: {} pictures, {} results, {} files; {} generations lost the name, {} of them were cancelled",
                erased.pictures, erased.results, erased.files, erased.generations, erased.cancelled
            );
        }
        // The memory of another process cannot be reached from here.
        eprintln!(
            "note: a server that is running may keep analyses of these pictures in its memory until it is restarted; \
             `DELETE /tryon/v1/customers/{{customerId}}` clears that, too"
        );
        Ok(())
    })
}

/// Asks at a terminal; elsewhere nobody can answer.
fn confirm(account: &str) -> anyhow::Result<()> {
    let refused = || Error::new(Code::ValidationFailed, "nothing was erased; add --yes");
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(refused().into());
    }
    print!("Erase all pictures and results of this customer of \"{account}\" for good? Type yes: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(refused().into())
}

fn to_json(erased: &Erased) -> serde_json::Value {
    json!({
        "pictures": erased.pictures, "results": erased.results, "cancelled": erased.cancelled,
        "generations": erased.generations, "files": erased.files,
    })
}
