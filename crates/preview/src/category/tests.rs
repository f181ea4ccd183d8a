use super::ProductKind::{
    self, Bag, Bottom, Dress, Eyewear, Headwear, Jewelry, Other, Outerwear, Shoes, Top,
};
use super::kind_from_words;
use crate::garment::Category;

const TITLES: &[(&str, ProductKind)] = &[
    // English
    ("Women's Floral Midi Dress", Dress),
    ("Shirt Dress", Dress),
    ("Dress Shirt, Slim Fit", Top),
    ("Men's Dress Pants", Bottom),
    ("Dress Shoes in Black Leather", Shoes),
    ("Belted Shirtdress", Dress),
    ("Blazer Dress", Dress),
    ("T-Shirt", Top),
    ("Nike Sportswear Club Tee", Top),
    ("Oversized Graphic T-Shirt with Jeans Print", Top),
    ("High-Waisted Skinny Jeans", Bottom),
    ("Levi's 501 Original Fit Jeans", Bottom),
    ("Calvin Klein Jeans T-Shirt", Top),
    ("T-Shirt Calvin Klein Jeans", Top),
    ("Denim Jacket", Outerwear),
    ("Jean Jacket with Sherpa Collar", Outerwear),
    ("Pleated Mini Skirt", Bottom),
    ("Satin Slip Dress", Dress),
    ("Faux Fur Coat", Outerwear),
    ("Wide Leg Linen Trousers", Bottom),
    ("Boot Cut Jeans", Bottom),
    ("Leather Ankle Boots", Shoes),
    ("Ribbed Tank Top", Top),
    ("Cropped Cami Top - Black", Top),
    ("Cashmere Turtleneck Sweater", Top),
    ("Turtleneck Sweater Dress", Dress),
    ("Zip Hoodie", Top),
    ("Cargo Shorts", Bottom),
    ("Utility Jumpsuit", Dress),
    ("Polo Ralph Lauren Chino Pants", Bottom),
    ("Polo Ralph Lauren - Oxford Shirt", Top),
    ("Aviator Sunglasses", Eyewear),
    ("Baseball Cap", Headwear),
    ("Cap Sleeve Dress", Dress),
    ("Dress with Cap Sleeves", Dress),
    ("Tie-Dye Hoodie", Top),
    ("Crossbody Bag", Bag),
    ("14k Gold Hoop Earrings", Jewelry),
    ("Running Shoes for Women", Shoes),
    ("Crew Socks (3 Pack)", Other),
    ("Bikini Top", Other),
    ("Under Armour T-Shirt", Top),
    ("Women > Dresses > Maxi", Dress),
    ("Pull&Bear Cargo Pants", Bottom),
    ("Choker Neck Top", Top),
    ("Scarf Print Blouse", Top),
    // German
    ("Sommerkleid mit Blumenmuster", Dress),
    ("Hemdblusenkleid aus Leinen", Dress),
    ("Strickkleid", Dress),
    ("Etuikleid in Dunkelblau", Dress),
    ("Jeanshose Slim Fit", Bottom),
    ("Damen Jogginghose", Bottom),
    ("Cargohose mit Taschen", Bottom),
    ("Strickpullover mit Zopfmuster", Top),
    ("Herren Langarmhemd", Top),
    ("Jeanshemd", Top),
    ("Jeansjacke", Outerwear),
    ("Bleistiftrock", Bottom),
    ("Rock mit Volants", Bottom),
    ("Rock 'n' Roll T-Shirt", Top),
    ("Faltenröcke für Damen", Bottom),
    ("Wintermantel aus Wolle", Outerwear),
    ("Steppweste", Outerwear),
    ("Spitzenbluse weiß", Top),
    ("Kapuzenpullover", Top),
    ("Strickjacke", Top),
    ("Strumpfhose 20 DEN", Other),
    ("Badeanzug", Other),
    ("Handschuhe aus Leder", Other),
    ("Sonnenbrille", Eyewear),
    ("Strickmütze", Headwear),
    ("Umhängetasche", Bag),
    ("Halskette Silber", Jewelry),
    ("Hausschuhe", Shoes),
    ("Stiefeletten mit Absatz", Shoes),
    ("Latzhose Denim", Dress),
    ("ABENDKLEID LANG", Dress),
    ("Hosenanzug", Other),
    // French
    ("Robe chemise en coton", Dress),
    ("Robe pull en maille", Dress),
    ("Chemise en jean", Top),
    ("Pantalon de costume", Bottom),
    ("Pantalon large taille haute", Bottom),
    ("Jupe plissée", Bottom),
    ("Jupe-culotte", Bottom),
    ("T-shirt à rayures", Top),
    ("Pull col rond en laine", Top),
    ("Débardeur côtelé", Top),
    ("Veste en jean", Outerwear),
    ("Manteau long", Outerwear),
    ("Doudoune sans manches", Outerwear),
    ("Combinaison pantalon", Dress),
    ("Chaussures à talons hauts", Shoes),
    ("Baskets blanches", Shoes),
    ("Lunettes de soleil", Eyewear),
    ("Sac à main en cuir", Bag),
    ("Boucles d'oreilles dorées", Jewelry),
    ("Maillot de bain une pièce", Other),
    ("Écharpe en cachemire", Other),
    ("Short en lin", Bottom),
    ("Polo Ralph Lauren - Pantalon chino", Bottom),
    // Spanish
    ("Vestido camisero midi", Dress),
    ("Vestido de fiesta largo", Dress),
    ("Camiseta básica de algodón", Top),
    ("Camisa vaquera", Top),
    ("Pantalón vaquero slim", Bottom),
    ("Vaqueros rectos", Bottom),
    ("Falda plisada", Bottom),
    ("Sudadera con capucha", Top),
    ("Jersey de punto", Top),
    ("Cazadora de cuero", Outerwear),
    ("Abrigo de lana", Outerwear),
    ("Mono largo estampado", Dress),
    ("Zapatillas deportivas", Shoes),
    ("Gafas de sol", Eyewear),
    ("Gorra de béisbol", Headwear),
    ("Bolso bandolera", Bag),
    ("Collar de perlas", Jewelry),
    ("Traje de baño", Other),
    // Italian
    ("Abito lungo a fiori", Dress),
    ("Vestito camicia", Dress),
    ("Camicia di jeans", Top),
    ("Maglione a collo alto", Top),
    ("Felpa con cappuccio", Top),
    ("Gonna a pieghe", Bottom),
    ("Minigonna in pelle", Bottom),
    ("Pantaloni a palazzo", Bottom),
    ("Pantaloncini sportivi", Bottom),
    ("Giacca jeans", Outerwear),
    ("Piumino lungo", Outerwear),
    ("Tuta intera elegante", Dress),
    ("Scarpe da ginnastica", Shoes),
    ("Occhiali da sole", Eyewear),
    ("Borsa a tracolla", Bag),
    ("Cappello di lana", Headwear),
    ("Orecchini pendenti", Jewelry),
    ("Costume da bagno", Other),
    // Portuguese
    ("Vestido longo floral", Dress),
    ("Calça jeans skinny", Bottom),
    ("Calções de ganga", Bottom),
    ("Saia midi plissada", Bottom),
    ("Camiseta feminina", Top),
    ("Blusa de malha", Top),
    ("Moletom com capuz", Top),
    ("Jaqueta jeans", Outerwear),
    ("Casaco de lã", Outerwear),
    ("Macacão pantacourt", Dress),
    ("Tênis branco", Shoes),
    ("Óculos de sol", Eyewear),
    ("Chapéu de palha", Headwear),
    ("Bolsa de couro", Bag),
    ("Pulseira de prata", Jewelry),
    // Dutch
    ("Zomerjurk met bloemenprint", Dress),
    ("Overhemdjurk", Dress),
    ("Spijkerjurk", Dress),
    ("Spijkerbroek", Bottom),
    ("Joggingbroek heren", Bottom),
    ("Plooirok", Bottom),
    ("Gebreide trui", Top),
    ("Overhemd met lange mouwen", Top),
    ("Vest met rits", Top),
    ("Winterjas", Outerwear),
    ("Spijkerjasje", Outerwear),
    ("Leren laarzen", Shoes),
    ("Zonnebril", Eyewear),
    ("Gebreide muts", Headwear),
    ("Schoudertas", Bag),
    ("Gouden ketting", Jewelry),
    ("Sokken 5-pack", Other),
];

