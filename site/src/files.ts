// Collects files from a drop or an input, folders included.

import type { NamedFile } from "./protocol.ts";

/** More files than any collection of exports has; a whole disk dropped by mistake stops here. */
export const FILES_MAX = 5000;

/** The files of a drop; folders are walked, names keep their folders. */
export async function fromDrop(transfer: DataTransfer): Promise<NamedFile[]> {
  // Entries must be taken before the first await: the list is empty afterwards.
  const entries: FileSystemEntry[] = [];
  const files: NamedFile[] = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") {
      continue;
    }
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry?.isDirectory) {
      entries.push(entry);
    } else if (file !== null) {
      files.push({ name: file.name, file });
    }
  }
  for (const entry of entries) {
    await walk(entry, files);
  }
  return files;
}

/** The files of an input; names keep the chosen folder's structure. */
export function fromInput(input: HTMLInputElement): NamedFile[] {
  return [...(input.files ?? [])]
    .slice(0, FILES_MAX)
    .map((file) => ({ name: file.webkitRelativePath || file.name, file }));
}

async function walk(entry: FileSystemEntry, files: NamedFile[]): Promise<void> {
  if (files.length >= FILES_MAX) {
    return;
  }
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    files.push({ name: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder is handed out in parts; the empty part is its end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (part.length === 0) {
      return;
    }
    for (const child of part) {
      await walk(child, files);
    }
  }
}

/**
 * Adds files to those that are there. The same file again replaces itself; another file of the same
 * name gets a number, because exports of several servers often share their names.
 */
export function merge(present: NamedFile[], added: NamedFile[]): NamedFile[] {
  const byName = new Map(present.map((item) => [item.name, item]));
  for (const { name, file } of added) {
    let free = name;
    for (let number = 2; ; number += 1) {
      const other = byName.get(free)?.file;
      if (other === undefined || (other.size === file.size && other.lastModified === file.lastModified)) {
        break;
      }
      free = `${name} (${number})`;
    }
    byName.set(free, { name: free, file });
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
