/** `bytes` in a buffer of their own size: a structured clone copies the whole buffer that a view looks into. */
export const owned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
