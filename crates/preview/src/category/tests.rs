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

/// Longer titles as shops write them: brands, attributes, sets of words that name several things.
const CROWDED_TITLES: &[(&str, ProductKind)] = &[
    (
        "adidas Originals Adicolor Classics 3-Stripes T-Shirt - Black/White",
        Top,
    ),
    ("Tommy Hilfiger Women's Crew Neck Cable Knit Jumper", Top),
    ("Mango Belt Linen-Blend Shirt Dress", Dress),
    ("ASOS DESIGN oversized denim shacket in mid wash", Top),
    ("H&M Rib-knit Dress - Beige - Ladies", Dress),
    ("Uniqlo U Wide-Fit Curved Jersey Trousers", Bottom),
    ("Carhartt WIP Double Knee Pant Canvas", Bottom),
    ("The North Face 1996 Retro Nuptse Puffer Jacket", Outerwear),
    ("Patagonia Better Sweater Fleece Vest", Top),
    (
        "Ray-Ban Original Wayfarer Classic Sunglasses RB2140",
        Eyewear,
    ),
    ("Dr. Martens 1460 Smooth Leather Lace Up Boots", Shoes),
    ("Fjällräven Kånken Backpack", Bag),
    ("New Era NY Yankees 9FORTY Cap", Headwear),
    ("Pandora Moments Snake Chain Bracelet", Jewelry),
    ("Maternity Wrap Dress | Nursing Friendly", Dress),
    ("2-in-1 Running Shorts", Bottom),
    ("Pinafore Dress with Pockets", Dress),
    ("Hoodie Dress", Dress),
    ("Knit Polo", Top),
    ("Women's Jeans - High Rise Straight", Bottom),
    ("Only Damen Jeans ONLROYAL Life HW Skinny", Bottom),
    ("s.Oliver Damen Bluse mit 3/4-Ärmel", Top),
    ("Jack & Jones Herren Chinohose Marco Fred", Bottom),
    ("VERO MODA Maxikleid VMEasy", Dress),
    ("Esprit Strickkleid mit Rollkragen, Wollmix", Dress),
    ("Tom Tailor Denim Damen Hemdbluse", Top),
    ("ONLY Lederimitatrock", Bottom),
    ("Trachtenlederhose kurz", Bottom),
    ("BOSS Sakko Slim Fit", Outerwear),
    ("Herren Polohemd kurzarm", Top),
    ("Damen Übergangsjacke mit Kapuze", Outerwear),
    ("Kinder Regenjacke wasserdicht", Outerwear),
    ("Dirndl 3-teilig", Dress),
    ("Damen Cordhose mit weitem Bein", Bottom),
    ("Sneaker low aus Leder", Shoes),
    ("Herrenarmbanduhr Chronograph", Jewelry),
    ("Robe longue fleurie à manches courtes", Dress),
    ("Robe trench ceinturée", Dress),
    ("Mini-jupe en simili cuir", Bottom),
    ("Jean mom taille haute", Bottom),
    ("Chemisier fluide imprimé", Top),
    ("Sweat à capuche homme", Top),
    ("Haut à volants", Top),
    ("Blazer croisé femme", Outerwear),
    ("Salopette en denim", Dress),
    ("Bottines à talon", Shoes),
    ("Casquette brodée", Headwear),
    ("Montre femme acier", Jewelry),
    ("Zara Vestido Corto Estampado", Dress),
    ("Camisa de lino manga larga hombre", Top),
    ("Pantalones cargo mujer", Bottom),
    ("Chaqueta bomber acolchada", Outerwear),
    ("Short vaquero con bajo deshilachado", Bottom),
    ("Mono vaquero", Dress),
    ("Botines de piel", Shoes),
    ("Mochila escolar", Bag),
    ("Abito chemisier in popeline", Dress),
    ("Maglietta a maniche corte", Top),
    ("Jeans skinny vita alta", Bottom),
    ("Pantaloni cargo con tasche", Bottom),
    ("Giubbotto di pelle uomo", Outerwear),
    ("Gonna di jeans", Bottom),
    ("Stivali alti in pelle", Shoes),
    ("Zaino da viaggio", Bag),
    ("Vestido curto com mangas bufantes", Dress),
    ("Calça pantalona de linho", Bottom),
    ("Camisa social masculina", Top),
    ("Bermuda jeans masculina", Bottom),
    ("Blazer alongado", Outerwear),
    ("Regata canelada", Top),
    ("Saia jeans curta", Bottom),
    ("Sandália de salto", Shoes),
    ("Lange jurk met split", Dress),
    ("Korte broek heren", Bottom),
    ("Wijde spijkerbroek dames", Bottom),
    ("T-shirt met ronde hals", Top),
    ("Leren rok", Bottom),
    ("Trainingsbroek", Bottom),
    ("Blouse met strik", Top),
    ("Regenjas dames", Outerwear),
    ("Enkellaarsjes suède", Shoes),
    ("Armband goud", Jewelry),
];

#[test]
fn reads_real_world_titles() {
    assert!(TITLES.len() >= 120);
    let wrong: Vec<String> = TITLES
        .iter()
        .chain(CROWDED_TITLES)
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
