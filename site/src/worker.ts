// Runs the audit beside the page: files go through the module chunk by chunk, so that only a small
// part of a large export is ever in memory.

import base64 from "virtual:module";
import { type Answer, Session, initSync } from "../pkg/idm_drill.js";
import type { NamedFile, Reply, Request } from "./protocol.ts";

// The page's library types describe a window; a worker's `postMessage` takes one argument.
const scope = self as unknown as {
  postMessage(reply: Reply): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
};

/** Chunks of a stream are small; one message per this many bytes is enough for a progress bar. */
const BYTES_PER_PROGRESS = 4 * 1024 * 1024;

async function start(): Promise<void> {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  initSync({ module: await new Response(stream).arrayBuffer() });
}

/** Streams one file into the session. */
async function feed(session: Session, { name, file }: NamedFile, run: number, index: number) {
  const reader = file.stream().getReader();
  let read = 0;
  let reported = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    read += value.byteLength;
    session.push(value);
    if (read - reported >= BYTES_PER_PROGRESS) {
      reported = read;
      scope.postMessage({ kind: "progress", run, name, index, read });
    }
  }
}

async function audit(run: number, files: NamedFile[], asOf: string): Promise<void> {
  const session = new Session();
  for (const [index, file] of files.entries()) {
    scope.postMessage({ kind: "progress", run, name: file.name, index, read: 0 });
    session.open(file.name);
    try {
      await feed(session, file, run, index);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) {
        throw error;
      }
      session.abandon(file.name, `the browser could not read the file: ${String(error)}`);
    }
    session.close();
  }
  reply(run, session.finish(asOf));
}

function reply(run: number, answer: Answer): void {
  const envelope = answer.envelope();
  const report = answer.report();
  const deployment = answer.deployment();
  answer.free();
  scope.postMessage({ kind: "done", run, envelope, report, deployment });
}

function failed(run: number | null, error: unknown): void {
  scope.postMessage({ kind: "failed", run, message: String(error) });
}

async function handle(request: Request): Promise<void> {
  await started;
  switch (request.kind) {
    case "example":
      reply(request.run, Session.example(request.asOf));
      break;
    case "audit":
      await audit(request.run, request.files, request.asOf);
      break;
  }
}

const started = start();
started.then(
  () => scope.postMessage({ kind: "ready", commands: Session.commands().split("\n") }),
  (error: unknown) => failed(null, error),
);
scope.onmessage = ({ data }) => {
  handle(data).catch((error: unknown) => failed(data.run, error));
};
