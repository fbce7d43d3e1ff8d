//! A drill as a picture: servers as lanes, the disaster shaded, copies and steps as marks.

use std::fmt::Write as _;

use audit_core::model::Fqdn;

use super::outcome::{Drilled, MomentKind};
use crate::kernel::time::Time;

const LEFT: u64 = 220;
const WIDTH: u64 = 900;
const LANE: u64 = 26;
const TOP: u64 = 70;
/// Width of what lies before the disaster.
const PAST: u64 = 160;

/// The picture as a document of its own, ending in a line feed.
pub fn render(drilled: &Drilled) -> String {
    let mut lanes: Vec<Fqdn> = drilled.servers.clone();
    for moment in &drilled.moments {
        if let Some(on) = &moment.on
            && !lanes.contains(on)
        {
            lanes.push(on.clone());
        }
    }
    let height = TOP + LANE * (lanes.len() as u64 + 1) + 60;
    let total = LEFT + WIDTH + 20;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {total} {height}\" \
         width=\"{total}\" height=\"{height}\" role=\"img\">"
    );
    let title = format!(
        "Drill of {}: {}, {} at worst by the audit",
        drilled.case,
        drilled.class.words(),
        drilled.predicted.map_or("unknown", |class| class.words())
    );
    let _ = writeln!(out, "<title>{}</title>", escape(&title));
    out.push_str(STYLE);
    let _ = writeln!(out, "<rect class=\"ground\" width=\"{total}\" height=\"{height}\"/>");
    text(&mut out, 12, 24, "head", &title);
    let axis = Axis::new(drilled);
    let bottom = TOP + LANE * lanes.len() as u64;
    for (place, name) in lanes.iter().enumerate() {
        let y = TOP + LANE * place as u64 + LANE / 2;
        text(&mut out, 12, y + 4, "name", name.as_str());
        let _ = writeln!(
            out,
            "<line class=\"lane\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>",
            LEFT + WIDTH
        );
    }
    let lane = |name: &Fqdn| {
        let place = lanes.iter().position(|lane| lane == name)? as u64;
        Some(TOP + LANE * place + LANE / 2)
    };
    for down in &drilled.downs {
        let Some(y) = lane(&down.server) else { continue };
        let (from, until) = (axis.x(down.since), axis.x(down.until.unwrap_or(drilled.ended)));
        let _ = writeln!(
            out,
            "<rect class=\"fault\" x=\"{from}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} is \
             out of service</title></rect>",
            y - LANE / 2 + 2,
            until.saturating_sub(from).max(2),
            LANE - 4,
            escape(down.server.as_str())
        );
    }
    for copy in &drilled.copies {
        let (Some(at), Some(y)) = (copy.taken_at, copy.host.as_ref().and_then(lane)) else {
            continue;
        };
        let x = axis.x(at);
        let _ = writeln!(
            out,
            "<path class=\"copy\" d=\"M{x} {} l6 6 l-6 6 l-6 -6 z\"><title>{}</title></path>",
            y - 6,
            escape(&copy.id)
        );
    }
    for moment in &drilled.moments {
        let (x, width) = (axis.x(moment.at), axis.x(moment.at + moment.took));
        let (class, y, tall) = match (moment.kind, moment.on.as_ref().and_then(lane)) {
            (MomentKind::Step, Some(y)) => ("step", y - 6, 12),
            (MomentKind::Refused | MomentKind::Mistake, Some(y)) => ("refused", y - 6, 12),
            (MomentKind::Dead, _) => ("refused", TOP, bottom - TOP),
            (MomentKind::Notice, _) => ("notice", TOP, bottom - TOP),
            _ => continue,
        };
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{tall}\"><title>{}\
             </title></rect>",
            width.saturating_sub(x).max(2),
            escape(&moment.words)
        );
    }
    for (label, at) in [
        ("disaster", drilled.struck),
        ("noticed", drilled.noticed_at),
        ("first step", drilled.began),
        ("last step", drilled.ended),
    ] {
        let x = axis.x(at);
        let row = match label {
            "noticed" => 30,
            "first step" => 44,
            _ => 16,
        };
        // A label stays inside of the picture.
        let class = if x > LEFT + WIDTH / 2 { "tick end" } else { "tick" };
        text(&mut out, x, bottom + row, class, label);
    }
    text(
        &mut out,
        12,
        46,
        "tick",
        "diamond: copy, bar: step, shaded: out of service, line: noticed",
    );
    out.push_str("</svg>\n");
    out
}

const STYLE: &str = "<style>\
.ground{fill:#fff}.head{font:600 14px sans-serif;fill:#1b1b1b}.name,.tick{font:12px sans-serif;\
fill:#333}.end{text-anchor:end}.lane{stroke:#ccc}.fault{fill:#f6c7c0;opacity:.6}\
.step{fill:#1f6fb2}.refused{fill:#b3261e}\
.notice{fill:#8a6d00}.copy{fill:#2e7d32}</style>\n";

/// Time to place: what was before the disaster is squeezed, by the square root of its age.
struct Axis {
    past: u64,
    struck: Time,
    ahead: u64,
}

impl Axis {
    fn new(drilled: &Drilled) -> Self {
        let first = drilled.copies.iter().filter_map(|copy| copy.taken_at).min();
        let past = first.map_or(1, |at| drilled.struck.since(at).millis().max(1));
        Self { past, struck: drilled.struck, ahead: drilled.since_disaster(drilled.ended).max(1) }
    }

    fn x(&self, at: Time) -> u64 {
        if at < self.struck {
            // Whole numbers: the same picture on every machine.
            let age = self.struck.since(at).millis();
            let share = (u128::from(age) * 1_000_000 / u128::from(self.past)).isqrt();
            let back = share * u128::from(PAST - 10) / 1000;
            return LEFT + PAST - u64::try_from(back).unwrap_or(0);
        }
        let ahead = at.since(self.struck).millis().min(self.ahead);
        // Whole numbers: the same picture on every machine.
        LEFT + PAST
            + u64::try_from(u128::from(ahead) * u128::from(WIDTH - PAST) / u128::from(self.ahead))
                .unwrap_or(0)
    }
}

fn text(out: &mut String, x: u64, y: u64, class: &str, words: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(words));
}

fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
