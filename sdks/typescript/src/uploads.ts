/** What a job needs, brought to the node: modules and stdin, each named by the digest that is computed here. */
import { platform } from '#platform'
import { base64 } from '../../../phase/bytes.ts'
import { isDigest } from '../../../phase/digest.ts'
import { stdinInlineBytesMax } from '../../../phase/limits.ts'
import { ArgumentError, ProtocolError } from './errors.ts'
import type { Api } from './generated/api.ts'
import type { Stdin } from './generated/models.ts'
import type { ReadOptions } from './options.ts'
import type { RequestOptions } from './transport.ts'

/** A file's path or URL, a module's bytes, or `sha256:…` of one that the node has. */
export type Module = string | URL | Uint8Array | ArrayBuffer | Blob

export interface Upload {
  digest: string
  /** Brings the bytes to the node; `undefined` where only the digest is known. */
  send: ((options: RequestOptions) => Promise<unknown>) | undefined
}

/** Nothing is sent yet: a node that knows the digest does not need the bytes. */
export async function moduleUpload(module: Module, api: Api): Promise<Upload> {
  if (typeof module === 'string' && isDigest(module)) return { digest: module, send: undefined }
  const body = await bodyOf(module)
  const digest = await digestOf(body)
  return { digest, send: async options => same(digest, (await api.putModule(body, options)).digest) }
}

/** What the manifest says of stdin, and the bytes' digest; what does not fit into a manifest is uploaded first. */
export async function stdinOf(
  given: ReadOptions['stdin'],
  api: Api,
  options: RequestOptions,
): Promise<{ stdin: Stdin; content: { digest: string; size?: number }; upload: Upload | undefined }> {
  if (given instanceof ReadableStream) return await streamed(given, api, options)
  if (typeof given === 'object' && 'digest' in given) {
    return { stdin: { digest: given.digest }, content: { digest: given.digest }, upload: undefined }
  }
  const source = typeof given === 'object' && 'file' in given ? await platform.openFile(given.file) : given
  const size =
    typeof source === 'string'
      ? new TextEncoder().encode(source).length
      : source instanceof Blob
        ? source.size
        : source.length
  if (size <= stdinInlineBytesMax) return await inline(source)
  const body = typeof source === 'string' ? new Blob([source]) : await bodyOf(source)
  const digest = await digestOf(body)
  const send = async (to: RequestOptions) => same(digest, (await api.putBlob(body, to)).digest)
  return { stdin: { digest }, content: { digest, size }, upload: { digest, send } }
}

async function inline(source: string | Uint8Array | Blob) {
  const bytes =
    typeof source === 'string'
      ? new TextEncoder().encode(source)
      : source instanceof Blob
        ? new Uint8Array(await source.arrayBuffer())
        : source
  const digest = await digestOf(bytes)
  const stdin: Stdin = typeof source === 'string' ? { text: source } : { base64: base64(bytes) }
  return { stdin, content: { digest, size: bytes.length }, upload: undefined }
}

/** Small enough for the manifest, or sent on as it comes: never all of it in memory, where the platform can. */
async function streamed(source: ReadableStream<Uint8Array>, api: Api, options: RequestOptions) {
  const reader = source.getReader()
  const first: Uint8Array[] = []
  let size = 0
  while (size <= stdinInlineBytesMax) {
    const { value, done } = await reader.read()
    if (done) return await inline(new Blob(first as BlobPart[]))
    first.push(value)
    size += value.length
  }
  const hash = platform.digester()
  size = 0
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const bytes = first.shift() ?? (await reader.read()).value
    if (bytes === undefined) return controller.close()
    size += bytes.length
    hash.update(bytes)
    controller.enqueue(bytes)
  }
  const hashed = new ReadableStream<Uint8Array>({ pull, cancel: reason => reader.cancel(reason) })
  const body = platform.streamsUploads
    ? hashed
    : await new Response(hashed as ReadableStream<Uint8Array<ArrayBuffer>>).blob()
  const answer = await api.putBlob(body, options)
  const digest = same(hash.digest(), answer.digest)
  return { stdin: { digest }, content: { digest, size }, upload: undefined }
}

async function bodyOf(source: Exclude<Module, string> | string): Promise<Uint8Array<ArrayBuffer> | Blob> {
  if (typeof source === 'string' || source instanceof URL) return await platform.openFile(source)
  if (source instanceof Blob) return source
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  if (source instanceof Uint8Array) return source as Uint8Array<ArrayBuffer>
  throw new ArgumentError('Cannot read the module: a path, a URL, bytes, a Blob or a digest was expected')
}

export async function digestOf(body: Uint8Array | Blob): Promise<string> {
  const hash = platform.digester()
  if (body instanceof Uint8Array) hash.update(body)
  else
    for (const reader = body.stream().getReader(); ; ) {
      const { value, done } = await reader.read()
      if (done) break
      hash.update(value)
    }
  return hash.digest()
}

/** @throws {ProtocolError} where the node got other bytes than were sent. */
function same(sent: string, received: string): string {
  if (sent === received) return sent
  throw new ProtocolError(sent, received)
}
