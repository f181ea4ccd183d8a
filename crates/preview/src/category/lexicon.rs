//! The table of product words, and how a word of a text is looked up in it.

use super::ProductKind::{
    self, Bag, Bottom, Dress, Eyewear, Headwear, Jewelry, Other, Outerwear, Shoes, Top,
};

/// Where a language puts the word for the thing itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// "robe chemise": Romance languages.
    HeadFirst,
    /// "shirt dress": Germanic languages, and words that several languages share.
    HeadLast,
}

/// How surely a word names a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// Always the thing itself.
    Strong,
    /// Often a material, a brand or an attribute ("jeans jacket", "top quality"): counts when nothing else does.
    Weak,
}

/// A product word found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) kind: ProductKind,
    pub(super) order: Order,
    pub(super) strength: Strength,
}

/// The words of one or more languages, each list separated by spaces.
struct Lexicon {
    order: Order,
    /// Whole words.
    words: &'static [(ProductKind, &'static str)],
    /// Whole words that count when nothing else does.
    weak: &'static [(ProductKind, &'static str)],
    /// Last parts of compound words ("Sommerkleid", "zomerjurk", "sweatshirt"); whole words too.
    endings: &'static [(ProductKind, &'static str)],
}

/// Words that several languages share, and English.
const ENGLISH: Lexicon = Lexicon {
    order: Order::HeadLast,
    words: &[
        (
            Top,
            "tee tees tshirt tshirts blouse blouses cardigan cardigans hoodie hoodies hoody pullover pullovers sweatshirt tunic \
             tunics camisole camisoles cami henley bodysuit bodysuits corset bustier bralette \
             waistcoat waistcoats vest vests knitwear tanktop tanktops croptop croptops bratop jumper jumpers \
             undershirt overshirt shacket",
        ),
        (
            Bottom,
            "trousers trouser pant slacks chino chinos leggings legging jeggings joggers jogger sweatpants culottes culotte capris \
             skort skorts bermudas bermuda bottoms petticoat sarong dungarees",
        ),
        (
            Dress,
            "frock frocks gown gowns jumpsuit jumpsuits playsuit playsuits romper rompers catsuit onesie onesies overalls \
             overall kaftan caftan maxidress",
        ),
        (
            Outerwear,
            "blazer blazers parka parkas anorak anoraks trench trenchcoat windbreaker poncho ponchos cape capes gilet gilets \
             kimono kimonos bolero peacoat",
        ),
        (
            Shoes,
            "shoe sneaker sneakers trainers loafer loafers sandal sandals heels stilettos pumps mules clogs espadrilles \
             moccasins brogues oxfords ballerinas ballerina slippers slipper flipflops wellies derbies",
        ),
        (
            Eyewear,
            "glasses sunglasses sunglass eyeglasses spectacles goggles eyewear",
        ),
        (
            Headwear,
            "hat hats beanie beanies beret berets fedora bonnet headband headbands snapback visor headdress balaclava",
        ),
        (
            Bag,
            "handbag handbags backpack backpacks tote totes clutch clutches purse purses rucksack rucksacks satchel duffle \
             wallet wallets",
        ),
        (
            Jewelry,
            "necklace necklaces earring earrings bracelet bracelets pendant pendants jewelry jewellery brooch anklet wristwatch",
        ),
        (
            Other,
            "panties briefs boxers thong lingerie socks sock tights stockings pantyhose gloves mittens \
             swimsuit swimsuits bikini bikinis tankini swimwear trunks tuxedo tracksuit pantsuit pajamas pyjamas pajama pyjama \
             bathrobe bathrobes nightwear boxershorts underpants underwear suspenders wetsuit",
        ),
    ],
    weak: &[
        (
            Top,
            "top tops polo polos jersey body sweat longsleeve turtleneck crewneck halterneck",
        ),
        (Bottom, "jeans jean short"),
        (Outerwear, "puffer bomber"),
        (Shoes, "boot flats"),
        (Headwear, "cap caps"),
        (Jewelry, "ring rings watch watches chain choker chokers"),
        (Bag, "pouch"),
        (
            Other,
            "suit suits belt belts tie ties bra bras scarf scarves bandana",
        ),
    ],
    endings: &[
        (Top, "shirt shirts sweater sweaters"),
        (Bottom, "skirt skirts pants shorts"),
        (Dress, "dress dresses"),
        (Outerwear, "jacket jackets coat coats"),
        (Shoes, "shoes boots"),
        (Bag, "bag bags"),
    ],
};

