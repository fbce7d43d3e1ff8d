//! The topology as a drawing: SVG for the page, the HTML report and files.
//!
//! ```text
//!   .- berlin ---------.          .- paris ----.
//!   |  (CA) ipa1       |----------|  (CA) ipa3 |     one frame per data center, on a ring
//!   |    |             |          '------------'     servers on a ring inside, by name
//!   |  (  ) ipa2 hidden|                             domain solid, ca dashed, side by side
//!   '------------------'
//! ```
//!
//! The same deployment gives the same bytes on every machine and in WebAssembly: positions come
//! from `+ - * /` and square roots only, and are printed as whole tenths. Meaning never hangs on
//! color alone: every mark has a shape or a word and a `<title>`. Elements carry classes and no
//! `style` attributes, because the page's policy forbids those; `svg.css` styles the classes there
//! and travels inside a `<style>` element in files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use crate::Report;
use crate::model::{Deployment, Direction, Fqdn, Role, RoleStatus, Server, Suffix, Visibility};
use crate::views::SuffixView;

/// The sheet for the classes used here.
const STYLE: &str = include_str!("svg.css");

/// More servers than this are not drawn: nobody could read it, and the table has them all.
pub const SERVERS_DRAWN_MAX: usize = 300;

/// Who styles the drawing. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Styling {
    /// The document around it, which has `svg.css`.
    Page,
    /// The drawing itself: a file on its own.
    Standalone,
}

/// Draws the topology of a deployment.
///
/// Cut servers and cut segments are those of the [certain](SuffixView::certain) graph. More than
/// [`SERVERS_DRAWN_MAX`] hosts give a sentence instead.
pub fn render(deployment: &Deployment, report: &Report, styling: Styling) -> String {
    draw(deployment, &report.as_of.to_string(), styling)
}

fn draw(deployment: &Deployment, as_of: &str, styling: Styling) -> String {
    let style = match styling {
        Styling::Page => "",
        Styling::Standalone => STYLE,
    };
    let ghosts = ghosts(deployment);
    let count = deployment.servers.len();
    let sentence = if count == 0 {
        "No server is known.".to_owned()
    } else if count + ghosts.len() > SERVERS_DRAWN_MAX {
        format!("{} hosts are too many to draw; the table has them.", count + ghosts.len())
    } else {
        return Picture::of(deployment, &ghosts).draw(style, as_of);
    };
    let mut svg = Svg::open(500, 60, style, "Replication topology", &sentence);
    svg.text(20, 36, "t-legend", &sentence);
    svg.close()
}

/// Hosts that a segment names and no list of servers has.
fn ghosts(deployment: &Deployment) -> BTreeSet<&Fqdn> {
    deployment
        .topology
        .values()
        .flat_map(|topology| &topology.segments)
        .flat_map(|segment| [&segment.key.left, &segment.key.right])
        .filter(|name| !deployment.servers.contains_key(*name))
        .collect()
}

/// Radius of a server.
const RADIUS: f64 = 16.0;
/// Room around a server, its rings included.
const REACH: f64 = 24.0;
/// Widths of letters, a little generous: the real ones depend on the reader's fonts.
const NAME_LETTER: f64 = 7.0;
const ROLE_LETTER: f64 = 6.0;
/// Longer names are cut; the title has them in full.
const NAME_LETTERS_MAX: usize = 22;
/// Rings with more servers are packed closer, every other name one step further out.
const DENSE_FROM: usize = 13;
const FRAME_PADDING: f64 = 16.0;
const FRAME_TITLE: f64 = 28.0;
const FRAME_GAP: f64 = 56.0;
const MARGIN: f64 = 24.0;
/// A line keeps this far from servers it does not end at.
const CLEARANCE: f64 = 26.0;
/// Ways to bend a line, tried in this order.
const BENDS: [f64; 11] =
    [0.0, 40.0, -40.0, 80.0, -80.0, 120.0, -120.0, 180.0, -180.0, 240.0, -240.0];

/// What is drawn.
struct Picture<'a> {
    nodes: Vec<Node<'a>>,
    groups: Vec<Group>,
    lines: Vec<Line>,
    /// Right and lower end of everything but the legend, once placed.
    size: Point,
}

/// A server, or a host that only a segment names.
struct Node<'a> {
    name: &'a Fqdn,
    server: Option<&'a Server>,
    label: String,
    /// Roles and duties besides the CA, in words.
    roles: String,
    renewal: bool,
    /// Suffixes that the loss of this server splits.
    cuts: Vec<Suffix>,
    at: Point,
    place: LabelPlace,
}

/// A data center, or the servers without a known one, or the hosts that are no servers.
struct Group {
    title: Option<String>,
    ghosts: bool,
    members: Vec<usize>,
    /// Frame, once placed.
    frame: Frame,
}

/// All segments of one suffix between two nodes.
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own on the line")]
struct Line {
    ends: (usize, usize),
    suffix: Suffix,
    forward: bool,
    backward: bool,
    enabled: bool,
    cut: bool,
    titles: Vec<String>,
    /// The other suffix has a line between the same nodes.
    paired: bool,
    /// How far the line is pulled to its right on its way, so that it passes no other server.
    bend: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Point {
    x: f64,
    y: f64,
}

impl Point {
    fn plus(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }

    fn times(self, factor: f64) -> Self {
        Self { x: self.x * factor, y: self.y * factor }
    }

    fn floor(self) -> Self {
        Self { x: self.x.floor(), y: self.y.floor() }
    }

    fn distance(self, other: Self) -> f64 {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        (dx * dx + dy * dy).sqrt()
    }

