//! A small XMP packet: the program and the digital source type.
//!
//! Source: ISO 16684-1 (XMP), its part 3 for the place in JPEG files, and the IPTC Photo Metadata Standard for
//! `Iptc4xmpExt:DigitalSourceType`.

/// Makes a read-only packet that names the program and, when there is one, the digital source type.
pub(crate) fn packet(creator_tool: &str, digital_source_type: Option<&str>) -> String {
    let source = digital_source_type.map_or_else(String::new, |term| {
        format!(
            "\n   xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\
             \n   Iptc4xmpExt:DigitalSourceType=\"{}\"",
            escaped(term)
        )
    });
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n \
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
         <rdf:Description rdf:about=\"\"\n   \
         xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n   \
         xmp:CreatorTool=\"{}\"{source}/>\n \
         </rdf:RDF>\n\
         </x:xmpmeta>\n\
         <?xpacket end=\"r\"?>",
        escaped(creator_tool)
    )
}

/// Text for inside of a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Control characters are not allowed in XML, in whatever spelling.
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_has_both_properties_and_no_empty_one() {
        let both = packet("drape 1.2.3", Some("http://example.org/term"));
        assert!(both.contains("xmp:CreatorTool=\"drape 1.2.3\""), "{both}");
        assert!(
            both.contains("Iptc4xmpExt:DigitalSourceType=\"http://example.org/term\"/>"),
            "{both}"
        );
        assert!(both.starts_with("<?xpacket begin=\"\u{feff}\""), "{both}");
        assert!(both.ends_with("<?xpacket end=\"r\"?>"), "{both}");
        let one = packet("drape", None);
        assert!(!one.contains("Iptc4xmpExt"), "{one}");
    }

    #[test]
    fn text_cannot_leave_its_attribute() {
        let text = packet("a\"/><b>&\u{0}", None);
        assert!(text.contains("=\"a&quot;/&gt;&lt;b&gt;&amp; \""), "{text}");
    }
}