const GERMAN: Lexicon = Lexicon {
    order: Order::HeadLast,
    words: &[
        (
            Top,
            "strickjacke strickjacken strickweste pulli pullis oberteil oberteile tunika tuniken spitzentop blusentop stricktop \
             tragertop bandeautop neckholdertop shirttop longsleeves leibchen unterhemd",
        ),
        (Bottom, "radler radlerhose buxe jeggins"),
        (
            Dress,
            "einteiler strampler latzhose latzhosen dirndl overalls",
        ),
        (Outerwear, "weste westen steppweste anorak joppe"),
        (
            Shoes,
            "stiefel stiefelette stiefeletten gummistiefel sandalen sandale pantoffeln hausschuhe schlappen",
        ),
        (Eyewear, "brillen"),
        (
            Headwear,
            "hut hute sonnenhut strohhut filzhut stirnband kopftuch",
        ),
        (Bag, "rucksack rucksacke geldborse portemonnaie beutel"),
        (
            Jewelry,
            "ohrringe ohrring ohrstecker armreif armreifen anhanger schmuck",
        ),
        (
            Other,
            "handschuh handschuhe strumpfhose strumpfhosen unterhose unterhosen schlafanzug schlafanzuge bademantel morgenmantel \
             socken strumpfe schal schals gurtel krawatte fliege bh slip unterwasche badeanzug badeanzuge badehose badehosen \
             hosentrager",
        ),
    ],
    weak: &[
        (Bag, "tasche taschen"),
        (Bottom, "rock"),
        (Top, "rolli"),
        (Jewelry, "ringe kette ketten uhr"),
    ],
    endings: &[
        (
            Top,
            "hemd hemden hemdchen bluse blusen pullover pulli hoodie",
        ),
        (
            Bottom,
            "hose hosen hoschen rock rocke rockchen jeans leggings leggins",
        ),
        (Dress, "kleid kleider kleidchen"),
        (
            Outerwear,
            "jacke jacken jackchen mantel blazer sakko sakkos",
        ),
        (Shoes, "schuh schuhe sneaker sandalen pumps stiefel"),
        (Eyewear, "brille"),
        (Headwear, "mutze mutzen kappe kappen"),
        (Bag, "tasche taschen rucksack"),
        (Jewelry, "kette ketten armband armbander uhr uhren"),
        (Other, "anzug anzuge"),
    ],
};

const DUTCH: Lexicon = Lexicon {
    order: Order::HeadLast,
    words: &[
        (
            Top,
            "trui truien vestje vesten hesje topje topjes bloes bloezen blouseje",
        ),
        (Dress, "overgooier tuinbroek tuinbroeken jumpsuits"),
        (
            Outerwear,
            "jas jassen jasje jasjes winterjas zomerjas regenjas spijkerjas spijkerjasje pufferjas tussenjas bomberjas donsjas \
             bodywarmer colbert",
        ),
        (
            Shoes,
            "schoen schoenen laars laarzen laarsjes enkellaars enkellaarsjes instappers slippers",
        ),
        (Headwear, "muts mutsen petten hoed hoeden"),
        (
            Bag,
            "tas tassen tasje handtas handtassen schoudertas rugtas rugzak rugzakken portemonnee",
        ),
        (
            Jewelry,
            "ketting kettingen oorbel oorbellen oorringen armband armbanden horloge horloges sieraden",
        ),
        (
            Other,
            "badpak badjas onderbroek onderbroeken sokken sjaal sjaals handschoenen riem stropdas beha panty pak",
        ),
    ],
    weak: &[(Headwear, "pet")],
    endings: &[
        (Top, "overhemd hemdje trui"),
        (Bottom, "broek broeken broekje rok rokken rokje"),
        (Dress, "jurk jurken jurkje jurkjes"),
        (Shoes, "schoenen laarzen"),
        (Eyewear, "zonnebril bril"),
    ],
};