    /// The point `length` further on the way to another one.
    fn toward(self, other: Self, length: f64) -> Self {
        let distance = self.distance(other);
        if distance < 0.001 {
            return self;
        }
        let part = length / distance;
        Self { x: self.x + (other.x - self.x) * part, y: self.y + (other.y - self.y) * part }
    }
}

/// A quadratic Bezier curve; straight if `pull` lies between its ends.
#[derive(Clone, Copy, Debug)]
struct Curve {
    from: Point,
    pull: Point,
    to: Point,
}

impl Curve {
    /// The point at a part of the way, 0 to 1.
    fn at(&self, part: f64) -> Point {
        let rest = 1.0 - part;
        self.from
            .times(rest * rest)
            .plus(self.pull.times(2.0 * rest * part))
            .plus(self.to.times(part * part))
    }
}

/// A rectangle by its smallest and largest coordinates.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    min: Point,
    max: Point,
}

impl Frame {
    fn width(self) -> f64 {
        self.max.x - self.min.x
    }

    fn height(self) -> f64 {
        self.max.y - self.min.y
    }

    /// Grows to hold a rectangle.
    fn cover(&mut self, other: Self) {
        self.min.x = self.min.x.min(other.min.x);
        self.min.y = self.min.y.min(other.min.y);
        self.max.x = self.max.x.max(other.max.x);
        self.max.y = self.max.y.max(other.max.y);
    }

    fn moved(self, by: Point) -> Self {
        let moved = |point: Point| Point { x: point.x + by.x, y: point.y + by.y };
        Self { min: moved(self.min), max: moved(self.max) }
    }
}

/// Where a server's name stands. `out` is the distance in steps of a line pair.
#[derive(Clone, Copy, Debug)]
enum LabelPlace {
    Above { out: bool },
    Below { out: bool },
    Left,
    Right,
}

impl<'a> Picture<'a> {
    fn of(deployment: &'a Deployment, ghosts: &BTreeSet<&'a Fqdn>) -> Self {
        let names: Vec<&Fqdn> = deployment.servers.keys().chain(ghosts.iter().copied()).collect();
        let index: BTreeMap<&Fqdn, usize> =
            names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let labels = labels(&names);

        let mut lines = Vec::new();
        let mut cuts: BTreeMap<Fqdn, Vec<Suffix>> = BTreeMap::new();
        for suffix in Suffix::ALL {
            let view = SuffixView::new(deployment, suffix);
            for server in view.certain.cut_servers() {
                cuts.entry(server).or_default().push(suffix);
            }
            lines.extend(lines_of(deployment, &view, &index));
        }
        let mut between: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for line in &lines {
            *between.entry(line.ends).or_default() += 1;
        }
        for line in &mut lines {
            line.paired = between.get(&line.ends).is_some_and(|count| *count > 1);
        }

        let nodes = names
            .iter()
            .zip(labels)
            .map(|(name, label)| {
                let server = deployment.servers.get(*name);
                Node {
                    name,
                    server,
                    label,
                    roles: duties(deployment, name, server),
                    renewal: deployment.ca_renewal_server.value() == Some(*name),
                    cuts: cuts.remove(*name).unwrap_or_default(),
                    at: Point::default(),
                    place: LabelPlace::Below { out: false },
                }
            })
            .collect();
        let groups = groups(deployment, &names, &index);
        let mut picture = Self { nodes, groups, lines, size: Point::default() };
        picture.lay_out();
        picture
    }

    /// Places servers on a ring in each group, then the groups on a ring.
    fn lay_out(&mut self) {
        for group in &mut self.groups {
            lay_out_ring(&mut self.nodes, &group.members);
            let mut frame: Option<Frame> = None;
            for &member in &group.members {
                if let Some(node) = self.nodes.get(member) {
                    let room = node.room();
                    frame.get_or_insert(room).cover(room);
                }
            }
            let mut frame = frame.unwrap_or_default();
            if let Some(title) = &group.title {
                let wanted = text_width(title, NAME_LETTER + 1.0) - frame.width();
                let more = wanted.max(0.0) / 2.0 + FRAME_PADDING;
                frame.min.x -= more;
                frame.max.x += more;
                frame.min.y -= FRAME_PADDING + FRAME_TITLE;
                frame.max.y += FRAME_PADDING;
            }
            group.frame = frame;
        }
        let offsets = ring_of_frames(&self.groups.iter().map(|g| g.frame).collect::<Vec<_>>());
        for (group, by) in self.groups.iter_mut().zip(offsets) {
            group.frame = group.frame.moved(by);
            for &member in &group.members {
                if let Some(node) = self.nodes.get_mut(member) {
                    node.at = node.at.plus(by).floor();
                }
            }
        }
        self.bend_lines();

        let mut all: Option<Frame> = None;
        for group in &self.groups {
            all.get_or_insert(group.frame).cover(group.frame);
        }
        let mut all = all.unwrap_or_default();
        for curve in self.lines.iter().filter_map(|line| self.curve(line, 0.0)) {
            let middle = curve.at(0.5);
            all.cover(Frame { min: middle, max: middle });
        }
        // Moves everything so that the drawing starts at the margin.
        let by = Point { x: MARGIN - all.min.x, y: MARGIN - all.min.y }.floor();
        for group in &mut self.groups {
            group.frame = group.frame.moved(by);
        }
        for node in &mut self.nodes {
            node.at = node.at.plus(by);
        }
        self.size = Point { x: all.max.x + by.x, y: all.max.y + by.y };
    }

    /// Bends lines that would run over a server that is not one of their ends.
    fn bend_lines(&mut self) {
        let mut bends: BTreeMap<(usize, usize), f64> = BTreeMap::new();
        for line in &self.lines {
            if bends.contains_key(&line.ends) {
                continue;
            }
            let mut best = (0.0, -1.0);
            for bend in BENDS {
                let Some(curve) =
                    self.curve(&Line { bend, ..Line::new(line.ends, line.suffix) }, 0.0)
                else {
                    break;
                };
                let clear = self.clearance(&curve, line.ends);
                if clear > best.1 {
                    best = (bend, clear);
                }
                if clear >= CLEARANCE {
                    break;
                }
            }
            bends.insert(line.ends, best.0);
        }
        for line in &mut self.lines {
            line.bend = bends.get(&line.ends).copied().unwrap_or(0.0);
        }
    }

