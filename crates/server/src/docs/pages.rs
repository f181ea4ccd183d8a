//! Which pages there are, in which order, and which operations they describe.

/// The first page; its address is `/docs`.
pub(super) const HOME: &str = "introduction";

/// A heading of the navigation and the pages below it.
pub(super) struct Group {
    /// Heading.
    pub title: &'static str,
    /// Pages in reading order.
    pub pages: &'static [PageSource],
}

/// A page as it stands in `docs/site/`.
pub(super) struct PageSource {
    /// Name in the address and of the file.
    pub slug: &'static str,
    /// The operation that the page describes: method and path template.
    pub operation: Option<&'static str>,
    /// Markdown: `# title`, `> summary` in one line, and the text.
    pub text: &'static str,
}

macro_rules! page {
    ($slug:literal) => {
        page!(@ $slug, None)
    };
    ($slug:literal, $operation:literal) => {
        page!(@ $slug, Some($operation))
    };
    (@ $slug:literal, $operation:expr) => {
        PageSource {
            slug: $slug,
            operation: $operation,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/site/", $slug, ".md")),
        }
    };
}

/// All pages, as the navigation shows them.
pub(super) const GROUPS: &[Group] = &[
    Group {
        title: "Start here",
        pages: &[
            page!("introduction"),
            page!("quickstart"),
            page!("full-example"),
        ],
    },
    Group {
        title: "Guides",
        pages: &[
            page!("products"),
            page!("pictures"),
            page!("credits-and-limits"),
            page!("errors"),
            page!("idempotency"),
            page!("watermark"),
            page!("provenance"),
            page!("webhooks"),
            page!("privacy"),
        ],
    },
    Group {
        title: "Endpoints",
        pages: &[
            page!("upload-image", "POST /tryon/v1/images/upload"),
            page!("create-try-on", "POST /tryon/v1/try-on"),
            page!("create-try-on-sync", "POST /tryon/v1/try-on/sync"),
            page!("get-generation", "GET /tryon/v1/generations/{id}"),
            page!("watch-generation", "GET /tryon/v1/generations/{id}/events"),
            page!("list-generations", "GET /tryon/v1/generations"),
            page!("upsert-product", "POST /tryon/v1/products"),
            page!("list-products", "GET /tryon/v1/products"),
            page!("get-product", "GET /tryon/v1/products/{externalId}"),
            page!("delete-product", "DELETE /tryon/v1/products/{externalId}"),
            page!("delete-customer", "DELETE /tryon/v1/customers/{customerId}"),
            page!("get-credits", "GET /tryon/v1/account/credits"),
            page!("get-picture", "GET /tryon/v1/pictures/{kind}/{file}"),
        ],
    },
    Group {
        title: "Running drape",
        pages: &[
            page!("operating"),
            page!("engines"),
            page!("models"),
            page!("settings"),
            page!("admin-api"),
        ],
    },
    Group {
        title: "Moving here",
        pages: &[
            page!("migrating-from-genlook"),
            page!("migrating-from-alpha"),
            page!("changelog"),
        ],
    },
];

/// Every page, in reading order.
pub(super) fn all() -> impl Iterator<Item = &'static PageSource> {
    GROUPS.iter().flat_map(|group| group.pages)
}
