/** What each figure of the node is held against: the same work with nothing around it, measured in the same run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import Fastify from 'fastify'
import { Pool } from 'undici'

/** The module compiled once, instantiated and run each time, in a bare process of its own: milliseconds of each run. */
export async function instantiateAndRun(module: Uint8Array, runs: number): Promise<number[]> {
  const file = new URL('./bare.ts', import.meta.url)
  const child = spawn(process.execPath, [file.pathname, String(runs)], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(module)
  const chunks: Uint8Array[] = []
  child.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  await once(child, 'close')
  return JSON.parse(Buffer.concat(chunks).toString()) as number[]
}

/** A Fastify route that answers a small JSON to a small JSON. */
export async function bareRoute(runs: number): Promise<number[]> {
  const app = Fastify()
  app.post('/', request => ({ ...(request.body as object), state: 'succeeded' }))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const pool = new Pool(url, { connections: 1 })
  const times = await timed(runs, async () => {
    const { body } = await pool.request({
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/json' },
      body: '{"module":"x","stdin":{"text":"Hello, World"}}',
    })
    await body.json()
  })
  await pool.close()
  await app.close()
  return times
}

/** One row committed durably: what an acknowledgement costs the disk at least. */
export async function fsyncRow(file: string, runs: number): Promise<number[]> {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (body TEXT) STRICT')
  const insert = database.prepare('INSERT INTO row VALUES (?)')
  const times = await timed(runs, () => void insert.run('x'.repeat(256)))
  database.close()
  return times
}

async function timed(runs: number, once: () => unknown): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < runs + 50; run++) {
    const begun = performance.now()
    await once()
    if (run >= 50) times.push(performance.now() - begun)
  }
  return times
}