    /// Distance from a curve to the nearest server that is not one of its ends, up to
    /// [`CLEARANCE`]. The middle of a server's name counts as an obstacle half as wide.
    fn clearance(&self, curve: &Curve, ends: (usize, usize)) -> f64 {
        let steps = (curve.from.distance(curve.to) / CLEARANCE).floor() * 2.0 + 2.0;
        let mut clear = CLEARANCE;
        for (at, node) in self.nodes.iter().enumerate() {
            if at == ends.0 || at == ends.1 {
                continue;
            }
            let label = node.label_middle();
            let mut step = 1.0;
            while step < steps {
                let way = curve.at(step / steps);
                clear = clear.min(way.distance(node.at)).min(way.distance(label) * 2.0);
                step += 1.0;
            }
        }
        clear
    }

    /// The way of a line between the centers of its servers, moved sideways.
    fn curve(&self, line: &Line, side: f64) -> Option<Curve> {
        let from = self.nodes.get(line.ends.0)?.at;
        let to = self.nodes.get(line.ends.1)?.at;
        let length = from.distance(to);
        if length < 1.0 {
            return None;
        }
        let right = Point { x: -(to.y - from.y) / length, y: (to.x - from.x) / length };
        let middle = Point { x: (from.x + to.x) * 0.5, y: (from.y + to.y) * 0.5 };
        Some(Curve {
            from: from.plus(right.times(side)),
            pull: middle.plus(right.times(side + line.bend)),
            to: to.plus(right.times(side)),
        })
    }

    fn draw(&self, style: &str, as_of: &str) -> String {
        let legend = Legend::of(self);
        let width = (self.size.x + MARGIN).max(legend.width());
        let legend_top = self.size.y + MARGIN;
        let height = legend_top + legend.height(width) + MARGIN;
        let servers = self.nodes.iter().filter(|node| node.server.is_some()).count();
        let title = match servers {
            1 => "Replication topology of one server".to_owned(),
            _ => format!("Replication topology of {servers} servers"),
        };
        let mut svg =
            Svg::open(whole(width), whole(height), style, &title, &self.description(as_of));
        // A drawing narrower than its legend stands in the middle.
        let shift = whole((width - MARGIN - self.size.x) / 2.0);
        svg.line(&format!("<g transform=\"translate({shift} 0)\">"));
        for group in &self.groups {
            group.draw(&mut svg);
        }
        for line in &self.lines {
            self.draw_line(&mut svg, line);
        }
        for node in &self.nodes {
            node.draw(&mut svg);
        }
        svg.end();
        legend.draw(&mut svg, legend_top, width);
        svg.close()
    }

    /// The drawing in words, for those who cannot see it.
    fn description(&self, as_of: &str) -> String {
        let mut words = String::new();
        for group in &self.groups {
            let names: Vec<&str> = group
                .members
                .iter()
                .filter_map(|member| self.nodes.get(*member))
                .map(|node| node.name.as_str())
                .collect();
            let title = group.title.as_deref().unwrap_or("Servers");
            let _ = write!(words, "{title}: {}. ", names.join(", "));
        }
        for suffix in Suffix::ALL {
            let lines = self.lines.iter().filter(|line| line.suffix == suffix).count();
            let _ = write!(words, "Suffix {suffix}: {lines} connected pairs. ");
        }
        let cut: Vec<&str> = self
            .nodes
            .iter()
            .filter(|node| !node.cuts.is_empty())
            .map(|node| node.name.as_str())
            .collect();
        if !cut.is_empty() {
            let _ = write!(words, "Cut servers: {}. ", cut.join(", "));
        }
        let _ = write!(words, "As of {as_of}.");
        words
    }

    fn draw_line(&self, svg: &mut Svg, line: &Line) {
        let (Some(from), Some(to)) = (self.nodes.get(line.ends.0), self.nodes.get(line.ends.1))
        else {
            return;
        };
        // Domain and ca run side by side; a suffix alone runs from center to center.
        let side = match (line.paired, line.suffix) {
            (false, _) => 0.0,
            (true, Suffix::Domain) => -4.0,
            (true, Suffix::Ca) => 4.0,
        };
        let Some(curve) = self.curve(line, side) else {
            return;
        };
        let one_way = line.forward != line.backward;
        let near = curve.from.toward(curve.pull, from.radius() + 2.0);
        let far = curve.to.toward(curve.pull, to.radius() + 2.0);
        // The line ends inside its arrowhead.
        let start = if one_way && line.backward { near.toward(curve.pull, 8.0) } else { near };
        let end = if one_way && line.forward { far.toward(curve.pull, 8.0) } else { far };

        let mut classes = format!("t-segment t-{}", line.suffix);
        for (on, class) in
            [(one_way, " t-one-way"), (!line.enabled, " t-disabled"), (line.cut, " t-cut")]
        {
            if on {
                classes.push_str(class);
            }
        }
        svg.group(&classes, &line.title(from.name, to.name));
        if line.bend == 0.0 {
            svg.path("t-line", &format!("M{start}L{end}"));
        } else {
            svg.path("t-line", &format!("M{start}Q{} {end}", curve.pull));
        }
        if one_way {
            let tip = if line.forward { far } else { near };
            let base = tip.toward(curve.pull, 10.0);
            let across = Point { x: (base.y - tip.y) * 0.6, y: (tip.x - base.x) * 0.6 };
            let (left, right) = (base.plus(across), base.plus(across.times(-1.0)));
            svg.path("t-arrow", &format!("M{tip}L{left}L{right}Z"));
        }
        if line.cut {
            // The marks of both suffixes stand beside each other along the way.
            let part = match (line.paired, line.suffix) {
                (false, _) => 0.5,
                (true, Suffix::Domain) => 0.42,
                (true, Suffix::Ca) => 0.58,
            };
            let top = curve.at(part).plus(Point { x: 0.0, y: -7.0 });
            svg.path("t-cut-mark", &format!("M{top}l7 7l-7 7l-7-7Z"));
        }
        svg.end();
    }
}

