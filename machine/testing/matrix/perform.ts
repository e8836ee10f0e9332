/**
 * Runs the corpus in whatever engine this is: plain JavaScript once it is bundled, in a process, a page or a worker. Host calls are seen where
 * the machine hands them to the engine.
 */
import { fromBase64, utf8 } from '../../../phase/bytes.ts'
import { digestOf } from '../../../phase/digest.ts'
import { isPhaseError } from '../../../phase/errors.ts'
import { claimDigest } from '../../../phase/receipt.ts'
import { metered } from '../../meter.ts'
import { replayPrepared } from '../../replay.ts'
import { PreparedModule, type RunOptions, runModule } from '../../run.ts'
import { wasiModule } from '../../wasi/signatures.ts'
import type { Case, Corpus, Performed, Report, StackUse } from './corpus.ts'

/** `stack`: whether to measure it, too: that takes some minutes in an emulator. */
export function perform(corpus: Corpus, what: { stack: boolean }): Report {
  const trace = new Trace()
  const Instance = WebAssembly.Instance
  WebAssembly.Instance = trace.watch(Instance)
  const performed: Performed[] = []
  try {
    // One module after the other: compiled once, and then forgotten.
    const byModule = Map.groupBy(corpus.cases, ({ module }) => module)
    for (const [module, cases] of byModule) performed.push(...performAll(corpus.modules[module] ?? '', cases, trace))
  } finally {
    WebAssembly.Instance = Instance
  }
  return { performed, ...(what.stack && { stack: measureStack(corpus) }) }
}

function performAll(module: string, cases: readonly Case[], trace: Trace): Performed[] {
  let prepared: PreparedModule | string
  try {
    prepared = new PreparedModule(fromBase64(module))
  } catch (error) {
    prepared = reasonOf(error)
  }
  return cases.map(({ name, manifest, stdin }) => {
    trace.begin()
    const claim = () => claimDigest(replayPrepared(prepared as PreparedModule, manifest, { stdin: fromBase64(stdin) }))
    return { name, claim: typeof prepared === 'string' ? prepared : attempt(claim), ...trace.end() }
  })
}

function attempt(work: () => string): string {
  try {
    return work()
  } catch (error) {
    return reasonOf(error)
  }
}

/** Without the engine's own words. */
const reasonOf = (error: unknown): string =>
  isPhaseError(error, 'moduleRejected') ? 'moduleRejected' : `no claim: ${(error as Error).message}`

type Imports = Record<string, (...args: (number | bigint)[]) => unknown>

class Trace {
  private calls = 0
  private digest = ''
  private pending = ''

  begin(): void {
    this.calls = 0
    this.digest = this.pending = ''
  }

  end(): { calls: number; trace: string } {
    return { calls: this.calls, trace: digestOf(utf8(this.digest + this.pending)) }
  }

  /** Instances whose host calls are written down. A run that is done again has a new one, and only that one counts. */
  watch(Instance: typeof WebAssembly.Instance): typeof WebAssembly.Instance {
    const begin = () => this.begin()
    const write = (line: string) => this.write(line)
    function Watched(module: WebAssembly.Module, { [wasiModule]: calls, ...others }: Record<string, Imports>) {
      begin()
      let fuel = () => 0n
      const wrap = (name: string, call: Imports[string]): Imports[string] => {
        return (...args) => {
          const before = fuel()
          let result: unknown = 'none'
          try {
            result = call(...args)
            return result
          } finally {
            write(`${name}(${args.join()}) ${before} ${String(result)} ${fuel()}\n`)
          }
        }
      }
      const wrapped = Object.entries(calls ?? {}).map(([name, call]) => [name, wrap(name, call)] as const)
      const instance = new Instance(module, { ...others, [wasiModule]: Object.fromEntries(wrapped) })
      const global = instance.exports[metered.fuel] as WebAssembly.Global<'i64'>
      fuel = () => global.value
      return instance
    }
    return Watched as unknown as typeof WebAssembly.Instance
  }

  private write(line: string): void {
    this.calls++
    this.pending += line
    if (this.pending.length < 65_536) return
    this.digest = digestOf(utf8(this.digest + this.pending))
    this.pending = ''
  }
}

const options: RunOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 1024 * 1024,
  outputBytesMax: 0,
  fuelMax: 4_000_000_000,
}
/** 512 values of 8 bytes live across a call, and what an engine adds to every frame. */
const ballastFrameBytes = 512 * 8 + 64

/** Below the guest so many frames of ballast as it just bears: what it bears less than nothing at all, it uses itself. */
function measureStack({ modules, stack: { shapes, ballast } }: Corpus): StackUse {
  const stack = new Ballast(fromBase64(ballast))
  const before = stack.most(() => true)
  const lefts = shapes.map(shape => {
    const prepared = new PreparedModule(fromBase64(modules[shape] ?? ''))
    const task = () => isDeep(prepared)
    // Twice: an engine makes other frames once it has seen more of the guest.
    return { shape, left: Math.min(stack.most(task), stack.most(task)) }
  })
  // Once more at the end: an engine may have made the ballast lighter meanwhile.
  const all = Math.max(
    before,
    stack.most(() => true),
  )
  const guests = lefts.map(({ shape, left }) => ({ shape, used: left < 0 ? undefined : (all - left) / all }))
  return { kib: Math.round((all * ballastFrameBytes) / 1024), guests }
}

class Ballast {
  private readonly down: (frames: number) => void
  private task = () => true
  private fine = true

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      '': {
        work: () => {
          this.fine = this.task()
        },
      },
    })
    this.down = instance.exports['down'] as (frames: number) => void
    // Until the engine has made of it what it makes in the end: a ballast that gets lighter on the way would measure itself.
    for (let round = 0; round < 3_000; round++) this.down(10)
  }

  /** Frames below which `task` still fits, -1 where it never does. */
  most(task: () => boolean): number {
    this.task = task
    if (!this.bears(0)) return -1
    let [can, cannot] = [0, 1]
    while (this.bears(cannot)) [can, cannot] = [cannot, cannot * 2]
    while (cannot - can > 1) {
      const middle = Math.floor((can + cannot) / 2)
      if (this.bears(middle)) can = middle
      else cannot = middle
    }
    return can
  }

  private bears(frames: number): boolean {
    try {
      this.down(frames)
      return this.fine
    } catch {
      return false
    }
  }
}

function isDeep(prepared: PreparedModule): boolean {
  const result = runModule(prepared, options)
  return result.kind === 'ended' && result.stopped === 'depthExhausted'
}
