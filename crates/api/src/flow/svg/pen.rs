//! Strokes and words of a picture. What is written goes through the XML writer, which escapes it.

use std::fmt;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

/// An attribute's name and value.
type Attribute<'a> = (&'static str, &'a dyn fmt::Display);

/// Where a text stands to its point.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Anchor {
    End,
    Middle,
    Start,
}

/// A text of one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) size: u32,
    pub(super) anchor: Anchor,
    pub(super) colour: &'static str,
    pub(super) bold: bool,
    pub(super) text: &'a str,
}

/// How a line looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) colour: &'static str,
    pub(super) width: &'static str,
    /// Lengths of dashes and gaps; empty for none.
    pub(super) dashes: &'static str,
}

pub(super) struct Pen(Writer<Vec<u8>>);

impl Pen {
    pub(super) const fn new() -> Self {
        Self(Writer::new(Vec::new()))
    }

    pub(super) fn finish(self) -> io::Result<String> {
        String::from_utf8(self.0.into_inner()).map_err(io::Error::other)
    }

    pub(super) fn open(&mut self, name: &str, attributes: &[Attribute<'_>]) -> io::Result<()> {
        self.0.write_event(Event::Start(start(name, attributes)))
    }

    pub(super) fn close(&mut self, name: &str) -> io::Result<()> {
        self.0.write_event(Event::End(BytesEnd::new(name)))
    }

    pub(super) fn empty(&mut self, name: &str, attributes: &[Attribute<'_>]) -> io::Result<()> {
        self.0.write_event(Event::Empty(start(name, attributes)))
    }

    /// An element with a text in it.
    pub(super) fn say(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        text: &str,
    ) -> io::Result<()> {
        self.open(name, attributes)?;
        self.0.write_event(Event::Text(BytesText::new(text)))?;
        self.close(name)
    }

    /// A text with a white edge, so that it can be read across a line.
    pub(super) fn words(&mut self, words: &Words<'_>) -> io::Result<()> {
        if words.text.is_empty() {
            return Ok(());
        }
        let anchor = match words.anchor {
            Anchor::End => "end",
            Anchor::Middle => "middle",
            Anchor::Start => "start",
        };
        let mut attributes: Vec<Attribute<'_>> = vec![
            ("x", &words.x),
            ("y", &words.y),
            ("font-size", &words.size),
            ("text-anchor", &anchor),
            ("fill", &words.colour),
            ("paint-order", &"stroke"),
            ("stroke", &"#fff"),
            ("stroke-width", &3),
        ];
        if words.bold {
            attributes.push(("font-weight", &"600"));
        }
        self.say("text", &attributes, words.text)
    }

    pub(super) fn line(
        &mut self,
        (x1, y1): (u32, u32),
        (x2, y2): (u32, u32),
        stroke: Stroke,
    ) -> io::Result<()> {
        let path = format!("M{x1} {y1}L{x2} {y2}");
        self.path(&path, stroke)
    }

    pub(super) fn path(&mut self, path: &str, stroke: Stroke) -> io::Result<()> {
        let mut attributes: Vec<Attribute<'_>> = vec![
            ("d", &path),
            ("fill", &"none"),
            ("stroke", &stroke.colour),
            ("stroke-width", &stroke.width),
        ];
        if !stroke.dashes.is_empty() {
            attributes.push(("stroke-dasharray", &stroke.dashes));
        }
        self.empty("path", &attributes)
    }
}

fn start<'a>(name: &'a str, attributes: &[Attribute<'_>]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, value.to_string().as_str()));
    }
    start
}
