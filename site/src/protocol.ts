// Messages between the page and its worker. Every run has a number, so that the page can ignore
// what a run it no longer waits for still says.

export interface NamedFile {
  name: string;
  file: File;
}

export type Request =
  | { kind: "audit"; run: number; asOf: string; files: NamedFile[] }
  | { kind: "example"; run: number; asOf: string }
  | { kind: "cancel"; run: number };

export type Reply =
  | { kind: "ready"; commands: string[] }
  | { kind: "progress"; run: number; name: string; index: number; read: number }
  | {
      kind: "done";
      run: number;
      /** Everything as one JSON object. */
      envelope: string;
      /** The two documents, byte for byte as the command line prints them. */
      report: string;
      deployment: string;
    }
  | { kind: "failed"; run: number | null; message: string };
