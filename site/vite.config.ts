import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const here = dirname(fileURLToPath(import.meta.url));

/**
 * `import base64 from "virtual:module"`: the WebAssembly module as text inside the worker.
 *
 * So the page never fetches anything: its policy has no connect-src at all, and the worker, which
 * comes from a blob, inherits that policy (one from a URL would not). Compressed here, it takes a
 * third of the room on servers that do not compress, and in the single file.
 */
function embeddedModule(): Plugin {
  const id = "virtual:module";
  return {
    name: "embedded-module",
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load(source) {
      if (source !== `\0${id}`) {
        return null;
      }
      const bytes = gzipSync(readFileSync(join(here, "pkg", "idm_drill_bg.wasm")), { level: 9 });
      return `export default ${JSON.stringify(bytes.toString("base64"))};`;
    },
  };
}

/** Writes `dist-single/index.html`: the same page as one file, script and style allowed by hash. */
function singleFile(): Plugin {
  const sha256 = (text: string): string =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const replaceOnce = (text: string, pattern: RegExp, by: (match: RegExpExecArray) => string) => {
    const match = pattern.exec(text);
    if (match === null) {
      throw new Error(`dist/index.html has no match for ${pattern.source}`);
    }
    return text.slice(0, match.index) + by(match) + text.slice(match.index + match[0].length);
  };
  return {
    name: "single-file",
    apply: "build",
    writeBundle(options) {
      const dist = options.dir ?? join(here, "dist");
      const read = (name: string): string => readFileSync(join(dist, name), "utf8");
      let page = read("index.html");
      let script = "";
      let style = "";
      page = replaceOnce(page, /<script [^>]*src="\.\/([^"]+)"[^>]*><\/script>/, (match) => {
        // Inside a script element these two would end it or change how the rest is read. Both
        // occur in string literals only, where the backslash changes nothing.
        script = read(match[1] ?? "").replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
        return `<script type="module">${script}</script>`;
      });
      page = replaceOnce(page, /<link rel="stylesheet"[^>]*href="\.\/([^"]+)"[^>]*>/, (match) => {
        style = read(match[1] ?? "");
        return `<style>${style}</style>`;
      });
      page = replaceOnce(page, /href="\.\/favicon\.svg"/, () => {
        const icon = readFileSync(join(dist, "favicon.svg")).toString("base64");
        return `href="data:image/svg+xml;base64,${icon}"`;
      });
      page = replaceOnce(page, /content="default-src[^"]*"/, () => {
        const policy = [
          "default-src 'none'",
          `script-src ${sha256(script)} 'wasm-unsafe-eval'`,
          `style-src ${sha256(style)}`,
          "img-src data:",
          "worker-src blob:",
          "base-uri 'none'",
          "form-action 'none'",
        ];
        return `content="${policy.join("; ")}"`;
      });
      const folder = join(here, "dist-single");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "index.html"), page);
    },
  };
}

export default defineConfig({
  root: here,
  // Relative, so that the page works in any folder of a web server.
  base: "./",
  build: {
    target: "es2022",
    modulePreload: false,
    // The worker with the module inside is most of the script.
    chunkSizeWarningLimit: 1200,
    // The icon stays a file.
    assetsInlineLimit: 0,
  },
  worker: { plugins: () => [embeddedModule()] },
  plugins: [singleFile()],
});
