// Browser tests of the built page: `npm run e2e` after `cargo site`.
//
// Prints `N passed, N failed` and exits with 1 if one failed. Screenshots go to TARGET/site/e2e/.
// The browser is CHROMIUM, or /usr/bin/chromium.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { Session, initSync } from "../pkg/idm_drill.js";
import { serve } from "./server.mjs";

const site = dirname(dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? join(site, "..", "target");
const shots = join(target, "site", "e2e");
mkdirSync(shots, { recursive: true });
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const moduleBytes = readFileSync(join(site, "pkg", "idm_drill_bg.wasm"));
const AS_OF = "2026-11-22T12:00:00Z";

/** Exports in several formats; the last two must not be usable. */
const FILES = {
  "roles.txt": readText("roles.txt"),
  "segments-domain.txt": readText("segments-domain.txt"),
  "broken.json": '{\n  "schema": "idm-drill/deployment/1",\n  "servers": [ { "fqdn" "ipa1.example.test" } ]\n}\n',
  "holiday.jpg": Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 1]),
};

function readText(name) {
  return readFileSync(join(site, "e2e", "files", name));
}

/** The module in Node, without any page: what the page must show. */
function answerInNode(files, asOf = AS_OF) {
  const answer =
    files === null
      ? Session.example(asOf)
      : (() => {
          const session = new Session();
          for (const [name, content] of Object.entries(files)) {
            session.open(name);
            session.push(new Uint8Array(Buffer.from(content)));
            session.close();
          }
          return session.finish(asOf);
        })();
  const documents = {
    envelope: answer.envelope(),
    report: answer.report(),
    deployment: answer.deployment(),
  };
  answer.free();
  return documents;
}

let passed = 0;
const failures = [];

async function test(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok    ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAIL  ${name}\n      ${String(error.stack ?? error).replaceAll("\n", "\n      ")}`);
  }
}

/** Opens a page and collects what it must not do. Fails at the end on any complaint. */
async function withPage({ untouched = false, ...options }, url, body) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
    ...options,
  });
  const page = await context.newPage();
  const complaints = [];
  const requests = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(`console ${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error}`));
  page.on("request", (request) => requests.push(request.url()));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  try {
    await page.goto(url);
    await page.locator("#example:enabled").waitFor();
    if (!untouched) {
      await page.locator("#as-of").fill(AS_OF);
    }
    await body(page, requests);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

const verdict = (page) => page.locator("#verdict").waitFor({ timeout: 20_000 });

async function runExample(page) {
  await page.locator("#example").click();
  await verdict(page);
}

/** Drops files as a real drop event would. */
async function drop(page, files) {
  const parts = Object.entries(files).map(([name, content]) => [
    name,
    Buffer.from(content).toString("base64"),
  ]);
  await page.evaluate((entries) => {
    const transfer = new DataTransfer();
    for (const [name, base64] of entries) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    const init = { dataTransfer: transfer, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new DragEvent("dragover", init));
    document.body.dispatchEvent(new DragEvent("drop", init));
  }, parts);
}

async function saved(page, label) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: label, exact: true }).click(),
  ]);
  return readFileSync(await file.path(), "utf8");
}

async function axe(page) {
  // Through the protocol, which the page's policy does not bind.
  await page.evaluate(axeSource);
  const { violations, passes } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ["violations"] }),
  );
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(" | ")}`),
    [],
  );
  assert.ok(passes.length > 20, `only ${passes.length} checks ran`);
}

async function openAll(page) {
  await page.evaluate(() => {
    for (const fold of document.querySelectorAll("details")) {
      fold.open = true;
    }
  });
}

initSync({ module: moduleBytes });
const server = await serve(join(site, "dist"));
const single = pathToFileURL(join(site, "dist-single", "index.html")).href;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

await test("both pages hold the very module that was built", () => {
  const page = readFileSync(join(site, "dist", "index.html"), "utf8");
  const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)[1];
  for (const path of [join("dist", script), join("dist-single", "index.html")]) {
    const [base64] = /[A-Za-z0-9+/=]{10000,}/.exec(readFileSync(join(site, path), "utf8"));
    assert.ok(gunzipSync(Buffer.from(base64, "base64")).equals(moduleBytes), path);
  }
});

await test("the example button gives a verdict", () =>
  withPage({}, server.url, async (page) => {
    await runExample(page);
    const headline = await page.locator("#verdict").textContent();
    assert.ok(headline.length > 20, headline);
    const report = JSON.parse(answerInNode(null).report);
    const shown = await page.locator(".verdict-card .grade").textContent();
    assert.equal(shown, report.grade.letter);
    assert.equal(
      await page.locator("details.finding").count(),
      report.findings.filter((finding) => finding.status !== "unknown").length,
    );
    assert.match(await page.locator("#status").textContent(), /bundled example/);
    await page.screenshot({ path: join(shots, "example-light.png"), fullPage: true });
  }));

