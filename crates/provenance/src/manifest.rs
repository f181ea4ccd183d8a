//! What a manifest says.
//!
//! Source: C2PA specification 2.x, "Actions", "Ingredient" and "Digital Source Type".

use drape_core::{
    engine::DigitalSource,
    ports::{Drawn, ProvenanceFacts},
    time::Timestamp,
};
use serde_json::{Value, json};

use crate::hex;

/// Scheme of the identifiers of ingredients: the hash of the file, as RFC 6920 writes it for people.
pub(crate) const HASH_SCHEME: &str = "nih:sha-256;";

/// Name under which the program signs.
pub(crate) const GENERATOR: &str = "drape";

/// Definition of the manifest in the form of the C2PA library.
///
/// The person's picture is the parent; product pictures are inputs. Both are named by the hash of their file alone: no
/// thumbnail, no file name, nothing of what they show.
pub(crate) fn definition(facts: &ProvenanceFacts, version: &str) -> Value {
    let mut ingredients = vec![ingredient(
        "person",
        "person",
        "parentOf",
        &facts.person_sha256,
    )];
    let mut products = Vec::new();
    for (index, sha256) in facts.product_sha256.iter().enumerate() {
        let label = format!("product-{}", index + 1);
        let title = format!("product picture {}", index + 1);
        ingredients.push(ingredient(&label, &title, "inputTo", sha256));
        products.push(label);
    }
    json!({
        "claim_generator_info": [{ "name": GENERATOR, "version": version }],
        "title": facts.title,
        "format": "image/jpeg",
        "instance_id": facts.instance.urn().to_string(),
        "ingredients": ingredients,
        "assertions": [{
            "label": "c2pa.actions",
            "created": true,
            "data": { "actions": actions(facts, &products, version) },
        }],
    })
}

fn ingredient(label: &str, title: &str, relationship: &str, sha256: &[u8; 32]) -> Value {
    json!({
        "label": label,
        "title": title,
        "format": "image/jpeg",
        "relationship": relationship,
        "instance_id": format!("{HASH_SCHEME}{}", hex::encode(sha256)),
    })
}

fn actions(facts: &ProvenanceFacts, products: &[String], version: &str) -> Vec<Value> {
    let when = whole_seconds(facts.made_at);
    let engine = json!({ "name": facts.engine, "version": facts.engine_version });
    let mut opened = json!({
        "action": "c2pa.opened",
        "when": when,
        "parameters": { "ingredientIds": ["person"] },
    });
    let mut actions = Vec::new();
    match (facts.source, facts.source.iptc_term()) {
        (DigitalSource::Unchanged, _) | (_, None) => {
            opened["softwareAgent"] = engine;
            opened["description"] =
                json!("The picture was passed on unchanged: no product was put in.");
            actions.push(opened);
        }
        (_, Some(term)) => {
            actions.push(opened);
            actions.push(json!({
                "action": "c2pa.edited",
                "when": when,
                "softwareAgent": engine,
                "digitalSourceType": term,
                "description": "A product was put onto the person: a virtual try-on.",
                "parameters": { "ingredientIds": products },
            }));
        }
    }
    for drawn in &facts.drawn {
        actions.push(json!({
            "action": "c2pa.edited",
            "when": when,
            "softwareAgent": { "name": GENERATOR, "version": version },
            "description": match drawn {
                Drawn::Watermark => "A logo was drawn onto the picture.",
                Drawn::AiLabel => "A label was drawn onto the picture that says that it is generated.",
            },
        }));
    }
    actions
}

/// RFC 3339 without fractions, such as `2026-03-01T09:00:00Z`.
fn whole_seconds(moment: Timestamp) -> String {
    let text = moment.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(source: DigitalSource) -> ProvenanceFacts {
        ProvenanceFacts {
            instance: uuid::Uuid::from_u128(7),
            title: "gen_7.jpg".to_owned(),
            engine: "tailor".to_owned(),
            engine_version: "2.1".to_owned(),
            source,
            made_at: Timestamp::from_micros(1_772_355_600_123_456),
            person_sha256: [0xab; 32],
            product_sha256: vec![[1; 32], [2; 32]],
            drawn: Vec::new(),
        }
    }

    #[test]
    fn a_try_on_opens_the_person_and_edits_with_the_products() {
        let said = definition(&facts(DigitalSource::TrainedAlgorithmic), "1.0.0");
        let actions = said["assertions"][0]["data"]["actions"].as_array().unwrap();
        assert_eq!(actions.len(), 2);
        assert_eq!(actions[0]["action"], "c2pa.opened");
        assert_eq!(actions[0]["parameters"]["ingredientIds"], json!(["person"]));
        assert_eq!(
            actions[1]["digitalSourceType"],
            "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
        );
        assert_eq!(actions[1]["when"], "2026-03-01T09:00:00Z");
        assert_eq!(
            actions[1]["softwareAgent"],
            json!({ "name": "tailor", "version": "2.1" })
        );
        assert_eq!(
            actions[1]["parameters"]["ingredientIds"],
            json!(["product-1", "product-2"])
        );
        let person = &said["ingredients"][0];
        assert_eq!(person["relationship"], "parentOf");
        assert_eq!(
            person["instance_id"],
            format!("nih:sha-256;{}", "ab".repeat(32))
        );
        assert_eq!(
            said["instance_id"],
            "urn:uuid:00000000-0000-0000-0000-000000000007"
        );
    }

    #[test]
    fn an_unchanged_picture_claims_no_synthesis() {
        let mut facts = facts(DigitalSource::Unchanged);
        facts.product_sha256.clear();
        let said = definition(&facts, "1.0.0").to_string();
        assert!(!said.contains("digitalSourceType"), "{said}");
        assert!(!said.contains("c2pa.edited"), "{said}");
        assert!(said.contains("unchanged"), "{said}");
    }

    #[test]
    fn what_was_drawn_afterwards_is_said_in_order() {
        let facts = ProvenanceFacts {
            drawn: vec![Drawn::AiLabel, Drawn::Watermark],
            ..facts(DigitalSource::Composite)
        };
        let said = definition(&facts, "1.0.0");
        let actions = said["assertions"][0]["data"]["actions"].as_array().unwrap();
        assert_eq!(actions.len(), 4);
        assert!(
            actions[2]["description"]
                .as_str()
                .unwrap()
                .contains("label")
        );
        assert!(actions[3]["description"].as_str().unwrap().contains("logo"));
        assert_eq!(actions[3]["softwareAgent"]["name"], "drape");
        assert!(actions[3]["digitalSourceType"].is_null());
    }
}
