//! Markdown to HTML: headings with anchors, links between pages, tables that scroll, coloured code.

use std::collections::BTreeMap;

use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

use super::{escape, highlight::highlight, page_path};

/// A page as HTML, and what navigation and search need of it.
pub(super) struct Rendered {
    /// The text below title and summary.
    pub html: String,
    /// Headings of the second and third level.
    pub headings: Vec<Heading>,
    /// The words of the page, cut at its headings.
    pub sections: Vec<Section>,
}

/// A heading inside a page.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    /// 2 or 3.
    pub level: u8,
    /// Text.
    pub text: String,
    /// Name in the address, behind `#`.
    pub anchor: String,
}

/// Text between two headings.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    /// The heading before it; none at the top of a page.
    pub heading: Option<Heading>,
    /// Words, one space between them.
    pub text: String,
}

/// Renders the text of a page.
pub(super) fn render(text: &str) -> Rendered {
    let options = Options::ENABLE_TABLES | Options::ENABLE_GFM;
    let mut events = Parser::new_ext(text, options).peekable();
    let mut page = PageWriter::default();
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let inside: Vec<_> = events
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                    .collect();
                page.heading(level, inside);
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let code: String = events
                    .by_ref()
                    .take_while(|event| !matches!(event, Event::End(TagEnd::CodeBlock)))
                    .filter_map(|event| match event {
                        Event::Text(text) => Some(text.into_string()),
                        _ => None,
                    })
                    .collect();
                page.code(&kind, &code);
            }
            Event::Start(Tag::Table(_)) => page.table_begins(),
            Event::End(TagEnd::Table) => page.push_html("</tbody></table></div>\n"),
            Event::Start(Tag::TableHead) => page.push_html("<thead><tr>"),
            Event::End(TagEnd::TableHead) => page.table_head_ends(),
            Event::Start(Tag::TableRow) => page.row_begins(),
            Event::End(TagEnd::TableRow) => page.push_html("</tr>\n"),
            Event::Start(Tag::TableCell) => page.cell_begins(),
            Event::End(TagEnd::TableCell) => page.cell_ends(),
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let dest_url = CowStr::from(link_target(&dest_url));
                page.events.push(Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                }));
            }
            other => page.other(other),
        }
    }
    page.finish()
}

/// Where a link of a page leads: `quickstart.md#anchor` is the page next to it.
fn link_target(target: &str) -> String {
    let (file, anchor) = match target.split_once('#') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (target, None),
    };
    let Some(slug) = file
        .strip_suffix(".md")
        .filter(|slug| !slug.contains(['/', ':']))
    else {
        return target.to_owned();
    };
    let path = page_path(slug);
    match anchor {
        Some(anchor) => format!("{path}#{anchor}"),
        None => path,
    }
}

#[derive(Default)]
struct PageWriter<'t> {
    events: Vec<Event<'t>>,
    headings: Vec<Heading>,
    sections: Vec<Section>,
    current: Section,
    anchors: BTreeMap<String, usize>,
    table: Table,
}

/// The table that is being written.
#[derive(Default)]
struct Table {
    /// Names of the columns, which small screens show beside the cells.
    columns: Vec<String>,
    is_in_head: bool,
    /// Cells of this row so far.
    cells: usize,
}

impl<'t> PageWriter<'t> {
    fn push_html(&mut self, text: impl Into<String>) {
        self.events.push(Event::Html(CowStr::from(text.into())));
    }

    fn heading(&mut self, level: HeadingLevel, inside: Vec<Event<'t>>) {
        let text: String = inside
            .iter()
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let heading = Heading {
            level: level as u8,
            anchor: self.free_anchor(&text),
            text,
        };
        let (level, anchor) = (heading.level, escape(&heading.anchor));
        self.push_html(format!(
            "<h{level} id=\"{anchor}\"><a class=\"anchor\" href=\"#{anchor}\">"
        ));
        self.events.extend(inside);
        self.push_html(format!("</a></h{level}>\n"));
        if (2..=3).contains(&level) {
            self.headings.push(heading.clone());
        }
        let next = Section {
            heading: Some(heading),
            text: String::new(),
        };
        self.sections
            .push(std::mem::replace(&mut self.current, next));
    }

    fn table_begins(&mut self) {
        self.table = Table {
            is_in_head: true,
            ..Table::default()
        };
        self.push_html("<div class=\"table\" tabindex=\"0\" role=\"group\"><table>");
    }

    fn table_head_ends(&mut self) {
        self.table.is_in_head = false;
        self.push_html("</tr></thead>\n<tbody>\n");
    }

