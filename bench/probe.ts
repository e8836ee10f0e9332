/** A process that asks a node's API at a steady pace, whatever its parent is busy with, until it is told to stop; then it says how long answers took. */
import process from 'node:process'

/** Of answers in milliseconds; `failed`: why there was none. */
export interface Probed {
  times: number[]
  failed: string[]
}

const [url, everyMs] = [process.argv[2] as string, Number(process.argv[3])]
const paths = ['/livez', '/v1/node']
const probed: Probed = { times: [], failed: [] }
const under: Promise<void>[] = []

// The first request loads this process's own client, some 40 ms: that is no answer of the node's.
await fetch(url + paths[0])

const timer = setInterval(() => under.push(probe(paths[under.length % paths.length] as string)), everyMs)
process.once('message', () => {
  clearInterval(timer)
  void Promise.all(under).then(() => process.send?.(probed))
})

async function probe(path: string): Promise<void> {
  const begun = performance.now()
  try {
    await (await fetch(url + path)).arrayBuffer()
    probed.times.push(performance.now() - begun)
  } catch (error) {
    probed.failed.push(String((error as Error).cause))
  }
}
