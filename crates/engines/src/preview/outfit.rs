//! Several garments in one go: the lower one is put on first, the upper one over the result.
//!
//! In this order a top that hangs out covers the new waistband, and one that is tucked in ends at it.

use drape_core::engine::{EngineError, EngineInput, EngineOutput, GarmentPicture, Item};
use drape_preview::{engine::TryOn, garment::Category as Kind};

use crate::{
    category::{self, Words},
    pictures::first_usable,
};

use super::{NAME, Shared, finished, prepared::PreparedPerson, progress::Progress, refusal};

/// Most products of an outfit: a top and a bottom.
pub(super) const MAX_ITEMS: usize = 2;

/// A product of the outfit, with the place that it takes.
struct Slot<'a> {
    item: &'a Item,
    /// Place in the request, from 1.
    number: usize,
    kind: Kind,
    /// The caller or words say so; the outline alone may mistake a top that a model wears for a dress.
    is_told: bool,
}

impl Slot<'_> {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Top => "top",
            Kind::Bottom => "bottom",
            Kind::Dress => "dress",
        }
    }

    /// Says which product a failure is about.
    fn name_in(&self, mut error: EngineError) -> EngineError {
        let (number, name) = (self.number, self.name());
        error.message = format!("Product {number} ({name}): {}", error.message);
        error
    }
}

/// Puts a top and a bottom on a person. The confidence is the worse one of the two, and each must pass the gate.
pub(super) fn put_on(
    shared: &Shared,
    input: &EngineInput,
    progress: &Progress,
) -> Result<EngineOutput, EngineError> {
    // Words first: they cost nothing.
    for (item, number) in input.items.iter().zip(1..) {
        first_usable(item, |garment, words| {
            category::choose(NAME, garment, words)
        })
        .map_err(|error| name_product(number, error))?;
    }
    let read_garments = || -> Result<Vec<Slot<'_>>, EngineError> {
        let slots = input.items.iter().zip(1..).map(|(item, number)| {
            let (kind, is_told) =
                kind_of(shared, item, progress).map_err(|error| name_product(number, error))?;
            Ok(Slot {
                item,
                number,
                kind,
                is_told,
            })
        });
        slots.collect()
    };
    let (person, slots) = rayon::join(
        || shared.preparer.person(&input.person, progress),
        read_garments,
    );
    let mut slots = slots?;
    if slots.iter().any(|slot| slot.kind == Kind::Bottom) {
        let guessed = slots.iter_mut().filter(|slot| !slot.is_told);
        for slot in guessed.filter(|slot| slot.kind == Kind::Dress) {
            slot.kind = Kind::Top;
        }
    }
    let find = |kind: Kind| slots.iter().find(|slot| slot.kind == kind);
    let (Some(bottom), Some(top), 2) = (find(Kind::Bottom), find(Kind::Top), slots.len()) else {
        let names: Vec<_> = slots.iter().map(Slot::name).collect();
        return Err(refusal::not_an_outfit(&names));
    };
    let person = person?;
    let half_dressed = wear(shared, &person, bottom, progress)?;
    let notes_of = |slot: &Slot<'_>, worn: &TryOn| -> Vec<String> {
        let reasons = worn.confidence.reasons();
        reasons
            .map(|factor| format!("{}: {}", slot.name(), factor.reason))
            .collect()
    };
    let mut notes = notes_of(bottom, &half_dressed);
    let confidence = half_dressed.confidence.value;
    let person = PreparedPerson {
        regions: person.regions.in_new_bottom(&half_dressed.image),
        image: half_dressed.image,
    };
    progress.check()?;
    let dressed = wear(shared, &person, top, progress)?;
    notes.extend(notes_of(top, &dressed));
    let confidence = confidence.min(dressed.confidence.value);
    progress.check()?;
    Ok(EngineOutput {
        confidence: Some(confidence),
        notes,
        ..finished(dressed)?
    })
}

fn name_product(number: usize, mut error: EngineError) -> EngineError {
    error.message = format!("Product {number}: {}", error.message);
    error
}

/// What a product is worn as, by its first picture that shows a garment, and whether that is told or guessed.
fn kind_of(shared: &Shared, item: &Item, progress: &Progress) -> Result<(Kind, bool), EngineError> {
    first_usable(item, |garment: &GarmentPicture, words: &Words| {
        let told = category::choose(NAME, garment, words)?;
        let found = shared.preparer.garment(garment, told, progress)?.category;
        Ok((found, told.is_some()))
    })
}

/// Puts one product on, with its first picture that does.
fn wear(
    shared: &Shared,
    person: &PreparedPerson,
    slot: &Slot<'_>,
    progress: &Progress,
) -> Result<TryOn, EngineError> {
    let attempt = |garment: &GarmentPicture, _: &Words| {
        // Every picture is read as what the product was found to be.
        let shape = shared
            .preparer
            .garment(garment, Some(slot.kind), progress)?;
        shared.wear(person, &shape, progress)
    };
    first_usable(slot.item, attempt).map_err(|error| slot.name_in(error))
}
