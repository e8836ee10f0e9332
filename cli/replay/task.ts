/** The files that a replay needs, held against the digests that the signed request names. */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { nobleEd25519 } from '../../phase/ed25519.ts'
import { isPhaseError } from '../../phase/errors.ts'
import type { CompleteManifest } from '../../phase/manifest.ts'
import { readRequest, type SignedRequest } from '../../phase/request.ts'
import { ArgumentError } from '../../sdks/typescript/src/index.ts'
import { isDigest } from '../text.ts'

export interface Task {
  manifest: CompleteManifest
  module: Uint8Array
  stdin: Uint8Array
}

/** @throws {ArgumentError} naming the file that is missing, no request, or not signed by whom it names. */
export async function readRequestFile(file: string): Promise<SignedRequest> {
  const hint = 'plasm receipt --request -o FILE JOB fetches it from the node.'
  const bytes = await readInput(file, 'request', hint)
  try {
    return readRequest(bytes, nobleEd25519)
  } catch (cause) {
    if (!isPhaseError(cause)) throw cause
    throw new ArgumentError(`"${file}" is not the signed request of a job: ${cause.message}`, { hint, cause })
  }
}

/** @throws {ArgumentError} naming the file that is missing or is another one, and where the right one is. */
export async function readTask(
  { request: { manifest } }: SignedRequest,
  files: { module: string | undefined; stdin: string | undefined },
): Promise<Task> {
  const { module, stdin } = manifest
  const hint = `plasm modules get ${module} -o FILE fetches it from a node.`
  if (files.module === undefined || isDigest(files.module)) {
    throw new ArgumentError(`Cannot replay the job without its module "${module}": give its file with --module`, {
      hint,
    })
  }
  const moduleBytes = await readInput(files.module, 'module', hint)
  hold('module', files.module, moduleBytes, module, hint)
  return { manifest, module: moduleBytes, stdin: await readStdin(files.stdin, stdin) }
}

async function readStdin(file: string | undefined, wanted: { digest: string; size: number }): Promise<Uint8Array> {
  const hint = `GET /v1/blobs/${wanted.digest} of the node that took the job has it, while it keeps the job.`
  if (file === undefined || isDigest(file)) {
    if (wanted.size === 0) return new Uint8Array(0)
    const what = `the ${wanted.size} bytes "${wanted.digest}" that it read`
    throw new ArgumentError(`Cannot replay the job without ${what}: give their file with --stdin`, { hint })
  }
  const bytes = await readInput(file, 'stdin', hint)
  hold('stdin', file, bytes, wanted.digest, hint)
  return bytes
}

/** @throws {ArgumentError} where there is no such file, or it is not to be read. */
export async function readInput(file: string, what: string, hint: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ArgumentError(`Cannot read the ${what} "${file}": ${reasons[code ?? ''] ?? code}`, { hint, cause })
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
}

function hold(what: string, file: string, bytes: Uint8Array, wanted: string, hint: string): void {
  const found = `sha256:${hash('sha256', bytes)}`
  if (found === wanted) return
  throw new ArgumentError(`Cannot replay the job: ${what} "${file}" is ${found}, and the request names ${wanted}`, {
    hint,
  })
}