    fn row_begins(&mut self) {
        self.table.cells = 0;
        self.push_html("<tr>");
    }

    fn cell_begins(&mut self) {
        if self.table.is_in_head {
            self.table.columns.push(String::new());
            self.push_html("<th>");
            return;
        }
        let name = self.table.columns.get(self.table.cells);
        let label = escape(name.map_or("", String::as_str));
        self.table.cells += 1;
        self.push_html(format!("<td data-label=\"{label}\">"));
    }

    fn cell_ends(&mut self) {
        self.current.text.push(' ');
        let end = if self.table.is_in_head {
            "</th>"
        } else {
            "</td>"
        };
        self.push_html(end);
    }

    /// An anchor as GitHub would make it, so that links work in both places.
    fn free_anchor(&mut self, text: &str) -> String {
        let mut anchor = String::new();
        for character in text.trim().chars().flat_map(char::to_lowercase) {
            match character {
                ' ' => anchor.push('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => anchor.push(c),
                _ => {}
            }
        }
        let used = self.anchors.entry(anchor.clone()).or_default();
        *used += 1;
        match *used {
            1 => anchor,
            several => format!("{anchor}-{}", several - 1),
        }
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>, code: &str) {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.as_ref(),
            CodeBlockKind::Indented => "",
        };
        let language = info.split_whitespace().next().unwrap_or("text");
        let mark = info.split_whitespace().nth(1).unwrap_or_default();
        let label = match language {
            "json" if mark == "response" => "answer",
            "text" if matches!(mark, "response" | "like") => "output",
            "bash" => "shell",
            other => other,
        };
        self.push_html(format!(
            "<div class=\"code\"><div class=\"code-head\"><span>{}</span></div>\
             <pre tabindex=\"0\"><code>{}</code></pre></div>\n",
            escape(label),
            highlight(language, code.trim_end()),
        ));
        self.say(code);
    }

    fn other(&mut self, event: Event<'t>) {
        match &event {
            Event::Text(text) | Event::Code(text) => {
                self.current.text.push_str(text);
                if self.table.is_in_head
                    && let Some(column) = self.table.columns.last_mut()
                {
                    column.push_str(text);
                }
            }
            Event::SoftBreak | Event::HardBreak | Event::End(_) => self.current.text.push(' '),
            _ => {}
        }
        self.events.push(event);
    }

    fn say(&mut self, text: &str) {
        self.current.text.push(' ');
        self.current.text.push_str(text);
        self.current.text.push(' ');
    }

    fn finish(mut self) -> Rendered {
        self.sections.push(self.current);
        for section in &mut self.sections {
            let words: Vec<_> = section.text.split_whitespace().collect();
            section.text = words.join(" ");
        }
        let mut page = String::new();
        html::push_html(&mut page, self.events.into_iter());
        Rendered {
            html: page,
            headings: self.headings,
            sections: self.sections,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_get_anchors_that_are_unique() {
        let page = render("## A `b`, c!\n\nx\n\n## A b c\n\n### Über uns\n");
        let anchors: Vec<_> = page.headings.iter().map(|h| h.anchor.as_str()).collect();
        assert_eq!(anchors, ["a-b-c", "a-b-c-1", "über-uns"]);
        assert!(page.html.contains(
            "<h2 id=\"a-b-c\"><a class=\"anchor\" href=\"#a-b-c\">A <code>b</code>, c!</a></h2>"
        ));
        assert_eq!(page.sections.len(), 4);
        assert_eq!(page.sections[1].text, "x");
    }

    #[test]
    fn links_between_pages_lose_their_ending() {
        for (source, target) in [
            ("quickstart.md", "/docs/quickstart"),
            ("introduction.md", "/docs"),
            ("errors.md#job-errors", "/docs/errors#job-errors"),
            ("#here", "#here"),
            ("/openapi.json", "/openapi.json"),
            ("https://example.org/a.md", "https://example.org/a.md"),
        ] {
            assert_eq!(link_target(source), target);
        }
    }

    #[test]
    fn tables_scroll_and_code_is_escaped() {
        let page = render("| a |\n|---|\n| `b` |\n\n```json response\n{\"<\": 1}\n```\n");
        let table = "<table><thead><tr><th>a</th></tr></thead>\n<tbody>\n\
            <tr><td data-label=\"a\"><code>b</code></td></tr>\n</tbody></table></div>";
        assert!(page.html.contains(table), "{}", page.html);
        assert!(page.html.contains("&lt;") && page.html.contains("<span>answer</span>"));
        assert!(!page.html.contains("style="));
    }
}
