/** A process that does nothing but run the module from stdin with the smallest WASI there can be, and prints what each run took. */
import { buffer } from 'node:stream/consumers'

const exited = new Error('exit')
const runs = Number(process.argv[2])
const module = await WebAssembly.compile(await buffer(process.stdin))
const input = new TextEncoder().encode('Hello, World')
const times: number[] = []
for (let run = 0; run < runs + 50; run++) {
  const begun = performance.now()
  await runOnce()
  if (run >= 50) times.push(performance.now() - begun)
}
console.log(JSON.stringify(times))

async function runOnce(): Promise<void> {
  let memory: DataView
  let read = false
  const imports = {
    wasi_snapshot_preview1: new Proxy<Record<string, WebAssembly.ImportValue>>(
      {},
      {
        get: (_target, name) => {
          if (name === 'fd_read') return read_
          if (name === 'fd_write') return write
          if (name === 'proc_exit') return exit
          return () => 0
        },
        has: () => true,
      },
    ),
  }
  const instance = await WebAssembly.instantiate(module, imports)
  memory = new DataView((instance.exports['memory'] as WebAssembly.Memory).buffer)
  try {
    ;(instance.exports['_start'] as () => void)()
  } catch (error) {
    if (error !== exited) throw error
  }

  function read_(_fd: number, iovs: number, _count: number, nread: number): number {
    memory = new DataView((instance.exports['memory'] as WebAssembly.Memory).buffer)
    const at = memory.getUint32(iovs, true)
    const size = read ? 0 : Math.min(input.length, memory.getUint32(iovs + 4, true))
    new Uint8Array(memory.buffer).set(input.subarray(0, size), at)
    memory.setUint32(nread, size, true)
    read = true
    return 0
  }
  function write(_fd: number, iovs: number, count: number, nwritten: number): number {
    memory = new DataView((instance.exports['memory'] as WebAssembly.Memory).buffer)
    let size = 0
    for (let i = 0; i < count; i++) size += memory.getUint32(iovs + 8 * i + 4, true)
    memory.setUint32(nwritten, size, true)
    return 0
  }
}

function exit(): never {
  throw exited
}