/// Names for people: the host names without what they share, if that keeps them apart.
fn labels(names: &[&Fqdn]) -> Vec<String> {
    let short: BTreeSet<&str> = names.iter().map(|name| name.short()).collect();
    let shared = shared_domain(names);
    names
        .iter()
        .map(|name| {
            let label = if short.len() == names.len() {
                name.short()
            } else {
                name.as_str().strip_suffix(shared.as_str()).unwrap_or(name.as_str())
            };
            cut_text(label, NAME_LETTERS_MAX)
        })
        .collect()
}

/// The longest tail of labels, with its leading dot, that all names have; never a whole name.
fn shared_domain(names: &[&Fqdn]) -> String {
    let mut shared: Option<Vec<&str>> = None;
    for name in names {
        let labels: Vec<&str> = name.as_str().rsplit('.').collect();
        let rest = labels.get(..labels.len().saturating_sub(1)).unwrap_or_default();
        let same = match &shared {
            None => rest.len(),
            Some(before) => before.iter().zip(rest).take_while(|(a, b)| a == b).count(),
        };
        shared = Some(rest.get(..same).unwrap_or_default().to_vec());
    }
    shared
        .unwrap_or_default()
        .iter()
        .rev()
        .fold(String::new(), |domain, label| domain + "." + label)
}

