import { hash } from 'node:crypto'
import type { Content } from '../../phase/schema.ts'

/** The content of `bytes`, hashed natively: outputs may be large, and this runs beside the API. */
export const contentOfBytes = (bytes: Uint8Array): Content => ({
  digest: `sha256:${hash('sha256', bytes, 'hex')}`,
  size: bytes.length,
})
