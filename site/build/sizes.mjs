// Prints what the page ships, raw and compressed; exits with 1 over the module's limits.
// Usage: node build/sizes.mjs RAW_LIMIT GZIP_LIMIT MODULE   (from the folder site/)
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const [rawLimit, gzipLimit, module] = process.argv.slice(2);
const size = (path) => {
  const bytes = readFileSync(path);
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
};
const line = (name, { raw, gzip }) =>
  console.log(`${name.padEnd(44)} ${String(raw).padStart(9)} ${String(gzip).padStart(9)}`);

console.log(`${"file".padEnd(44)} ${"bytes".padStart(9)} ${"gzip".padStart(9)}`);
const wasm = size(module);
line("module (inside both pages)", wasm);
for (const folder of ["dist", "dist-single"]) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      line(path, size(path));
    }
  }
}
if (wasm.raw > Number(rawLimit) || wasm.gzip > Number(gzipLimit)) {
  console.error(
    `error: sizes: the module has ${wasm.raw} bytes (${wasm.gzip} compressed), ` +
      `more than ${rawLimit} (${gzipLimit})`,
  );
  process.exit(1);
}
