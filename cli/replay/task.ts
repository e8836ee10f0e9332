/** The files that a replay needs, held against the digests that the signed request names. */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { nobleEd25519 } from '../../phase/ed25519.ts'
import type { CompleteManifest } from '../../phase/manifest.ts'
import { readRequest, type SignedRequest } from '../../phase/request.ts'
import { ArgumentError } from '../../sdks/typescript/src/index.ts'
import { isDigest } from '../text.ts'

export interface Task {
  manifest: CompleteManifest
  module: Uint8Array
  stdin: Uint8Array
}

/** @throws {PhaseError} `invalid` for what is no request, or not signed by whom it names. */
export async function readRequestFile(file: string): Promise<SignedRequest> {
  return readRequest(await read(file, 'request', 'plasm receipt JOB --request fetches it from the node.'), nobleEd25519)
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
  const moduleBytes = await read(files.module, 'module', hint)
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
  const bytes = await read(file, 'stdin', hint)
  hold('stdin', file, bytes, wanted.digest, hint)
  return bytes
}

async function read(file: string, what: string, hint: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ArgumentError(
      `Cannot read the ${what} "${file}": ${code === 'ENOENT' ? 'there is no such file' : code}`,
      {
        hint,
        cause,
      },
    )
  }
}

function hold(what: string, file: string, bytes: Uint8Array, wanted: string, hint: string): void {
  const found = `sha256:${hash('sha256', bytes)}`
  if (found === wanted) return
  throw new ArgumentError(`Cannot replay the job: ${what} "${file}" is ${found}, and the request names ${wanted}`, {
    hint,
  })
}
