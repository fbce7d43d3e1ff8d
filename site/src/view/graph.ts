// The topology as the module drew it, and the same as a table.

import type { Deployment, Segment } from "../contract.ts";
import { append, button, h, table } from "../dom.ts";
import { role, shortNames } from "../words.ts";

/** The drawing; `null` if the text is no SVG. It is parsed as XML and never as HTML. */
function parse(svg: string): Element | null {
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  return root.localName === "svg" ? document.importNode(root, true) : null;
}

export function graphView(svg: string, deployment: Deployment): HTMLElement | null {
  if (deployment.servers.length === 0) {
    return null;
  }
  const drawing = parse(svg);
  return h("section", { class: "card", "aria-labelledby": "graph-title" },
    h("h2", { id: "graph-title" }, "Topology"),
    ...(drawing ? drawingView(drawing) : []),
    h("h3", {}, "The same as a table"),
    serversTable(deployment));
}

/** The drawing in a box that it fits into, or that scrolls once it is wanted at full size. */
function drawingView(drawing: Element): HTMLElement[] {
  const box = h("div", { class: "graph-box", tabindex: 0, role: "group", "aria-label": "Drawing of the topology" }, drawing);
  // Narrower drawings are at full size anyway.
  if (Number(drawing.getAttribute("width")) < 1100) {
    return [box];
  }
  const size = button("Full size", (self) => {
    const full = box.classList.toggle("full");
    self.textContent = full ? "Fit to page" : "Full size";
  });
  size.className = "small no-print";
  return [h("p", {}, size), box];
}

function serversTable(deployment: Deployment): HTMLElement {
  const short = shortNames(deployment.servers.map((server) => server.fqdn));
  const suffixes = Object.entries(deployment.suffixes);
  const columns = [
    "Server",
    "Data center",
    "Visibility",
    "Roles",
    ...suffixes.map(([name, { known }]) => `Peers in ${name}${known ? "" : " (list not complete)"}`),
  ];
  const rows = deployment.servers.map((server) => {
    const roles = Object.entries(server.roles)
      .filter(([key, state]) => key !== "ipa_master" && state !== "absent")
      .map(([key, state]) => (state === "enabled" ? role(key) : `${role(key)} (${state})`));
    if (server.fqdn === deployment.ca_renewal_server) {
      roles.push("CA renewal server");
    }
    if (server.fqdn === deployment.dnssec_key_master) {
      roles.push("DNSSEC key master");
    }
    if (server.crl_publisher === true) {
      roles.push("CRL publisher");
    }
    return [
      server.fqdn,
      server.data_center ?? "not known",
      server.visibility,
      roles.join(", "),
      ...suffixes.map(([, { segments }]) => peers(server.fqdn, segments, short)),
    ];
  });
  return table("Servers, their roles and their replication peers", columns, rows);
}

/** The other ends of a server's segments, with the direction where it is not both. */
function peers(server: string, segments: Segment[], short: (fqdn: string) => string): string {
  const names: string[] = [];
  for (const { left, right, direction } of segments) {
    if (left === server || right === server) {
      const other = left === server ? right : left;
      const sends = direction === "both" || (direction === "left-right") === (left === server);
      const note = direction === "both" ? "" : sends ? " (sends only)" : " (receives only)";
      names.push(short(other) + note);
    }
  }
  return names.sort().join(", ");
}

/** Facts on which the inputs disagree. */
export function conflictsView(deployment: Deployment): HTMLElement | null {
  if (deployment.conflicts.length === 0) {
    return null;
  }
  const section = h("section", { class: "card", "aria-labelledby": "conflicts-title" },
    h("h2", { id: "conflicts-title" }, "Files that contradict each other"));
  append(section, [
    table("Facts with several values", ["Fact", "Value, and where it was read"],
      deployment.conflicts.map((conflict) => [
        h("code", {}, conflict.pointer),
        h("ul", {}, ...conflict.values.map(({ value, file, line }) =>
          h("li", {}, `${typeof value === "string" ? value : JSON.stringify(value)}: `,
            h("code", {}, line === null ? file : `${file}:${line}`)))),
      ])),
  ]);
  return section;
}
