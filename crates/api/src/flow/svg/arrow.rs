//! One row of a picture: its number, leg and time, and its arrow with what is said along it.

use std::io;

use super::super::words::cut;
use super::super::{FlowRow, RowKind};
use super::Legs;
use super::pen::{Anchor, Pen, Stroke, Words};
use super::place::{DETAIL, LABEL, MARGIN, Placed, Plan, fit};
use super::{FAILED, INK, PALE, SOFT};

/// From a row's upper edge to its arrow.
pub(super) const ARROW: u32 = 20;
/// Longest text of a tooltip.
const TITLE: usize = 300;

pub(super) fn draw(
    pen: &mut Pen,
    plan: &Plan<'_>,
    legs: &Legs<'_>,
    placed: &Placed<'_>,
) -> io::Result<()> {
    let row = placed.step.row;
    pen.open("g", &[])?;
    pen.say("title", &[], &title(plan, placed))?;
    gutter(pen, legs, placed)?;
    let (from, to) = (plan.x(&row.from), plan.x(&row.to));
    let y = placed.y + ARROW;
    let stroke = stroke(row, legs);
    let left = from.min(to);
    if from == to {
        pen.empty(
            "circle",
            &[
                ("cx", &from),
                ("cy", &(y - 4)),
                ("r", &4),
                ("fill", &stroke.colour),
            ],
        )?;
    } else {
        pen.line((from, y), (to, y), stroke)?;
        head(pen, row, (from, to), y, stroke)?;
    }
    label(pen, plan, row, (from, to), y)?;
    let room = plan.width.saturating_sub(left + 2 * MARGIN);
    pen.words(&Words {
        x: left + MARGIN,
        y: y + 14,
        size: DETAIL,
        anchor: Anchor::Start,
        colour: SOFT,
        bold: false,
        text: &fit(&placed.detail, room, DETAIL),
    })?;
    pen.close("g")
}

fn gutter(pen: &mut Pen, legs: &Legs<'_>, placed: &Placed<'_>) -> io::Result<()> {
    let y = placed.y + ARROW;
    let number = placed.step.row.n.to_string();
    pen.words(&side(36, (y, LABEL), Anchor::End, SOFT, &number))?;
    if let Some(leg) = &placed.step.row.leg {
        let colour = legs.colour(leg);
        pen.empty(
            "rect",
            &[
                ("x", &44),
                ("y", &(y - 12)),
                ("width", &28),
                ("height", &16),
                ("rx", &3),
                ("fill", &"#fff"),
                ("stroke", &colour),
                ("stroke-width", &2),
            ],
        )?;
        pen.words(&side(
            58,
            (y, DETAIL),
            Anchor::Middle,
            INK,
            &fit(leg, 26, DETAIL),
        ))?;
    }
    pen.words(&side(82, (y, LABEL), Anchor::Start, INK, &placed.clock))?;
    pen.words(&side(
        82,
        (y + 13, DETAIL),
        Anchor::Start,
        SOFT,
        &placed.delta,
    ))
}

const fn side<'a>(
    x: u32,
    (y, size): (u32, u32),
    anchor: Anchor,
    colour: &'static str,
    text: &'a str,
) -> Words<'a> {
    Words {
        x,
        y,
        size,
        anchor,
        colour,
        bold: false,
        text,
    }
}

/// SIP in the colour of its leg, a POST in dashes, what was not sent in pale dots.
fn stroke(row: &FlowRow, legs: &Legs<'_>) -> Stroke {
    let failed = row.error.is_some() || row.status.is_some_and(|status| status >= 300);
    match row.kind {
        RowKind::Media => Stroke {
            colour: SOFT,
            width: "4",
            dashes: "",
        },
        RowKind::Note => Stroke {
            colour: if row.error.is_some() { FAILED } else { PALE },
            width: "1.4",
            dashes: "2 4",
        },
        RowKind::Sip => Stroke {
            colour: row.leg.as_deref().map_or(INK, |leg| legs.colour(leg)),
            width: "2",
            dashes: "",
        },
        RowKind::Webhook => Stroke {
            colour: if failed { FAILED } else { INK },
            width: "1.6",
            dashes: "9 3",
        },
    }
}

/// A full head for SIP, an open one for HTTP, a cross where an answer did not come; a note has none.
fn head(
    pen: &mut Pen,
    row: &FlowRow,
    (from, to): (u32, u32),
    y: u32,
    stroke: Stroke,
) -> io::Result<()> {
    let back = |by: u32| if from < to { to - by } else { to + by };
    let solid = Stroke {
        dashes: "",
        ..stroke
    };
    let broken = row.kind == RowKind::Webhook && row.error.is_some() && row.status.is_none();
    match row.kind {
        RowKind::Note => Ok(()),
        RowKind::Webhook if broken => {
            let (near, far) = (back(6), back(18));
            let cross = format!(
                "M{near} {}L{far} {}M{near} {}L{far} {}",
                y - 6,
                y + 6,
                y + 6,
                y - 6
            );
            pen.path(
                &cross,
                Stroke {
                    width: "2.4",
                    ..solid
                },
            )
        }
        RowKind::Webhook => {
            let wings = format!("M{0} {1}L{to} {y}L{0} {2}", back(9), y - 5, y + 5);
            pen.path(&wings, solid)
        }
        RowKind::Media | RowKind::Sip => {
            let wings = format!("M{to} {y}L{0} {1}L{0} {2}Z", back(10), y - 5, y + 5);
            pen.empty("path", &[("d", &wings), ("fill", &stroke.colour)])
        }
    }
}

fn label(
    pen: &mut Pen,
    plan: &Plan<'_>,
    row: &FlowRow,
    (from, to): (u32, u32),
    y: u32,
) -> io::Result<()> {
    let (x, anchor, room) = if from == to {
        let room = plan.width.saturating_sub(from + 2 * MARGIN);
        (from + MARGIN, Anchor::Start, room)
    } else {
        let room = from.abs_diff(to).saturating_sub(2 * MARGIN);
        (from.midpoint(to), Anchor::Middle, room)
    };
    let colour = match row.sent {
        Some(false) => SOFT,
        Some(true) | None => INK,
    };
    pen.words(&Words {
        x,
        y: if from == to { y } else { y - 5 },
        size: LABEL,
        anchor,
        colour,
        bold: row.kind != RowKind::Note,
        text: &fit(&row.label, room, LABEL),
    })
}

/// The whole row in words, for who cannot see it or points at it.
fn title(plan: &Plan<'_>, placed: &Placed<'_>) -> String {
    let row = placed.step.row;
    let alias = |id: &str| {
        let column = plan.columns.iter().find(|(column, _)| column.id == id);
        column.map_or("?", |(column, _)| column.alias.as_str())
    };
    let mut words = format!("Row {}, {}", row.n, placed.clock);
    if let Some(leg) = &row.leg {
        words.push_str(&format!(", leg {leg}"));
    }
    let (from, to) = (cut(alias(&row.from), 60), cut(alias(&row.to), 60));
    if row.from == row.to {
        words.push_str(&format!(": {} at {from}", row.label));
    } else {
        words.push_str(&format!(": {} from {from} to {to}", row.label));
    }
    if !row.detail.is_empty() {
        words.push_str(&format!(" ({})", row.detail));
    }
    cut(&words, TITLE)
}
