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

const canceled = new Set<number>();

async function start(): Promise<void> {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  initSync({ module: await new Response(stream).arrayBuffer() });
}

/** Streams one file into the session; `false` if the run was canceled on the way. */
async function feed(
  session: Session,
  { name, file }: NamedFile,
  run: number,
  index: number,
): Promise<boolean> {
  const reader = file.stream().getReader();
  let read = 0;
  let reported = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (canceled.has(run)) {
      await reader.cancel();
      return false;
    }
    if (done) {
      return true;
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
      if (!(await feed(session, file, run, index))) {
        session.free();
        return;
      }
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

scope.onmessage = ({ data }) => {
  switch (data.kind) {
    case "cancel":
      canceled.add(data.run);
      break;
    case "example":
      try {
        reply(data.run, Session.example(data.asOf));
      } catch (error) {
        failed(data.run, error);
      }
      break;
    case "audit":
      audit(data.run, data.files, data.asOf).catch((error: unknown) => failed(data.run, error));
      break;
  }
};

start().then(
  () => scope.postMessage({ kind: "ready", commands: Session.commands().split("\n") }),
  (error: unknown) => failed(null, error),
);
