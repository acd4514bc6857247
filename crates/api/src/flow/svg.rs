//! The ladder as a picture: one SVG file that refers to nothing outside and runs nothing.
//!
//! It is white below, so that it can be read on a dark page. Legs have colours that people who see few colours can tell apart
//! (those of Okabe and Ito), and their name beside; what a colour says is also said by a stroke, a head or a word. All texts
//! that peers chose are cut, lose what a browser would obey, and are escaped.

mod arrow;
mod pen;
mod place;

use std::io;

use offhook_base::CallId;

use super::words::cut;
use super::{Flow, RowKind};
use pen::{Anchor, Pen, Stroke, Words};
use place::{BAND, DETAIL, LABEL, MARGIN, Plan, fit};

pub(super) fn draw(flow: &Flow, title: &str) -> io::Result<String> {
    let legs = Legs::of(flow);
    let plan = Plan::of(flow, TOP);
    let foot = if plan.left_out == 0 { 0 } else { BAND };
    let (width, height) = (plan.width, plan.height + foot);
    let mut pen = Pen::new();
    pen.open(
        "svg",
        &[
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("width", &width),
            ("height", &height),
            ("viewBox", &format!("0 0 {width} {height}")),
            ("role", &"img"),
            ("font-family", &FONTS),
        ],
    )?;
    pen.say("title", &[], &cut(title, 200))?;
    pen.say("desc", &[], &description(flow, &plan))?;
    pen.empty(
        "rect",
        &[("width", &width), ("height", &height), ("fill", &"#fff")],
    )?;
    pen.words(&heading(MARGIN, 24, &cut(title, 200)))?;
    legend(&mut pen, &legs, plan.width)?;
    columns(&mut pen, &plan)?;
    bands(&mut pen, &plan)?;
    links(&mut pen, &plan)?;
    for placed in &plan.rows {
        arrow::draw(&mut pen, &plan, &legs, placed)?;
    }
    if plan.left_out > 0 {
        let text = format!("{} further rows are not drawn", plan.left_out);
        pen.words(&heading(MARGIN, plan.height + LABEL, &text))?;
    }
    pen.close("svg")?;
    pen.finish()
}

const fn heading(x: u32, y: u32, text: &str) -> Words<'_> {
    Words {
        x,
        y,
        size: 15,
        anchor: Anchor::Start,
        colour: INK,
        bold: true,
        text,
    }
}

/// The picture in a sentence.
fn description(flow: &Flow, plan: &Plan<'_>) -> String {
    let names: Vec<String> = flow
        .columns
        .iter()
        .map(|column| cut(&column.alias, 40))
        .collect();
    let count = |kind| flow.rows.iter().filter(|row| row.kind == kind).count();
    let posts = flow
        .rows
        .iter()
        .filter(|row| row.sent == Some(true))
        .count();
    let words = format!(
        "A ladder of {} SIP messages and {posts} POSTs, in {} rows from the earliest down, between these columns from left to right: {}",
        count(RowKind::Sip),
        plan.rows.len(),
        names.join(", ")
    );
    cut(&words, 1_000)
}

/// The legs in the order of their first message, with the call of each where there are several.
struct Legs<'a>(Vec<(&'a str, Option<CallId>)>);

impl<'a> Legs<'a> {
    fn of(flow: &'a Flow) -> Self {
        let names_calls = flow.has_several_calls();
        let mut legs: Vec<(&str, Option<CallId>)> = Vec::new();
        for row in &flow.rows {
            let Some(leg) = row.leg.as_deref() else {
                continue;
            };
            if !legs.iter().any(|(known, _)| *known == leg) {
                legs.push((leg, names_calls.then_some(row.call_id)));
            }
        }
        Self(legs)
    }

    fn colour(&self, leg: &str) -> &'static str {
        let place = self.0.iter().position(|(known, _)| *known == leg);
        let mut colours = LEGS.iter().cycle();
        place
            .and_then(|place| colours.nth(place % LEGS.len()))
            .unwrap_or(&INK)
    }
}

