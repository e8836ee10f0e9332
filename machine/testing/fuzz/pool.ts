/** The modules that mutations begin with: real programs, fixtures, the official core suite as commands; and generated ones, by seed. */
import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { compileFixture } from '../../fixtures/compile.ts'
import { commandsOf } from '../commands.ts'
import { coreSuite } from '../core-suite.ts'
import { generateModule } from '../generate/module.ts'
import type { Random } from '../generate/random.ts'
import { readScript } from '../wast.ts'
import { mutate } from './mutations.ts'

type Bytes = Uint8Array<ArrayBuffer>

const examples = ['hello/hello', 'c/words', 'rust/words', 'assemblyscript/words']
const small = ['fib', 'sha256', 'sieve', 'nbody', 'matmul-simd', 'mandelbrot']
/** Each check of one takes a second. */
const large = ['lua', 'zstd', 'sqlite', 'quickjs']
const scripts =
  /v2\/(block|br_table|bulk|call|call_indirect|elem|data|fac|global|if|local_tee|loop|memory_grow|nop|return|select|switch|table_copy|table_init|unwind)\.wast|tail-call|extended-const|simd_(lane|i32x4_arith|load_splat|f64x2_rounding)\.wast/

export class Pool {
  private readonly real: Bytes[] = []
  private readonly large: Bytes[] = []

  async load(): Promise<this> {
    const root = new URL('../../../', import.meta.url)
    for (const name of examples) this.real.push(new Uint8Array(readFileSync(new URL(`examples/${name}.wasm`, root))))
    for (const name of small) this.real.push(kernel(root, name))
    for (const name of large) this.large.push(kernel(root, name))
    for (const file of readdirSync(new URL('machine/fixtures', root)).filter(name => name.endsWith('.wat')))
      this.real.push(await compileFixture(file.slice(0, -'.wat'.length)))
    const suite = await coreSuite()
    for (const name of Object.keys(suite).filter(name => scripts.test(name)))
      for (const { bytes } of commandsOf(await readScript(suite[name] as string))) this.real.push(bytes)
    return this
  }

  get size(): number {
    return this.real.length + this.large.length
  }

  pick(random: Random): Bytes {
    if (random.chance(30)) return generateModule(random.bits())
    return random.below(1000) < 4 ? random.pick(this.large) : random.pick(this.real)
  }

  /** The module of `seed`: one in ten is a generated one as it is, the others are mutated. */
  make(random: Random): Bytes {
    if (random.chance(10)) return generateModule(random.bits())
    return mutate(this.pick(random), random, () => this.pick(random))
  }
}

function kernel(root: URL, name: string): Bytes {
  return new Uint8Array(brotliDecompressSync(readFileSync(new URL(`bench/machine/kernels/${name}.wasm.br`, root))))
}