const FRENCH: Lexicon = Lexicon {
    order: Order::HeadFirst,
    words: &[
        (
            Top,
            "chemise chemises chemisier chemisiers chemisette debardeur debardeurs maillot tunique tuniques tricot \
             caraco brassiere",
        ),
        (Bottom, "pantalon pantalons jupe jupes jupette"),
        (
            Dress,
            "robe robes combinaison combinaisons combishort salopette salopettes",
        ),
        (
            Outerwear,
            "veste vestes manteau manteaux blouson blousons doudoune doudounes impermeable caban paletot",
        ),
        (
            Shoes,
            "chaussure chaussures baskets bottine bottines botte bottes sandale sandales escarpin escarpins mocassin \
             mocassins chausson chaussons tongs",
        ),
        (Eyewear, "lunettes"),
        (
            Headwear,
            "chapeau chapeaux casquette casquettes bonnets serretete",
        ),
        (
            Bag,
            "sac sacs sacoche sacoches pochette pochettes cartable portefeuille",
        ),
        (
            Jewelry,
            "collier colliers bague bagues boucles bijou bijoux montre montres",
        ),
        (
            Other,
            "chaussettes chaussette collants echarpe echarpes gants ceinture ceintures cravate soutien slips \
             calecon peignoir costume costumes tailleur foulard",
        ),
    ],
    weak: &[
        (Top, "pull pulls haut hauts"),
        (Bottom, "jogging"),
        (Shoes, "basket"),
    ],
    endings: &[],
};

const SPANISH: Lexicon = Lexicon {
    order: Order::HeadFirst,
    words: &[
        (
            Top,
            "camiseta camisetas camisa camisas blusa blusas sudadera sudaderas jerseis sueter sueteres chaleco chalecos \
             rebeca polera playera",
        ),
        (
            Bottom,
            "pantalones falda faldas vaqueros mallas pantaloneta",
        ),
        (Dress, "vestido vestidos enterizo peto petos pelele"),
        (
            Outerwear,
            "chaqueta chaquetas abrigo abrigos cazadora cazadoras gabardina chamarra plumifero impermeables",
        ),
        (
            Shoes,
            "zapato zapatos zapatilla zapatillas bota botas botin botines sandalia sandalias tacones mocasines alpargatas \
             deportivas chanclas",
        ),
        (Eyewear, "gafas anteojos"),
        (
            Headwear,
            "sombrero sombreros gorra gorras gorro gorros boina",
        ),
        (
            Bag,
            "bolso bolsos mochila mochilas cartera carteras bandolera",
        ),
        (
            Jewelry,
            "pendientes pulsera pulseras anillo anillos reloj relojes joya joyas gargantilla collares",
        ),
        (
            Other,
            "calcetines calcetin bufanda bufandas guantes cinturon corbata banador banadores sujetador bragas traje trajes pijama",
        ),
    ],
    weak: &[
        (Dress, "mono monos"),
        (Outerwear, "americana"),
        (Bottom, "vaquero"),
    ],
    endings: &[],
};

