declare module "virtual:module" {
  /** The WebAssembly module, gzip in base64. */
  const base64: string;
  export default base64;
}
