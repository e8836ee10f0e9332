/**
 * The linear memories of guests. To make one, and to give it back, takes longer than many a small run (100 us of 120 in V8): address space is
 * reserved, committed, and every page in it faulted in. So whoever runs many guests keeps those that stayed small, and fills them with zeros.
 */
import { memoryPageBytes } from '../phase/limits.ts'
import type { ModuleInterface } from '../phase/module.ts'

export type MemoryType = NonNullable<ModuleInterface['memory']>

/** Above this a new one is as cheap as the zeros. */
const keptBytesMax = 2 * 1024 * 1024
/** Of all that wait together: each takes 10 GiB of address space in V8. */
const keptMax = 8

/** As the module declares it: what a job may have of it is bounded by the machine. @throws {RangeError} where the engine has no room. */
export const newMemory = ({ initialBytes, maximumBytes }: MemoryType): WebAssembly.Memory =>
  new WebAssembly.Memory({
    initial: initialBytes / memoryPageBytes,
    ...(maximumBytes !== undefined && { maximum: maximumBytes / memoryPageBytes }),
  })

interface Kept {
  type: MemoryType
  memory: WebAssembly.Memory
}

export class Memories {
  /** All zeros, of the size they were made with; the one that waits longest first. */
  private readonly clean: Kept[] = []
  private readonly used: Kept[] = []

  /** One that nobody can tell from a new one. @throws as newMemory does. */
  take(type: MemoryType): WebAssembly.Memory {
    const at = this.clean.findIndex(kept => isSame(kept.type, type))
    const memory = at < 0 ? newMemory(type) : (this.clean.splice(at, 1)[0] as Kept).memory
    this.used.push({ type, memory })
    return memory
  }

  /**
   * Cleans what was taken; to be called when no guest runs and nothing reads a memory any more. One that grew cannot shrink: it goes.
   * @returns how many went: their addresses come back with a collection.
   */
  recycle(): number {
    let gone = 0
    for (const one of this.used.splice(0)) {
      const { buffer } = one.memory
      if (buffer.byteLength > keptBytesMax || buffer.byteLength !== one.type.initialBytes) {
        gone++
        continue
      }
      new Uint8Array(buffer).fill(0)
      this.clean.push(one)
      if (this.clean.length > keptMax) gone += this.clean.splice(0, 1).length
    }
    return gone
  }
}

const isSame = (one: MemoryType, other: MemoryType): boolean =>
  one.initialBytes === other.initialBytes && one.maximumBytes === other.maximumBytes