const ITALIAN: Lexicon = Lexicon {
    order: Order::HeadFirst,
    words: &[
        (
            Top,
            "maglietta magliette maglia maglie maglione maglioni camicia camicie camicetta camicette camiciotto felpa felpe \
             canotta canotte canottiera dolcevita lupetto golfino panciotto blusetta",
        ),
        (
            Bottom,
            "pantaloni pantalone pantaloncini pantaloncino gonna gonne gonnellina minigonna longuette calzoncini",
        ),
        (
            Dress,
            "vestito vestiti vestitino abito abiti abitino tuta tute",
        ),
        (
            Outerwear,
            "giacca giacche giacchetto giubbotto giubbotti giubbino giubbini cappotto cappotti piumino piumini soprabito \
             impermeabile mantella",
        ),
        (
            Shoes,
            "scarpa scarpe stivale stivali stivaletto stivaletti sandalo sandali mocassini decollete infradito ciabatte \
             ballerine zeppe",
        ),
        (Eyewear, "occhiali"),
        (
            Headwear,
            "cappello cappelli cappellino berretto berretti basco fascia",
        ),
        (
            Bag,
            "borsa borse borsetta zaino zaini pochettina tracolla portafoglio marsupio",
        ),
        (
            Jewelry,
            "collana collane orecchini orecchino bracciale bracciali braccialetto anello anelli orologio orologi gioielli",
        ),
        (
            Other,
            "calze calzini calzino collant sciarpa sciarpe guanti cintura cinture cravatta reggiseno mutande slip pigiama accappatoio \
             completo",
        ),
    ],
    weak: &[],
    endings: &[],
};

const PORTUGUESE: Lexicon = Lexicon {
    order: Order::HeadFirst,
    words: &[
        (
            Top,
            "camisola camisolas moletom regata regatas camisete malha blusao",
        ),
        (
            Bottom,
            "calca calcas saia saias minissaia calcao calcoes bermudas ganga",
        ),
        (Dress, "macacao macacoes macaquinho jardineira"),
        (
            Outerwear,
            "casaco casacos jaqueta jaquetas sobretudo colete blusoes",
        ),
        (
            Shoes,
            "sapato sapatos sapatilhas sapatilha tenis botinha chinelo chinelos tamancos",
        ),
        (Eyewear, "oculos"),
        (Headwear, "chapeu chapeus gorros"),
        (Bag, "bolsa bolsas carteirinha malas"),
        (
            Jewelry,
            "brinco brincos pulseira pulseiras anel aneis relogio relogios colares",
        ),
        (
            Other,
            "meias meia cachecol luvas cinto gravata sutia calcinha cueca fato biquini maio",
        ),
    ],
    weak: &[(Headwear, "bone bones"), (Jewelry, "colar")],
    endings: &[],
};

const LEXICONS: &[&Lexicon] = &[
    &ENGLISH,
    &GERMAN,
    &DUTCH,
    &FRENCH,
    &SPANISH,
    &ITALIAN,
    &PORTUGUESE,
];

/// Words next to each other that mean something else than their parts; none is an attribute or a brand.
const PHRASES: &[(&str, Option<(ProductKind, Order)>)] = &[
    ("t shirt", Some((Top, Order::HeadLast))),
    ("t shirts", Some((Top, Order::HeadLast))),
    ("tee shirt", Some((Top, Order::HeadLast))),
    ("sweat shirt", Some((Top, Order::HeadLast))),
    ("crop top", Some((Top, Order::HeadLast))),
    ("tank top", Some((Top, Order::HeadLast))),
    ("cami top", Some((Top, Order::HeadLast))),
    ("halter top", Some((Top, Order::HeadLast))),
    ("tube top", Some((Top, Order::HeadLast))),
    ("boiler suit", Some((Dress, Order::HeadLast))),
    ("chemise de nuit", Some((Dress, Order::HeadFirst))),
    ("camicia da notte", Some((Dress, Order::HeadFirst))),
    ("combi pantalon", Some((Dress, Order::HeadFirst))),
    ("combi short", Some((Dress, Order::HeadFirst))),
    ("mono largo", Some((Dress, Order::HeadFirst))),
    ("mono corto", Some((Dress, Order::HeadFirst))),
    ("flip flops", Some((Shoes, Order::HeadLast))),
    ("high heels", Some((Shoes, Order::HeadLast))),
    ("high tops", Some((Shoes, Order::HeadLast))),
    ("bath robe", Some((Other, Order::HeadFirst))),
    ("dressing gown", Some((Other, Order::HeadLast))),
    ("robe de chambre", Some((Other, Order::HeadFirst))),
    ("bikini top", Some((Other, Order::HeadLast))),
    ("bikini bottom", Some((Other, Order::HeadLast))),
    ("swim shorts", Some((Other, Order::HeadLast))),
    ("maillot de bain", Some((Other, Order::HeadFirst))),
    ("sports bra", Some((Top, Order::HeadLast))),
    ("traje de bano", Some((Other, Order::HeadFirst))),
    ("costume da bagno", Some((Other, Order::HeadFirst))),
    ("collar de", Some((Jewelry, Order::HeadFirst))),
    ("boot cut", None),
    ("cap sleeve", None),
    ("cap sleeves", None),
    ("tie dye", None),
    ("tie waist", None),
    ("pull bear", None),
    ("pull and bear", None),
    ("dress code", None),
    ("paper bag", None),
    ("ring spun", None),
    ("top stitch", None),
];