await test("dropped files are each read or refused with a reason", () =>
  withPage({}, server.url, async (page) => {
    await drop(page, FILES);
    await verdict(page);
    for (const name of Object.keys(FILES)) {
      await page.locator(".input", { hasText: name }).waitFor();
    }
    assert.match(await page.locator(".input", { hasText: "roles.txt" }).textContent(), /read as/);
    const picture = page.locator(".input", { hasText: "holiday.jpg" });
    assert.match(await picture.textContent(), /not used: /);
    assert.ok((await picture.locator(".note").count()) > 0, "no reason given");
    await page.screenshot({ path: join(shots, "files-light.png"), fullPage: true });
  }));

await test("broken JSON is shown with line and column", () =>
  withPage({}, server.url, async (page) => {
    await drop(page, { "broken.json": FILES["broken.json"] });
    await verdict(page);
    const note = await page.locator(".input .note.error").first().textContent();
    assert.match(note, /broken\.json:3:\d+/);
  }));

await test("more files can be added, and all can be removed", () =>
  withPage({}, server.url, async (page) => {
    await drop(page, { "roles.txt": FILES["roles.txt"] });
    await page.getByRole("heading", { name: /of 1 used/ }).waitFor();
    await drop(page, { "segments-domain.txt": FILES["segments-domain.txt"] });
    await page.getByRole("heading", { name: /of 2 used/ }).waitFor();
    // The same name with another content is another server's file.
    await drop(page, { "roles.txt": "something else" });
    await page.locator(".input", { hasText: "roles.txt (2)" }).waitFor();
    await page.getByRole("button", { name: "Start over" }).click();
    assert.equal(await page.locator("#verdict").count(), 0);
  }));

await test("the file input works, and folders keep their structure", () =>
  withPage({}, server.url, async (page) => {
    await page.locator("#files").setInputFiles([join(site, "e2e", "files", "roles.txt")]);
    await page.getByRole("heading", { name: /1 of 1 used/ }).waitFor();
    await page.locator("#folder").setInputFiles(join(site, "e2e", "files"));
    await page.locator(".input", { hasText: "files/roles.txt" }).waitFor();
  }));

for (const name of ["ok-exports.tar.gz", "ok-exports.tar.xz", "ok-stored-and-deflated.zip"]) {
  await test(`an archive is read member by member (${name})`, () =>
    withPage({}, server.url, async (page) => {
      const content = readFileSync(join(site, "..", "tests", "fixtures", "exports", "archive", name));
      await drop(page, { [name]: content });
      await verdict(page);
      const expected = answerInNode({ [name]: content });
      assert.equal(await saved(page, "Report (JSON)"), expected.report);
      const members = JSON.parse(expected.report).inputs.map(({ file }) => file);
      assert.equal(members.length, 4, members.join(", "));
      for (const member of members) {
        const line = page.locator(".input", { has: page.getByText(member, { exact: true }) });
        assert.match(await line.textContent(), /read as/);
      }
    }));
}

await test("no request after load: dropping, auditing, saving and printing send nothing", () =>
  withPage({}, server.url, async (page, requests) => {
    const atServer = server.requests.length;
    const fromPage = requests.length;
    await drop(page, FILES);
    await verdict(page);
    await runExample(page);
    await openAll(page);
    await saved(page, "Report (JSON)");
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    await page.waitForTimeout(300);
    assert.deepEqual(server.requests.slice(atServer), []);
    assert.deepEqual(
      requests.slice(fromPage).filter((url) => !url.startsWith("blob:")),
      [],
    );
  }));

await test("the policy lets neither the page nor its worker connect", () =>
  withPage({}, server.url, async (page) => {
    const atServer = server.requests.length;
    const outcome = await page.evaluate(async () => {
      const attempt = (promise) => promise.then(() => "sent", () => "refused");
      const fromPage = await attempt(fetch("/leak-from-page"));
      const source = "fetch(self.name).then(() => postMessage('sent'), () => postMessage('refused'))";
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const fromWorker = await new Promise((resolve) => {
        new Worker(url, { name: `${location.href}leak-from-worker` }).onmessage = ({ data }) => resolve(data);
      });
      const beacon = navigator.sendBeacon("/leak-by-beacon");
      return { fromPage, fromWorker, beacon };
    });
    await page.waitForTimeout(200);
    assert.equal(outcome.fromPage, "refused");
    assert.equal(outcome.fromWorker, "refused");
    assert.deepEqual(server.requests.slice(atServer), []);
  }).catch((error) => {
    // The attempts themselves are policy violations, and nothing else may have been wrong.
    if (error.code !== "ERR_ASSERTION" || !Array.isArray(error.actual)) {
      throw error;
    }
    const other = error.actual.filter((line) => !/policy|Content Security Policy|violates|Refused/.test(line));
    assert.deepEqual(other, []);
  }));

