// Messages between the page and its worker. A run is canceled by ending the worker, which stops the
// module too; what it had sent until then is told apart by the number of its run.

export interface NamedFile {
  name: string;
  file: File;
}

export type Request =
  | { kind: "audit"; run: number; asOf: string; files: NamedFile[] }
  | { kind: "example"; run: number; asOf: string };

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