/// The text, cut behind `max` letters.
fn cut_text(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// Roles besides the CA, and duties; in parentheses what is installed but not offered to clients.
fn duties(deployment: &Deployment, name: &Fqdn, server: Option<&Server>) -> String {
    let Some(server) = server else {
        return "not listed".to_owned();
    };
    let mut words = Vec::new();
    for (role, word) in [
        (Role::Kra, "KRA"),
        (Role::Dns, "DNS"),
        (Role::AdTrustController, "AD"),
        (Role::AdTrustAgent, "AD-agent"),
    ] {
        // A controller is an agent too; the word for it would be noise.
        if role == Role::AdTrustAgent && server.holds(Role::AdTrustController) {
            continue;
        }
        match server.role(role).value() {
            Some(RoleStatus::Enabled) => words.push(word.to_owned()),
            Some(RoleStatus::Hidden | RoleStatus::Configured) => words.push(format!("({word})")),
            Some(RoleStatus::Absent) | None => {}
        }
    }
    for (duty, word) in [
        (deployment.ca_renewal_server.value() == Some(name), "renewal"),
        (server.crl_publisher.value() == Some(&true), "CRL"),
        (deployment.dnssec_key_master.value() == Some(name), "DNSSEC"),
        (server.visibility() == Visibility::Hidden, "hidden"),
    ] {
        if duty {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

fn groups(deployment: &Deployment, names: &[&Fqdn], index: &BTreeMap<&Fqdn, usize>) -> Vec<Group> {
    let centers = deployment.data_centers();
    let mut groups: Vec<Group> = centers
        .iter()
        .map(|(title, servers)| Group {
            title: Some(cut_text(title, 40)),
            ghosts: false,
            members: servers.iter().filter_map(|name| index.get(*name).copied()).collect(),
            frame: Frame::default(),
        })
        .collect();
    let mut rest = |title: Option<&str>, ghosts: bool| {
        let members: Vec<usize> = names
            .iter()
            .enumerate()
            .filter(|(_, name)| match deployment.servers.get(**name) {
                Some(server) => !ghosts && server.data_center.value().is_none(),
                None => ghosts,
            })
            .map(|(at, _)| at)
            .collect();
        if !members.is_empty() {
            let title = title.map(str::to_owned);
            groups.push(Group { title, ghosts, members, frame: Frame::default() });
        }
    };
    rest((!centers.is_empty()).then_some("data center not known"), false);
    rest(Some("named by a segment only"), true);
    groups
}

/// The lines of one suffix, parallel segments as one.
fn lines_of(
    deployment: &Deployment,
    view: &SuffixView,
    index: &BTreeMap<&Fqdn, usize>,
) -> Vec<Line> {
    let cut_segments = view.certain.cut_segments();
    let mut lines: BTreeMap<(usize, usize), Line> = BTreeMap::new();
    for (position, segment) in deployment.topology(view.suffix).segments.iter().enumerate() {
        let key = &segment.key;
        let (Some(&left), Some(&right)) = (index.get(&key.left), index.get(&key.right)) else {
            continue;
        };
        // A server joined to itself is a finding; there is nothing to draw.
        if left == right {
            continue;
        }
        let turned = left > right;
        let ends = if turned { (right, left) } else { (left, right) };
        let sends = key.direction != Direction::RightLeft;
        let receives = key.direction != Direction::LeftRight;
        let (forward, backward) = if turned { (receives, sends) } else { (sends, receives) };
        let line = lines.entry(ends).or_insert_with(|| Line::new(ends, view.suffix));
        line.forward |= forward;
        line.backward |= backward;
        line.enabled |= segment.enabled != Some(false);
        line.cut |= cut_segments.binary_search(&position).is_ok();
        line.titles.push(segment.title());
    }
    lines.into_values().collect()
}

impl Line {
    fn new(ends: (usize, usize), suffix: Suffix) -> Self {
        Self {
            ends,
            suffix,
            forward: false,
            backward: false,
            enabled: false,
            cut: false,
            titles: Vec::new(),
            paired: false,
            bend: 0.0,
        }
    }

    fn title(&self, from: &Fqdn, to: &Fqdn) -> String {
        let mut title = match (self.forward, self.backward) {
            (true, false) => format!("{}: {from} sends to {to} only", self.suffix),
            (false, true) => format!("{}: {to} sends to {from} only", self.suffix),
            _ => format!("{}: {from} and {to}", self.suffix),
        };
        let _ = match self.titles.as_slice() {
            [one] => write!(title, " (segment {one})"),
            [one, other] => write!(title, " (segments {one} and {other})"),
            many => write!(title, " ({} segments)", many.len()),
        };
        if !self.enabled {
            title.push_str("; disabled");
        }
        if self.cut {
            title.push_str("; cut segment: without it the suffix falls apart");
        }
        title
    }
}

/// Places servers on a ring around the origin and their names outside of it.
fn lay_out_ring(nodes: &mut [Node<'_>], members: &[usize]) {
    let count = members.len();
    let widest = members
        .iter()
        .filter_map(|member| nodes.get(*member))
        .map(Node::label_width)
        .fold(0.0, f64::max);
    let dense = count >= DENSE_FROM;
    let spacing = if dense {
        ((widest + 12.0) * 0.5).clamp(56.0, 100.0)
    } else {
        (widest + 16.0).clamp(96.0, 190.0)
    };
    let radius = match count {
        0 | 1 => 0.0,
        2 => spacing / 2.0,
        _ => spacing / (2.0 * direction(0.5 / count as f64).y),
    };
    // Two lie side by side, four in the corners of a square, others start at the top.
    let start = match count {
        2 => 0.5,
        4 => -0.375,
        _ => -0.25,
    };
    // Where the ring runs flat, names stand above or below; elsewhere at the side.
    let steep = if dense { 0.85 } else { 0.45 };
    for (at, member) in members.iter().enumerate() {
        let Some(node) = nodes.get_mut(*member) else {
            continue;
        };
        let to = direction(start + at as f64 / count as f64);
        node.at = Point { x: to.x * radius, y: to.y * radius };
        let out = dense && at % 2 == 1;
        node.place = if count <= 2 || to.y > steep {
            LabelPlace::Below { out }
        } else if to.y < -steep {
            LabelPlace::Above { out }
        } else if to.x < 0.0 {
            LabelPlace::Left
        } else {
            LabelPlace::Right
        };
    }
}

/// Offsets that put frames on a ring, wider than high, the smallest on which none touch.
fn ring_of_frames(frames: &[Frame]) -> Vec<Point> {
    let count = frames.len();
    let start = match count {
        2 => 0.5,
        4 => -0.375,
        _ => -0.25,
    };
    let mut radius = 0.0;
    loop {
        let centers: Vec<Point> = (0..count)
            .map(|at| {
                let to = direction(start + at as f64 / count as f64);
                Point { x: to.x * radius * 1.4, y: to.y * radius }
            })
            .collect();
        let apart = |a: usize, b: usize| {
            let (Some(fa), Some(fb), Some(ca), Some(cb)) =
                (frames.get(a), frames.get(b), centers.get(a), centers.get(b))
            else {
                return true;
            };
            (ca.x - cb.x).abs() >= (fa.width() + fb.width()) * 0.5 + FRAME_GAP
                || (ca.y - cb.y).abs() >= (fa.height() + fb.height()) * 0.5 + FRAME_GAP
        };
        // The bound ends the search whatever the sizes are; no real drawing comes near it.
        let done = (0..count).all(|a| (0..a).all(|b| apart(a, b)));
        if done || radius > 1.0e6 {
            return centers
                .iter()
                .zip(frames)
                .map(|(center, frame)| Point {
                    x: center.x - (frame.min.x + frame.max.x) * 0.5,
                    y: center.y - (frame.min.y + frame.max.y) * 0.5,
                })
                .collect();
        }
        radius += 8.0;
    }
}

/// Cosine and sine of a part of a full turn, clockwise on the screen from the right.
///
/// Taylor's polynomials: `f64::sin` calls the platform's library, whose last bit differs between
/// machines. The error stays below 1e-8, a millionth of a pixel here.
fn direction(turn: f64) -> Point {
    let turn = turn - turn.floor();
    let quarter = (turn * 4.0).floor();
    let x = (turn - quarter / 4.0) * std::f64::consts::TAU;
    let xx = x * x;
    let sin = [6_227_020_800.0, 39_916_800.0, 362_880.0, 5040.0, 120.0, 6.0, 1.0]
        .iter()
        .fold(0.0, |sum, factorial| 1.0 / factorial - sum * xx)
        * x;
    let cos = [479_001_600.0, 3_628_800.0, 40_320.0, 720.0, 24.0, 2.0, 1.0]
        .iter()
        .fold(0.0, |sum, factorial| 1.0 / factorial - sum * xx);
    let (x, y) = match quarter as i64 {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    };
    Point { x, y }
}

impl Node<'_> {
    fn radius(&self) -> f64 {
        if self.cuts.is_empty() { RADIUS } else { RADIUS + 6.0 }
    }

    fn label_width(&self) -> f64 {
        text_width(&self.label, NAME_LETTER).max(text_width(&self.roles, ROLE_LETTER))
    }

    /// Where the name's first line stands, and the class for its alignment.
    fn label_at(&self) -> (Point, &'static str) {
        let Point { x, y } = self.at;
        let lines = if self.roles.is_empty() { 0.0 } else { 13.0 };
        match self.place {
            LabelPlace::Above { out } => {
                let step = if out { 30.0 } else { 0.0 };
                (Point { x, y: y - REACH - 4.0 - lines - step }, "t-middle")
            }
            LabelPlace::Below { out } => {
                let step = if out { 30.0 } else { 0.0 };
                (Point { x, y: y + REACH + 12.0 + step }, "t-middle")
            }
            LabelPlace::Left => (Point { x: x - REACH - 4.0, y: y + 4.0 - lines / 2.0 }, "t-end"),
            LabelPlace::Right => {
                (Point { x: x + REACH + 4.0, y: y + 4.0 - lines / 2.0 }, "t-start")
            }
        }
    }

    /// The rectangle that the name and the roles take.
    fn label_room(&self) -> Frame {
        let (label, class) = self.label_at();
        let width = self.label_width();
        let left = match class {
            "t-middle" => label.x - width / 2.0,
            "t-end" => label.x - width,
            _ => label.x,
        };
        let below = if self.roles.is_empty() { 4.0 } else { 17.0 };
        Frame {
            min: Point { x: left, y: label.y - 12.0 },
            max: Point { x: left + width, y: label.y + below },
        }
    }

    fn label_middle(&self) -> Point {
        let room = self.label_room();
        room.min.plus(room.max).times(0.5)
    }

    /// The rectangle that the server and its name take.
    fn room(&self) -> Frame {
        let Point { x, y } = self.at;
        let mut room = self.label_room();
        room.cover(Frame {
            min: Point { x: x - REACH, y: y - REACH },
            max: Point { x: x + REACH, y: y + REACH },
        });
        room
    }

    fn title(&self) -> String {
        let Some(server) = self.server else {
            return format!("{}: named by a segment, in no list of servers", self.name);
        };
        let mut title = format!("{}; {}", self.name, server.visibility().name());
        for role in Role::ALL.into_iter().filter(|role| *role != Role::IpaMaster) {
            match server.role(role).value() {
                Some(RoleStatus::Absent) => {}
                Some(status) => {
                    let _ = write!(title, "; {role} {status}");
                }
                None => {
                    let _ = write!(title, "; {role} not known");
                }
            }
        }
        if self.renewal {
            title.push_str("; CA renewal server");
        }
        if server.crl_publisher.value() == Some(&true) {
            title.push_str("; CRL publisher");
        }
        for suffix in &self.cuts {
            let _ = write!(title, "; cut server: without it suffix {suffix} falls apart");
        }
        title
    }

    fn draw(&self, svg: &mut Svg) {
        let mut classes = "t-server".to_owned();
        let sign = match self.server {
            None => {
                classes.push_str(" t-ghost");
                ""
            }
            Some(server) => {
                if server.visibility() == Visibility::Hidden {
                    classes.push_str(" t-hidden");
                }
                if server.holds(Role::Ca) {
                    classes.push_str(" t-has-ca");
                    "CA"
                } else if server.may_hold(Role::Ca) {
                    "?"
                } else {
                    ""
                }
            }
        };
        svg.group(&classes, &self.title());
        let (x, y) = (whole(self.at.x), whole(self.at.y));
        if !self.cuts.is_empty() {
            svg.circle(x, y, 21, "t-cut-ring");
        }
        svg.circle(x, y, whole(RADIUS), "t-node");
        if !sign.is_empty() {
            svg.text(x, y + 4, "t-sign t-middle", sign);
        }
        if self.renewal {
            svg.star(x + 13, y - 13);
        }
        let (label, align) = self.label_at();
        let (x, y) = (whole(label.x), whole(label.y));
        svg.text(x, y, &format!("t-name {align}"), &self.label);
        if !self.roles.is_empty() {
            svg.text(x, y + 13, &format!("t-roles {align}"), &self.roles);
        }
        svg.end();
    }
}

impl Group {
    fn draw(&self, svg: &mut Svg) {
        let Some(title) = &self.title else {
            return;
        };
        let classes = if self.ghosts { "t-group t-group-ghost" } else { "t-group" };
        svg.group(classes, title);
        let (x, y) = (whole(self.frame.min.x), whole(self.frame.min.y));
        svg.rect(x, y, whole(self.frame.width()), whole(self.frame.height()));
        svg.text(x + 12, y + 20, "t-frame-title", title);
        svg.end();
    }
}

/// The marks that occur, each with its meaning.
struct Legend(Vec<(Mark, &'static str)>);

#[derive(Clone, Copy)]
enum Mark {
    Line(&'static str),
    Arrow,
    CutLine,
    CutServer,
    Server(&'static str, &'static str),
    Star,
}

impl Legend {
    fn of(picture: &Picture<'_>) -> Self {
        let any_line = |test: fn(&Line) -> bool| picture.lines.iter().any(test);
        let any_node = |test: fn(&Node<'_>) -> bool| picture.nodes.iter().any(test);
        let marks = [
            (
                any_line(|l| l.suffix == Suffix::Domain),
                Mark::Line("t-domain"),
                "segment, suffix domain",
            ),
            (any_line(|l| l.suffix == Suffix::Ca), Mark::Line("t-ca"), "segment, suffix ca"),
            (any_line(|l| l.forward != l.backward), Mark::Arrow, "one way only"),
            (any_line(|l| !l.enabled), Mark::Line("t-domain t-disabled"), "disabled"),
            (any_line(|l| l.cut), Mark::CutLine, "cut segment"),
            (any_node(|n| !n.cuts.is_empty()), Mark::CutServer, "cut server"),
            (
                any_node(|n| n.server.is_some_and(|s| s.holds(Role::Ca))),
                Mark::Server("t-has-ca", "CA"),
                "CA replica",
            ),
            (
                any_node(|n| n.server.is_some_and(|s| !s.holds(Role::Ca) && s.may_hold(Role::Ca))),
                Mark::Server("", "?"),
                "CA not known",
            ),
            (
                any_node(|n| n.server.is_some_and(|s| s.visibility() == Visibility::Hidden)),
                Mark::Server("t-hidden", ""),
                "hidden replica",
            ),
            (any_node(|n| n.renewal), Mark::Star, "CA renewal server"),
            (
                any_node(|n| n.server.is_none()),
                Mark::Server("t-ghost", ""),
                "in no list of servers",
            ),
        ];
        Self(marks.into_iter().filter(|(on, ..)| *on).map(|(_, mark, word)| (mark, word)).collect())
    }

    fn item_width(word: &str) -> f64 {
        text_width(word, NAME_LETTER) + 64.0
    }

    /// One row, or 760 where that is less.
    fn width(&self) -> f64 {
        let row: f64 = self.0.iter().map(|(_, word)| Self::item_width(word)).sum();
        (row + 2.0 * MARGIN).min(760.0)
    }

    /// Left edge and line of each item.
    fn places(&self, width: f64) -> Vec<(f64, f64)> {
        let (mut x, mut line) = (MARGIN, 0.0);
        let mut places = Vec::new();
        for (_, word) in &self.0 {
            let item = Self::item_width(word);
            if x + item > width - MARGIN && x > MARGIN {
                x = MARGIN;
                line += 1.0;
            }
            places.push((x, line));
            x += item;
        }
        places
    }

    fn height(&self, width: f64) -> f64 {
        self.places(width).last().map_or(0.0, |(_, line)| (line + 1.0) * 40.0)
    }

    fn draw(&self, svg: &mut Svg, top: f64, width: f64) {
        for ((mark, word), (x, line)) in self.0.iter().zip(self.places(width)) {
            let (x, y) = (whole(x), whole(top + line * 40.0 + 20.0));
            match mark {
                Mark::Line(class) => {
                    svg.group(&format!("t-key {class}"), word);
                    svg.path("t-line", &format!("M{x} {y}h36"));
                }
                Mark::Arrow => {
                    svg.group("t-key t-domain", word);
                    svg.path("t-line", &format!("M{x} {y}h28"));
                    svg.path("t-arrow", &format!("M{} {y}l-10 6v-12Z", x + 36));
                }
                Mark::CutLine => {
                    svg.group("t-key t-domain t-cut", word);
                    svg.path("t-line", &format!("M{x} {y}h36"));
                    svg.path("t-cut-mark", &format!("M{} {}l7 7l-7 7l-7-7Z", x + 18, y - 7));
                }
                Mark::CutServer => {
                    svg.group("t-key", word);
                    svg.circle(x + 18, y, 10, "t-node");
                    svg.circle(x + 18, y, 15, "t-cut-ring");
                }
                Mark::Server(class, sign) => {
                    svg.group(&format!("t-key {class}"), word);
                    svg.circle(x + 18, y, 13, "t-node");
                    if !sign.is_empty() {
                        svg.text(x + 18, y + 4, "t-sign t-middle", sign);
                    }
                }
                Mark::Star => {
                    svg.group("t-key", word);
                    svg.star(x + 18, y);
                }
            }
            svg.text(x + 44, y + 4, "t-legend", word);
            svg.end();
        }
    }
}

fn text_width(text: &str, letter: f64) -> f64 {
    text.chars().count() as f64 * letter
}

fn whole(number: f64) -> i64 {
    (number + 0.5).floor() as i64
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", tenths(self.x), tenths(self.y))
    }
}

/// A number with at most one decimal.
fn tenths(number: f64) -> String {
    let tenths = whole(number * 10.0);
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
    if tenth == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{tenth}") }
}

/// The text being written. Every string passes through [`escape`] here and nowhere else.
struct Svg(String);

impl Svg {
    fn open(width: i64, height: i64, style: &str, title: &str, description: &str) -> Self {
        let mut svg = Self(String::new());
        svg.line(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"topology\" role=\"img\" \
             aria-labelledby=\"topology-title topology-description\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
        ));
        svg.line(&format!("<title id=\"topology-title\">{}</title>", escape(title)));
        svg.line(&format!("<desc id=\"topology-description\">{}</desc>", escape(description)));
        if !style.is_empty() {
            svg.line(&format!("<style>\n{style}</style>"));
        }
        svg
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn group(&mut self, classes: &str, title: &str) {
        self.line(&format!("<g class=\"{}\"><title>{}</title>", classes.trim_end(), escape(title)));
    }

    fn end(&mut self) {
        self.line("</g>");
    }

    fn text(&mut self, x: i64, y: i64, class: &str, text: &str) {
        self.line(&format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>", escape(text)));
    }

    fn circle(&mut self, x: i64, y: i64, radius: i64, class: &str) {
        self.line(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"/>"));
    }

    fn rect(&mut self, x: i64, y: i64, width: i64, height: i64) {
        self.line(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"12\" \
             class=\"t-frame\"/>"
        ));
    }

    fn path(&mut self, class: &str, path: &str) {
        self.line(&format!("<path class=\"{class}\" d=\"{path}\"/>"));
    }

    /// A star of five points, 8 high, around a place.
    fn star(&mut self, x: i64, y: i64) {
        self.path(
            "t-renewal",
            &format!(
                "M{x} {}l1.9 5.4h5.7l-4.5 3.5l1.6 5.5l-4.7-3.3l-4.7 3.3l1.6-5.5l-4.5-3.5h5.7Z",
                y - 8
            ),
        );
    }

    fn close(mut self) -> String {
        self.line("</svg>");
        self.0
    }
}

/// Text as XML; letters that XML 1.0 does not have become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Import;

    /// The drawing of a model in short form: servers `name` or `name/center`, segments
    /// `suffix left right direction`.
    fn drawn(servers: &[&str], segments: &[&str]) -> String {
        drawn_as(servers, segments, Styling::Page)
    }

    fn drawn_as(servers: &[&str], segments: &[&str], styling: Styling) -> String {
        let server = |text: &&str| {
            let (name, center) = text.split_once('/').unwrap_or((text, ""));
            let center = if center.is_empty() { None } else { Some(center) };
            serde_json::json!({
                "fqdn": format!("{name}.example.test"), "data_center": center,
                "roles": {"ipa_master": "enabled", "ca": "enabled"},
            })
        };
        let of = |suffix: &str| {
            let segments: Vec<_> = segments
                .iter()
                .map(|text| text.split(' ').collect::<Vec<_>>())
                .filter(|words| words[0] == suffix)
                .map(|words| {
                    serde_json::json!({
                        "name": format!("{}-{}", words[1], words[2]),
                        "left": format!("{}.example.test", words[1]),
                        "right": format!("{}.example.test", words[2]), "direction": words[3],
                    })
                })
                .collect();
            serde_json::json!({"known": true, "segments": segments})
        };
        let model = serde_json::json!({
            "schema": "idm-drill/deployment/1",
            "servers": servers.iter().map(server).collect::<Vec<_>>(),
            "ca": "integrated",
            "suffixes": {"domain": of("domain"), "ca": of("ca")},
        });
        let mut import = Import::new();
        import.add("model.json", model.to_string().as_bytes());
        draw(&import.finish().deployment, "2026-11-22T00:00:00Z", styling)
    }

    fn count(text: &str, part: &str) -> usize {
        text.matches(part).count()
    }

    #[test]
    fn a_line_of_servers_has_cut_servers_and_cut_segments() {
        let segments = ["domain a b both", "domain b c both", "ca a b both", "ca b c both"];
        let svg = drawn(&["a", "b", "c"], &segments);
        assert_eq!(count(&svg, "t-segment t-domain t-cut"), 2);
        assert_eq!(count(&svg, "t-segment t-ca t-cut"), 2);
        assert!(svg.contains("cut server: without it suffix domain falls apart; cut server:"));
        // A ring has neither.
        let ring =
            drawn(&["a", "b", "c"], &["domain a b both", "domain b c both", "domain c a both"]);
        assert_eq!(count(&ring, "t-cut"), 0);
    }

    #[test]
    fn one_way_points_at_the_receiver_however_it_is_stored() {
        let title = "domain: a.example.test sends to b.example.test only";
        assert!(drawn(&["a", "b"], &["domain a b left-right"]).contains(title));
        assert!(drawn(&["a", "b"], &["domain b a right-left"]).contains(title));
        let both = drawn(&["a", "b"], &["domain a b left-right", "domain b a left-right"]);
        assert_eq!(count(&both, "t-arrow"), 0);
    }

    #[test]
    fn both_suffixes_run_side_by_side() {
        let svg = drawn(&["a", "b"], &["domain a b both", "ca a b both"]);
        let ways: BTreeSet<&str> =
            svg.lines().filter(|line| line.starts_with("<path class=\"t-line\" d=\"M")).collect();
        assert!(ways.len() >= 2, "{svg}");
    }

    #[test]
    fn a_host_that_only_a_segment_names_is_a_ghost() {
        let svg = drawn(&["a/x", "b/x"], &["domain a b both", "domain b old both"]);
        assert_eq!(count(&svg, "class=\"t-server t-ghost\""), 1);
        assert!(svg.contains("old.example.test: named by a segment, in no list of servers"));
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let svg = drawn(&["a/<script>alert(1)</script>&\"'\u{1}", "b"], &[]);
        assert_eq!(count(&svg, "<script"), 0);
        assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;\u{fffd}"));
    }

    #[test]
    fn only_a_file_of_its_own_carries_the_sheet_and_no_element_has_a_style() {
        let page = drawn_as(&["a", "b"], &[], Styling::Page);
        let file = drawn_as(&["a", "b"], &[], Styling::Standalone);
        assert_eq!((count(&page, "<style>"), count(&file, "<style>")), (0, 1));
        assert_eq!(count(&page, " style="), 0);
        // The sheet stands in XML as it is.
        assert!(!STYLE.contains(['<', '&']));
    }

    #[test]
    fn frames_do_not_touch() {
        for count in 1..=12 {
            let frame = Frame { min: Point::default(), max: Point { x: 300.0, y: 200.0 } };
            let frames = vec![frame; count];
            let moved: Vec<Frame> =
                ring_of_frames(&frames).into_iter().map(|by| frame.moved(by)).collect();
            for (at, a) in moved.iter().enumerate() {
                for b in &moved[..at] {
                    let apart = a.max.x < b.min.x
                        || b.max.x < a.min.x
                        || a.max.y < b.min.y
                        || b.max.y < a.min.y;
                    assert!(apart, "{count} frames: {a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn directions_lie_on_the_circle() {
        for turn in -40..80 {
            let Point { x, y } = direction(f64::from(turn) / 40.0);
            assert!((x * x + y * y - 1.0).abs() < 1e-8, "{turn}");
        }
        let corner = direction(0.125);
        assert!((corner.x - corner.y).abs() < 1e-8);
        assert!(direction(0.25).y > 0.999_999 && direction(-0.25).y < -0.999_999);
    }

    #[test]
    fn nothing_and_too_much_are_sentences() {
        assert!(drawn(&[], &[]).contains("No server is known."));
        let names: Vec<String> = (0..=SERVERS_DRAWN_MAX).map(|n| format!("s{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(drawn(&names, &[]).contains("301 hosts are too many to draw"));
        assert!(!drawn(&names[1..], &[]).contains("too many"));
    }

    #[test]
    fn numbers_have_one_decimal_at_most() {
        let printed: Vec<String> = [0.0, -0.04, 1.25, -1.25, 12.0].map(tenths).to_vec();
        assert_eq!(printed, ["0", "0", "1.3", "-1.2", "12"]);
    }
}
