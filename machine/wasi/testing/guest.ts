/**
 * Stands in for a guest: calls the host functions with arguments as a test writes them down, and answers with what came back. A path is a
 * string, or its bytes; a descriptor is a number as the guest would use it, from 4 on counted in the order of opening.
 */
import assert from 'node:assert/strict'
import { HostTrap, RunEnd } from '../errno.ts'
import { type WasiName, wasiParameters } from '../signatures.ts'
import type { WasiOptions } from '../system.ts'
import { Wasi } from '../wasi.ts'

export type Value = number | bigint | string | readonly Value[] | { readonly [name: string]: Value | undefined }
/** The error number first, then what the call answered; `['trap', which]`, `['exit', code]`, `['outputExceeded']` where the run ended. */
export type Answer = Value[]
export type Call = readonly [WasiName, ...Value[]]

/** Where the stand-in keeps results, paths and data. */
const at = { result: 1024, first: 8192, second: 16_384, data: 24_576 } as const
const memoryBytes = 1024 * 1024

export class Guest {
  readonly wasi: Wasi
  readonly memory = new WebAssembly.Memory({ initial: memoryBytes / 65_536 })
  private readonly bytes = new Uint8Array(this.memory.buffer)
  private readonly view = new DataView(this.memory.buffer)
  private readonly descriptors = new Map([0, 1, 2, 3].map(number => [number, number]))
  private opened = 4
  private readonly inodes: bigint[] = []

  constructor(options: Partial<WasiOptions> = {}) {
    const stdin = new Uint8Array(0)
    this.wasi = new Wasi({ args: [], environ: [], stdin, seed: new Uint8Array(32), outputBytesMax: 65_536, ...options })
    this.wasi.bind(this.memory)
  }

  /** One call with its arguments as they are: numbers and pointers. */
  raw(name: WasiName, ...args: (number | bigint)[]): number {
    const kinds = wasiParameters[name]
    const converted = args.map((argument, index) => (kinds[index] === 'I' ? BigInt(argument) : Number(argument)))
    return (this.wasi.imports[name] as (...args: (number | bigint)[]) => number)(...converted)
  }

  call([name, ...args]: Call): Answer {
    try {
      return this.answer(name, args as never[])
    } catch (error) {
      if (error instanceof HostTrap) return ['trap', error.trap]
      if (error instanceof RunEnd) {
        return error.outcome.reason === 'exited' ? ['exit', error.outcome.exitCode] : [error.outcome.reason]
      }
      throw error
    }
  }

  private answer(name: WasiName, args: never[]): Answer {
    const special = (this.special as Partial<Record<WasiName, (...args: never[]) => Answer>>)[name]
    if (special !== undefined) return special(...args)
    const [fd, ...rest] = args as unknown as [number, ...(number | bigint)[]]
    return [this.raw(name, this.number(fd), ...rest)]
  }

