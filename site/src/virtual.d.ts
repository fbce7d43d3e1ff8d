declare module "virtual:module" {
  /** The WebAssembly module in base64. */
  const base64: string;
  export default base64;
}
