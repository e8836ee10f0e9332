/** The state of one run that the host functions share, and what each group of them is. */
import { GrowingBytes } from './bytes.ts'
import { ChaCha20 } from './chacha20.ts'
import { GrantedClock, type GuestClock, type RealClock, VirtualClock } from './clock.ts'
import { Descriptors } from './descriptors.ts'
import { errno, RunEnd } from './errno.ts'
import { FileSystem, type FileTree } from './files.ts'
import { encodeStrings, GuestMemory } from './guest-memory.ts'
import type { WasiName } from './signatures.ts'

export interface WasiOptions {
  /** Without argv[0], which is `plasm`. */
  args: readonly string[]
  /** `K=V`, in the guest's order. */
  environ: readonly string[]
  stdin: Uint8Array
  /** 32 bytes: seeds the guest's random. */
  seed: Uint8Array
  /** stdout and stderr together. */
  outputBytesMax: number
  /** Nanoseconds that have passed for the guest but for what it slept. Without it each host call takes 1 us. Nobody asks where `clock` is granted. */
  passedNs?: () => bigint
  /** Takes the fuel of each host call (charges.ts) before the call has any effect. What it throws ends the run. */
  charge?: (fuel: number) => void
  /** Only where the job was granted `clock`. */
  clock?: RealClock
  /** Fills with random bytes; only where the job was granted `random`. */
  random?: (target: Uint8Array) => void
  /** What the scratch file system holds at the start: nothing, unless given. */
  files?: FileTree
}

/**
 * Host functions by name. i32 arguments come as unsigned numbers, i64 as signed bigints; what they return is the error number.
 * A thrown Failure is that error.
 */
export type Calls = Partial<Record<WasiName, (...args: never[]) => number>>

const [programName] = encodeStrings(['plasm']) as [Uint8Array]

/** What a call answers that has done all this. */
export const ok = (..._done: unknown[]): number => errno.success

export class System {
  readonly memory = new GuestMemory()
  readonly stdout = new GrowingBytes()
  readonly stderr = new GrowingBytes()
  readonly args: readonly Uint8Array[]
  readonly environ: readonly Uint8Array[]
  readonly clock: GuestClock
  readonly files: FileSystem
  readonly descriptors: Descriptors
  readonly generator: ChaCha20
  /** The next random bytes. */
  readonly random: (target: Uint8Array) => void
  private readonly outputBytesMax: number

  constructor(options: WasiOptions) {
    this.args = [programName, ...encodeStrings(options.args)]
    this.environ = encodeStrings(options.environ)
    this.clock = options.clock === undefined ? new VirtualClock(options.passedNs) : new GrantedClock(options.clock)
    this.files = new FileSystem(() => this.clock.now(0), options.files)
    this.descriptors = new Descriptors(this.files, options.stdin, this.stdout, this.stderr)
    this.generator = new ChaCha20(options.seed)
    this.random = options.random ?? (target => this.generator.fill(target))
    this.outputBytesMax = options.outputBytesMax
  }

  /** Bytes that stdout and stderr may still take. */
  get outputBytesLeft(): number {
    return this.outputBytesMax - this.stdout.size - this.stderr.size
  }

  /** Ends the run instead of a write that would pass the limit: what came before is the output. */
  checkOutput(bytes: number): void {
    if (bytes > this.outputBytesLeft) throw new RunEnd({ reason: 'outputExceeded' })
  }
}