  /** The calls that have more to say than a descriptor and numbers. */
  private readonly special = {
    path_open: (
      fd: number,
      lookup: number,
      path: Path,
      flags: number,
      rights: number,
      inheriting: number,
      fdflags: number,
    ) => {
      const error = this.raw(
        'path_open',
        this.number(fd),
        lookup,
        ...this.put(path),
        flags,
        rights,
        inheriting,
        fdflags,
        at.result,
      )
      if (error !== 0) return [error]
      this.descriptors.set(this.opened, this.u32(at.result))
      return [0, this.opened++]
    },
    path_create_directory: (fd: number, path: Path) => [
      this.raw('path_create_directory', this.number(fd), ...this.put(path)),
    ],
    path_remove_directory: (fd: number, path: Path) => [
      this.raw('path_remove_directory', this.number(fd), ...this.put(path)),
    ],
    path_unlink_file: (fd: number, path: Path) => [this.raw('path_unlink_file', this.number(fd), ...this.put(path))],
    path_filestat_get: (fd: number, lookup: number, path: Path) =>
      this.stat(this.raw('path_filestat_get', this.number(fd), lookup, ...this.put(path), at.result)),
    path_filestat_set_times: (
      fd: number,
      lookup: number,
      path: Path,
      accessed: number,
      modified: number,
      which: number,
    ) => [this.raw('path_filestat_set_times', this.number(fd), lookup, ...this.put(path), accessed, modified, which)],
    path_link: (fd: number, lookup: number, path: Path, toFd: number, to: Path) => [
      this.raw('path_link', this.number(fd), lookup, ...this.put(path), this.number(toFd), ...this.put(to, at.second)),
    ],
    path_rename: (fd: number, path: Path, toFd: number, to: Path) => [
      this.raw('path_rename', this.number(fd), ...this.put(path), this.number(toFd), ...this.put(to, at.second)),
    ],
    path_symlink: (target: Path, fd: number, path: Path) => [
      this.raw('path_symlink', ...this.put(target), this.number(fd), ...this.put(path, at.second)),
    ],
    path_readlink: (fd: number, path: Path, room: number) => {
      const error = this.raw('path_readlink', this.number(fd), ...this.put(path), at.data, room, at.result)
      return error === 0 ? [0, this.text(at.data, this.u32(at.result))] : [error]
    },
    fd_filestat_get: (fd: number) => this.stat(this.raw('fd_filestat_get', this.number(fd), at.result)),
    fd_read: (fd: number, size: number) =>
      this.moved(this.raw('fd_read', this.number(fd), ...this.vector(size), at.result)),
    fd_pread: (fd: number, size: number, offset: number) =>
      this.moved(this.raw('fd_pread', this.number(fd), ...this.vector(size), offset, at.result)),
    fd_write: (fd: number, data: Path) =>
      this.u32OrError(this.raw('fd_write', this.number(fd), ...this.vector(this.put(data, at.data)[1]), at.result)),
    fd_pwrite: (fd: number, data: Path, offset: number) =>
      this.u32OrError(
        this.raw('fd_pwrite', this.number(fd), ...this.vector(this.put(data, at.data)[1]), offset, at.result),
      ),
    fd_seek: (fd: number, delta: number, whence: number) =>
      this.u64OrError(this.raw('fd_seek', this.number(fd), delta, whence, at.result)),
    fd_tell: (fd: number) => this.u64OrError(this.raw('fd_tell', this.number(fd), at.result)),
    fd_fdstat_get: (fd: number) => {
      const error = this.raw('fd_fdstat_get', this.number(fd), at.result)
      if (error !== 0) return [error]
      const rights = this.view.getBigUint64(at.result + 8, true)
      const access = `${rights & 2n ? 'r' : ''}${rights & 64n ? 'w' : ''}`
      return [0, this.view.getUint8(at.result), this.view.getUint16(at.result + 2, true), access]
    },
    fd_renumber: (from: number, to: number) => {
      const error = this.raw('fd_renumber', this.number(from), this.number(to))
      if (error === 0 && from !== to) this.descriptors.delete(from)
      return [error]
    },
    fd_readdir: (fd: number, size: number, cookie: number) => {
      const error = this.raw('fd_readdir', this.number(fd), at.data, size, cookie, at.result)
      return error === 0 ? [0, ...this.entries(this.u32(at.result))] : [error]
    },
    fd_prestat_get: (fd: number) => {
      const error = this.raw('fd_prestat_get', this.number(fd), at.result)
      return error === 0 ? [0, this.u32(at.result + 4)] : [error]
    },
    fd_prestat_dir_name: (fd: number, size: number) => [
      this.raw('fd_prestat_dir_name', this.number(fd), at.data, size),
    ],
    poll_oneoff: (subscriptions: readonly Subscription[]) => {
      for (const [index, one] of subscriptions.entries()) this.subscribe(at.first + 48 * index, one)
      const error = this.raw('poll_oneoff', at.first, at.data, subscriptions.length, at.result)
      return error === 0 ? [0, ...this.events(this.u32(at.result))] : [error]
    },
  }