/// What strokes mean; legs that there is no room for are named in their rows.
fn legend(pen: &mut Pen, legs: &Legs<'_>, width: u32) -> io::Result<()> {
    let stroke = |colour, width, dashes| Stroke {
        colour,
        width,
        dashes,
    };
    let mut samples = vec![
        ("webhook".to_owned(), stroke(INK, "1.6", "9 3")),
        ("not sent".to_owned(), stroke(PALE, "1.4", "2 4")),
        ("failed".to_owned(), stroke(FAILED, "1.6", "9 3")),
    ];
    samples.extend(legs.0.iter().map(|(leg, call)| {
        let of = call.map_or_else(String::new, |call| format!(" of call {call}"));
        let name = format!("leg {}{of}", cut(leg, 4));
        (name, stroke(legs.colour(leg), "3", ""))
    }));
    let mut x = MARGIN;
    for (name, stroke) in samples {
        let step = 48 + u32::try_from(name.chars().count()).unwrap_or(0) * 7;
        if x + step > width {
            break;
        }
        pen.line((x, 42), (x + 28, 42), stroke)?;
        pen.words(&Words {
            x: x + 34,
            y: 46,
            size: DETAIL,
            anchor: Anchor::Start,
            colour: SOFT,
            bold: false,
            text: &name,
        })?;
        x += step;
    }
    Ok(())
}

fn columns(pen: &mut Pen, plan: &Plan<'_>) -> io::Result<()> {
    let room = plan.distance.saturating_sub(MARGIN);
    for (column, x) in &plan.columns {
        pen.open("g", &[])?;
        let whole = format!("{}, {}", column.alias, column.address);
        pen.say("title", &[], &cut(&whole, 300))?;
        pen.line((*x, TOP - 8), (*x, plan.height - 8), LIFELINE)?;
        pen.words(&Words {
            x: *x,
            y: TOP - 30,
            size: 13,
            anchor: Anchor::Middle,
            colour: INK,
            bold: true,
            text: &fit(&column.alias, room, 13),
        })?;
        pen.words(&Words {
            x: *x,
            y: TOP - 15,
            size: DETAIL,
            anchor: Anchor::Middle,
            colour: SOFT,
            bold: false,
            text: &fit(&column.address, room, DETAIL),
        })?;
        pen.close("g")?;
    }
    Ok(())
}

/// Silences and dates, in dashed bands.
fn bands(pen: &mut Pen, plan: &Plan<'_>) -> io::Result<()> {
    for band in &plan.bands {
        let (width, height) = (plan.width - 2 * MARGIN, BAND - 6);
        pen.empty(
            "rect",
            &[
                ("x", &MARGIN),
                ("y", &(band.y + 2)),
                ("width", &width),
                ("height", &height),
                ("fill", &"#f6f6f6"),
                ("stroke", &PALE),
                ("stroke-dasharray", &"5 4"),
            ],
        )?;
        pen.words(&Words {
            x: MARGIN + 10,
            y: band.y + 16,
            size: 11,
            anchor: Anchor::Start,
            colour: SOFT,
            bold: false,
            text: &band.text,
        })?;
    }
    Ok(())
}

/// From a message down to what tells of it, along our own column.
fn links(pen: &mut Pen, plan: &Plan<'_>) -> io::Result<()> {
    let arrows: std::collections::HashMap<usize, u32> = plan
        .rows
        .iter()
        .map(|placed| (placed.step.row.n, placed.y + arrow::ARROW))
        .collect();
    for placed in &plan.rows {
        let (Some(cause), Some(to)) = (placed.step.cause, arrows.get(&placed.step.row.n)) else {
            continue;
        };
        let Some(from) = arrows.get(&cause) else {
            continue;
        };
        let x = plan.x(&placed.step.row.from);
        let out = x - 6 - u32::try_from(cause % 3).unwrap_or(0) * 4;
        pen.path(&format!("M{x} {from}H{out}V{to}H{x}"), LINK)?;
        pen.empty(
            "circle",
            &[("cx", &x), ("cy", to), ("r", &2.5), ("fill", &SOFT)],
        )?;
    }
    Ok(())
}

/// Height of title, legend and column heads.
const TOP: u32 = 112;
const FONTS: &str = "system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif";
const INK: &str = "#1f1f1f";
const SOFT: &str = "#595959";
const PALE: &str = "#8a8a8a";
/// Vermilion: no leg has it.
const FAILED: &str = "#d55e00";
/// Blue, green, purple, orange, sky blue, black.
const LEGS: &[&str] = &[
    "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];
const LIFELINE: Stroke = Stroke {
    colour: "#c4c4c4",
    width: "1",
    dashes: "",
};
const LINK: Stroke = Stroke {
    colour: SOFT,
    width: "0.8",
    dashes: "",
};