#[test]
fn reads_real_world_titles() {
    assert!(TITLES.len() >= 120);
    let wrong: Vec<String> = TITLES
        .iter()
        .filter(|(title, kind)| kind_from_words(title, "") != Some(*kind))
        .map(|(title, kind)| {
            format!(
                "{title}: {:?} instead of {kind:?}",
                kind_from_words(title, "")
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn says_nothing_where_no_product_is_named() {
    for text in [
        "",
        "   ",
        "Summer Sale 2024",
        "Laptop stand",
        "Kleiderbügel",
        "!!!",
        "Shamrock",
        "Adresse",
    ] {
        assert_eq!(kind_from_words(text, ""), None, "{text}");
    }
}

#[test]
fn title_outweighs_description() {
    let description = "This dress pairs well with a jacket and high boots.";
    assert_eq!(kind_from_words("Linen trousers", description), Some(Bottom));
    assert_eq!(kind_from_words("The Aurora", description), Some(Dress));
    assert_eq!(
        kind_from_words(
            "Aurora",
            "Ein Sommerkleid aus Leinen. Dazu passt eine Jacke."
        ),
        Some(Dress)
    );
}

#[test]
fn folds_case_and_accents() {
    for title in ["JUPE PLISSÉE", "jupe plissee", "Jupe plisse\u{301}e"] {
        assert_eq!(kind_from_words(title, ""), Some(Bottom), "{title}");
    }
    assert_eq!(kind_from_words("MÄNTEL", ""), Some(Outerwear));
}

#[test]
fn names_are_lower_case_and_round_trip() {
    for kind in ProductKind::ALL {
        assert_eq!(ProductKind::from_name(kind.name()), Some(kind));
        assert_eq!(kind.name(), kind.name().to_lowercase());
    }
    assert_eq!(ProductKind::from_name("Top"), None);
    assert_eq!(ProductKind::from_name(""), None);
}

#[test]
fn only_body_garments_have_a_category() {
    assert_eq!(Outerwear.category(), Some(Category::Top));
    assert_eq!(Dress.category(), Some(Category::Dress));
    for kind in [Shoes, Eyewear, Headwear, Bag, Jewelry, Other] {
        assert_eq!(kind.category(), None);
    }
}