await test("page = module: the saved documents have the bytes that the module gives in Node", () =>
  withPage({}, server.url, async (page) => {
    const names = Object.keys(FILES).sort();
    const expected = answerInNode(Object.fromEntries(names.map((name) => [name, FILES[name]])));
    await drop(page, FILES);
    await verdict(page);
    assert.equal(await saved(page, "Report (JSON)"), expected.report);
    assert.equal(await saved(page, "Model (JSON)"), expected.deployment);
    const { text, svg } = JSON.parse(expected.envelope);
    assert.equal(await saved(page, "Report (text)"), text);
    assert.equal(await saved(page, "Graph (SVG)"), svg);
    console.log(`      report sha256 ${createHash("sha256").update(expected.report).digest("hex")}`);
  }));

await test("a time that is none is refused with a reason", () =>
  withPage({}, server.url, async (page) => {
    await runExample(page);
    await page.locator("#as-of").fill("yesterday");
    await page.locator("#as-of").press("Enter");
    await page.locator(".failure").waitFor();
    assert.match(await page.locator(".failure").textContent(), /yesterday/);
    await page.locator("#as-of").fill(AS_OF);
    await page.locator("#as-of").press("Enter");
    await verdict(page);
  }));

await test("a large file is streamed and can be canceled", async () => {
  const folder = mkdtempSync(join(tmpdir(), "idm-drill-"));
  try {
    const large = join(folder, "large.ldif");
    const entry = `dn: uid=u,cn=users,cn=accounts,dc=example,dc=test\nuid: u\ndescription: ${"x".repeat(900)}\n\n`;
    writeFileSync(large, entry.repeat(60_000));
    await withPage({}, server.url, async (page) => {
      await page.locator("#files").setInputFiles(large);
      await page.locator("#cancel").click();
      await page.getByText("Canceled.").waitFor();
      await page.locator("#files").setInputFiles(large);
      await verdict(page);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

await test("keyboard alone: from the top to an open finding", () =>
  withPage({ untouched: true }, server.url, async (page) => {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    for (let presses = 0; presses < 10; presses += 1) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement.id)) === "example") {
        break;
      }
    }
    assert.equal(await page.evaluate(() => document.activeElement.id), "example");
    await page.keyboard.press("Enter");
    await verdict(page);
    assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.matches(".finding > summary"))) {
        break;
      }
    }
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("details.finding[open]").count(), 1);
  }));

for (const scheme of ["light", "dark"]) {
  await test(`axe finds nothing before and after an audit (${scheme})`, () =>
    withPage({ colorScheme: scheme }, server.url, async (page) => {
      await axe(page);
      await runExample(page);
      await openAll(page);
      await axe(page);
      await page.screenshot({ path: join(shots, `open-${scheme}.png`), fullPage: true });
      await drop(page, FILES);
      await page.getByRole("heading", { name: /of 4 used/ }).waitFor();
      await openAll(page);
      await axe(page);
    }));
}

await test("a narrow screen has no sideways scrolling", () =>
  withPage({ viewport: { width: 380, height: 800 } }, server.url, async (page) => {
    await runExample(page);
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(over, 0);
    await page.screenshot({ path: join(shots, "narrow.png"), fullPage: true });
  }));

await test("the single file works from file:// and requests nothing but itself", () =>
  withPage({}, single, async (page, requests) => {
    await runExample(page);
    await drop(page, FILES);
    await page.getByRole("heading", { name: /of 4 used/ }).waitFor();
    assert.deepEqual(
      requests.filter((url) => url !== single && !url.startsWith("blob:") && !url.startsWith("data:")),
      [],
    );
    const names = Object.keys(FILES).sort();
    const expected = answerInNode(Object.fromEntries(names.map((name) => [name, FILES[name]])));
    assert.equal(await saved(page, "Report (JSON)"), expected.report);
  }));

await test("paper: everything open, nothing to click", () =>
  withPage({}, server.url, async (page) => {
    await runExample(page);
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    assert.equal(await page.locator("main details:not([open])").count(), 0);
    assert.equal(await page.locator("#drop").isVisible(), false);
    await page.pdf({ path: join(shots, "print.pdf"), format: "A4" });
    await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
  }));

await browser.close();
await server.close();
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
