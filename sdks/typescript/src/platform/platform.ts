import type { Ed25519 } from '../../../../phase/signature.ts'
import type { Fetch } from '../transport.ts'

/** What differs between Node and a browser. */
export interface Platform {
  /** Sent where a program may choose it. */
  userAgent: string | undefined
  /** Whether a request's body may be a stream of unknown length. */
  streamsUploads: boolean
  fetch: Fetch
  ed25519: Ed25519
  /** As for keys. */
  random(bytes: number): Uint8Array
  environment(name: string): string | undefined
  /** @throws {ArgumentError} where there is no such file, or no files. */
  openFile(path: string | URL): Promise<Blob | Uint8Array<ArrayBuffer>>
  digester(): { update(bytes: Uint8Array): void; digest(): string }
}