  private number(descriptor: number): number {
    return this.descriptors.get(descriptor) ?? 9999
  }

  private put(path: Path, where: number = at.first): [number, number] {
    const bytes = typeof path === 'string' ? new TextEncoder().encode(path) : path
    this.bytes.set(bytes, where)
    return [where, bytes.length]
  }

  private vector(size: number): [number, number] {
    this.view.setUint32(at.second, at.data, true)
    this.view.setUint32(at.second + 4, size, true)
    return [at.second, 1]
  }

  private u32 = (where: number): number => this.view.getUint32(where, true)
  private text = (where: number, size: number): string =>
    Buffer.from(this.bytes.subarray(where, where + size)).toString()
  private u32OrError = (error: number): Answer => (error === 0 ? [0, this.u32(at.result)] : [error])
  private u64OrError = (error: number): Answer =>
    error === 0 ? [0, Number(this.view.getBigUint64(at.result, true))] : [error]
  private moved = (error: number): Answer =>
    error === 0
      ? [0, Buffer.from(this.bytes.subarray(at.data, at.data + this.u32(at.result))).toString('latin1')]
      : [error]

  /** Inodes by the order in which they were met, and only such times as a test has set itself (below 1,000). */
  private stat(error: number): Answer {
    if (error !== 0) return [error]
    const field = (offset: number) => this.view.getBigUint64(at.result + offset, true)
    const type = this.view.getUint8(at.result + 16)
    if (!this.inodes.includes(field(8))) this.inodes.push(field(8))
    const directory = type === 3
    const isSet = (time: bigint) => time > 0n && time < 1000n
    return [
      0,
      {
        type,
        inode: this.inodes.indexOf(field(8)),
        ...(directory ? {} : { links: Number(field(24)), size: Number(field(32)) }),
        ...(isSet(field(40)) ? { accessed: Number(field(40)) } : {}),
        ...(isSet(field(48)) ? { modified: Number(field(48)) } : {}),
      },
    ]
  }

  /** [name, type, next cookie] of each whole entry, and how many bytes of a last one were cut off. */
  private entries(used: number): Value[] {
    const entries: Value[] = []
    let next: number = at.data
    while (next + 24 <= at.data + used) {
      const size = this.u32(next + 16)
      if (next + 24 + size > at.data + used) break
      const cookie = Number(this.view.getBigUint64(next, true))
      entries.push([this.text(next + 24, size), this.view.getUint8(next + 20), cookie])
      next += 24 + size
    }
    return [entries, at.data + used - next]
  }

  private subscribe(where: number, [userData, type, ...rest]: Subscription): void {
    this.bytes.fill(0, where, where + 48)
    this.view.setBigUint64(where, BigInt(userData), true)
    this.bytes[where + 8] = type
    const [first, timeout = 0, flags = 0] = rest
    this.view.setUint32(where + 16, type === 0 ? first : this.number(first), true)
    if (type !== 0) return
    this.view.setBigUint64(where + 24, BigInt(timeout), true)
    this.view.setUint16(where + 40, flags, true)
  }

  /** [user data, error, type, flags] of each: how much may be read is for tests of that. */
  private events(count: number): Value[] {
    return Array.from({ length: count }, (_, index) => {
      const where = at.data + 32 * index
      const userData = Number(this.view.getBigUint64(where, true))
      const error = this.view.getUint16(where + 8, true)
      return [userData, error, this.view.getUint8(where + 10), this.view.getUint16(where + 24, true)]
    })
  }
}

type Path = string | readonly number[] | Uint8Array
/** User data, type, and then clock id, timeout and flags, or a descriptor. */
type Subscription = readonly [number, number, number, number?, number?]

/** Calls, each with the answer that it must get. */
export function plays(guest: Guest, ...steps: [Parameters<Guest['call']>[0], Value[]][]): void {
  for (const [call, answer] of steps) assert.deepEqual(guest.call(call), answer, JSON.stringify(call))
}