/// Words that end like a product and are none.
const NOT_COMPOUNDS: &[&str] = &[
    "address",
    "redress",
    "undress",
    "participants",
    "occupants",
    "outskirts",
    "airbag",
    "airbags",
    "those",
    "whose",
    "chose",
    "chosen",
    "shamrock",
    "bedrock",
    "punkrock",
    "hardrock",
    "barock",
    "barok",
    "sherlock",
    "februar",
    "januar",
];

/// Shortest first part of a compound.
const LEAST_FIRST_PART: usize = 2;

/// Finds the product words of a text in their order.
pub(super) fn find_hits(words: &[String]) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if let Some((length, meaning)) = phrase_at(&words[at..]) {
            hits.extend(meaning.map(|(kind, order)| Hit {
                kind,
                order,
                strength: Strength::Strong,
            }));
            at += length;
            continue;
        }
        hits.extend(look_up(&words[at]));
        at += 1;
    }
    hits
}

/// Finds the longest phrase with which the words begin: its number of words and its meaning.
fn phrase_at(words: &[String]) -> Option<(usize, Option<(ProductKind, Order)>)> {
    let begins_with = |phrase: &str| {
        let parts: Vec<&str> = phrase.split(' ').collect();
        let fits =
            parts.len() <= words.len() && parts.iter().zip(words).all(|(part, word)| part == word);
        fits.then_some(parts.len())
    };
    PHRASES
        .iter()
        .filter_map(|&(phrase, meaning)| begins_with(phrase).map(|length| (length, meaning)))
        .max_by_key(|&(length, _)| length)
}

/// Looks one word up: whole words first, then the longest ending of a compound, then weak words.
fn look_up(word: &str) -> Option<Hit> {
    let has = |list: &str| list.split_ascii_whitespace().any(|entry| entry == word);
    let find =
        |strength: Strength,
         lists: fn(&'static Lexicon) -> &'static [(ProductKind, &'static str)]| {
            LEXICONS.iter().find_map(|lexicon| {
                let (kind, _) = lists(lexicon).iter().find(|(_, list)| has(list))?;
                Some(Hit {
                    kind: *kind,
                    order: lexicon.order,
                    strength,
                })
            })
        };
    find(Strength::Strong, |lexicon| lexicon.words)
        .or_else(|| find(Strength::Weak, |lexicon| lexicon.weak))
        .or_else(|| longest_ending(word))
}

fn longest_ending(word: &str) -> Option<Hit> {
    if NOT_COMPOUNDS.contains(&word) {
        return None;
    }
    let mut best: Option<(usize, Hit)> = None;
    for lexicon in LEXICONS {
        for &(kind, list) in lexicon.endings {
            for ending in list.split_ascii_whitespace() {
                let is_whole = word == ending;
                let is_compound =
                    word.ends_with(ending) && word.len() >= ending.len() + LEAST_FIRST_PART;
                let is_longer = best.is_none_or(|(length, _)| ending.len() > length);
                if (is_whole || is_compound) && is_longer {
                    let hit = Hit {
                        kind,
                        order: lexicon.order,
                        strength: Strength::Strong,
                    };
                    best = Some((ending.len(), hit));
                }
            }
        }
    }
    best.map(|(_, hit)| hit)
}
