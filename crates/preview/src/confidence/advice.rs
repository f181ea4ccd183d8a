//! What the people who take the photos can do about a penalty.

const POSE: &str =
    "Stand upright and face the camera, arms hanging at your sides, a little away from the body.";
const WALL: &str = "Stand before a plain wall with nothing else in the picture.";
const OTHER_COLOUR: &str = "Stand before a wall that has another colour than your clothes.";
const FREE_HANDS: &str = "Let both arms hang free beside your body with nothing in your hands, in close-fitting clothes.";
const FRAME: &str = "Let the picture show you whole, with room on both sides.";
const FACE: &str = "Let your face be seen from the front.";
const CLOSE_FITTING: &str = "Wear something close-fitting, so that your outline can be seen.";
const SHORT_SLEEVES: &str =
    "Wear short sleeves or none, so that your arms and shoulders can be seen.";
const SHORT_TROUSERS: &str = "Wear shorts or a short skirt, so that your legs can be seen.";
const TWO_PIECES: &str = "Wear a top and trousers in place of a dress.";
const WAIST: &str = "Wear a top and trousers of different colours, so that your waist can be seen.";
const SHORT_TOP: &str =
    "Wear a shorter top, or tuck it in, so that your trousers are seen up to the waist.";
const NOT_SKIN: &str = "Wear clothes of another colour than your skin.";

const PLAIN_PRODUCT: &str =
    "Show the garment alone on a plain background of another colour, large in the picture.";
const FLAT: &str = "Show the garment laid flat or on a ghost mannequin: from straight ahead, unfolded, both halves alike.";
const WHOLE_PRODUCT: &str = "Show the whole garment with straps, both sleeves and hem.";
const OTHER_CATEGORY: &str =
    "Give the product's category, or a photo that shows clearly what it is.";
const FRONTAL_MODEL: &str = "Show the garment without a model, or on one who faces the camera with nothing before the garment.";
const OTHER_CUT: &str =
    "Garments of this cut need another engine; plain sleeves, straps or none at all work here.";

/// A sentence for every reason; the reasons that begin with the same words may share one.
const ADVICE: &[(&str, &str)] = &[
    ("an arm hangs behind the skirt", POSE),
    ("arm in front of the body", POSE),
    ("arms far out", POSE),
    ("arms held out in old sleeves", POSE),
    ("arms not found", SHORT_SLEEVES),
    ("asymmetric pose", POSE),
    ("bell sleeves", OTHER_CUT),
    ("body turned", POSE),
    ("busy background", WALL),
    ("clothes of skin colour", NOT_SKIN),
    ("garment background not plain", PLAIN_PRODUCT),
    ("garment does not look like its category", OTHER_CATEGORY),
    ("garment not symmetric", FLAT),
    ("garment outline not found", PLAIN_PRODUCT),
    ("garment shoulders not found", FLAT),
    ("hair or hands cover the garment", FRONTAL_MODEL),
    ("head not over the shoulders", POSE),
    ("implausible shoulder width", POSE),
    ("length stretched", FLAT),
    ("lower garment over a dress", TWO_PIECES),
    ("much of the legs to invent", SHORT_TROUSERS),
    ("much of the trousers to invent", SHORT_TOP),
    ("much skin to invent", SHORT_SLEEVES),
    ("no face seen", FACE),
    ("no skin found", SHORT_SLEEVES),
    ("old clothes hide the body outline", CLOSE_FITTING),
    ("old garment still visible", CLOSE_FITTING),
    ("old sleeves hide the shoulders", SHORT_SLEEVES),
    ("one sleeve", OTHER_CUT),
    ("part of the body would float", FREE_HANDS),
    ("person and wall look alike", OTHER_COLOUR),
    ("shoulders tilted", POSE),
    ("sleeves cannot be told from the body", FLAT),
    ("something sticks out of the garment", FRONTAL_MODEL),
    ("straps and separate sleeves", OTHER_CUT),
    ("straps are not seen", WHOLE_PRODUCT),
    ("the arms cannot be told from the background", WALL),
    ("the background is too busy", WALL),
    ("the end of the top is not seen", WHOLE_PRODUCT),
    ("the garment has the colour of the model's skin", FLAT),
    ("the model of the product photo is", FRONTAL_MODEL),
    ("the person is cut off at the side", FRAME),
    (
        "the product photo shows the garment too small",
        PLAIN_PRODUCT,
    ),
    ("the upper part is not symmetric", OTHER_CUT),
    ("too short for a dress", OTHER_CATEGORY),
    ("top over a dress", TWO_PIECES),
    ("waist not found", WAIST),
    ("worn by a model in the product photo", FRONTAL_MODEL),
];

/// Finds the sentence for a reason; none for one that this table does not know.
pub(super) fn advice_for(reason: &str) -> Option<&'static str> {
    let mut matching = ADVICE.iter().filter(|(known, _)| reason.starts_with(known));
    matching.next().map(|(_, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::confidence::stored_observations;

    #[test]
    fn every_rated_reason_has_a_sentence_for_the_shopper() {
        let observations = stored_observations();
        let reasons: BTreeSet<&String> = observations
            .iter()
            .flat_map(|observation| observation.factors.keys())
            .collect();
        assert!(reasons.len() > 15);
        for reason in reasons {
            let sentence = advice_for(reason).unwrap_or_default();
            assert!(sentence.ends_with('.'), "{reason}: {sentence:?}");
        }
        assert_eq!(advice_for("a reason that nobody knows"), None);
    }

    #[test]
    fn the_table_is_sorted_and_says_nothing_twice() {
        assert!(ADVICE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
