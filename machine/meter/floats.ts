/**
 * Which float results may show the bits of a NaN (SPEC.md, NaN), and where to look at them. Arithmetic on arithmetic, comparisons and
 * truncations see no bits; a store, a call, a select or the sign does.
 *
 * `detect`: look at every such value, change none. If no NaN was seen, nothing could depend on its bits, and the run is the canonical one.
 * `repair`: make every such result canonical.
 */

import { Reader } from '../binary.ts'
import { localsMax } from '../limits.ts'
import type { FunctionType, ParsedModule } from '../sections.ts'
import { type Body, branchTargets, endsReach, localIndex } from './body.ts'
import { decoding, rows } from './decoding.ts'
import type { Types } from './facts.ts'
import { emptyBlockType, InstructionReader } from './immediates.ts'
import { blindTo, code, nan, nanOf, popsOf, pushesOf, signChange } from './opcodes.ts'

export type FloatMode = 'detect' | 'repair'

const f32 = 0x7d
const f64 = 0x7c
const v128 = 0x7b
const noType: FunctionType = { parameters: [], results: [] }

/** A local that a float of open bits was put into. */
interface LocalUse {
  /** Places of instructions that write such a value, and where it was made. */
  writes: { at: number; producer: number; kind: number }[]
  /** Places of local.get whose value shows its bits. */
  reads: number[]
  writeCost: number
  readCost: number
  /** Bit sets of kinds: what is written, as what it is read where bits do not matter. */
  writtenAs: number
  readAs: number
}

export class FloatPlan {
  /** Where instructions begin whose values have to be looked at once they have run, in order. */
  readonly looks: number[] = []
  /** How many there are of each kind. */
  readonly counts = [0, 0, 0, 0, 0]
  /** The kind of such a value, else 0, by how far behind the body's first byte its instruction begins. */
  private kindOf = new Uint8Array(1024)
  private mode: FloatMode = 'detect'
  private readonly module: ParsedModule
  private readonly types: Types
  private readonly body: Body
  private readonly reader: Reader
  private readonly instructions: InstructionReader
  /** Of this body, parameters first; what stands behind them is of earlier ones. */
  private readonly localTypes = new Uint8Array(localsMax)
  private readonly uses = new Map<number, LocalUse>()
  private producers = new Int32Array(256)
  private kinds = new Uint8Array(256)
  private height = 0
  private loopDepth = 0
  private readonly frames: { base: number; type: number; opcode: number }[] = []
  private type: FunctionType = noType

  constructor(module: ParsedModule, types: Types, body: Body) {
    this.module = module
    this.types = types
    this.body = body
    this.reader = new Reader(module.bytes, 'code section')
    this.instructions = new InstructionReader(this.reader)
  }

  make(mode: FloatMode): void {
    const { body, counts, looks } = this
    const size = body.end - body.start
    this.mode = mode
    if (this.kindOf.length < size) this.kindOf = new Uint8Array(size * 2)
    this.kindOf.fill(0, 0, size)
    looks.length = 0
    counts.fill(0)
    this.uses.clear()
    this.frames.length = 0
    this.height = 0
    this.loopDepth = 0
    this.type = body.type
    this.readLocalTypes()
    this.walk()
    for (const use of this.uses.values()) this.decide(use)
    for (let at = 0; at < size; at++) {
      const kind = this.kindOf[at] as number
      if (kind === 0) continue
      counts[kind] = (counts[kind] as number) + 1
      looks.push(body.start + at)
    }
  }

  /** A few bytes may declare as many locals as a function can have, so that no step may be taken for each of them. */
  private readLocalTypes(): void {
    const { locals } = this.body
    this.localTypes.set(this.type.parameters)
    let next = this.type.parameters.length
    for (let at = 0; at < locals.length; at += 2) {
      const end = next + (locals[at] as number)
      this.localTypes.fill(locals[at + 1] as number, next, end)
      next = end
    }
  }

  /** Of a place in `looks`. */
  kindAt(at: number): number {
    return this.kindOf[at - this.body.start] as number
  }

  private look(at: number, kind: number): void {
    this.kindOf[at - this.body.start] = kind
  }

  /** A function whose one result is a float hands it to its caller as it is: whoever uses it looks. */
  private get returnsOpen(): boolean {
    return this.mode === 'detect' && openResult(this.type) !== 0
  }

  private walk(): void {
    const { first, last, marks, start } = this.body
    const { starts, ends, opcodes } = marks
    let at = start
    for (let mark = first; mark < last; mark++) {
      const next = starts[mark] as number
      // What lies between a branch and the next mark is never reached.
      if (mark === first || !endsReach(opcodes[mark - 1] as number)) this.straight(at, next)
      const opcode = opcodes[mark] as number
      this.makeRoom()
      if (opcode < code.drop) this.control(opcode, mark)
      else this.plain(opcode, next)
      at = ends[mark] as number
    }
  }

  /** Instructions that are not marked. */
  private straight(begin: number, end: number): void {
    const { reader, instructions } = this
    const { bytes } = this.body
    reader.end = end
    for (let at = begin; at < end; ) {
      this.makeRoom()
      let opcode = bytes[at] as number
      const row = rows[opcode] as number
      const word = ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
      let next = at + (row & decoding.size)
      if ((row & (word | decoding.special) & (decoding.longer | decoding.special)) !== 0) {
        reader.at = at
        opcode = instructions.next()
        next = reader.at
      }
      if (opcode >= code.localGet && opcode <= code.localTee) this.local(opcode, at)
      else this.plain(opcode, at)
      at = next
    }
  }

  private makeRoom(): void {
    if (this.height + 8 > this.producers.length) this.widen(this.height + 8)
  }

  private widen(size: number): void {
    const producers = new Int32Array(size * 2)
    producers.set(this.producers)
    this.producers = producers
    const kinds = new Uint8Array(size * 2)
    kinds.set(this.kinds)
    this.kinds = kinds
  }

  private push(producer: number, kind: number): void {
    this.producers[this.height] = producer
    this.kinds[this.height++] = kind
  }

  private pushClean(count: number): void {
    if (this.height + count > this.kinds.length) this.widen(this.height + count)
    this.kinds.fill(0, this.height, this.height + count)
    this.height += count
  }

  /** The operand `below` the top shows its bits. */
  private observe(below: number): void {
    const place = this.height - 1 - below
    const kind = this.kinds[place] as number
    if (kind === 0) return
    const producer = this.producers[place] as number
    if (this.body.bytes[producer] === code.localGet) {
      const use = this.use(localIndex(this.body.bytes, producer))
      use.reads.push(producer)
      use.readCost += this.weight()
    } else this.look(producer, kind)
  }

  private observeTop(count: number): void {
    for (let below = 0; below < count; below++) this.observe(below)
  }

  private weight(): number {
    return 8 ** Math.min(this.loopDepth, 6)
  }

  private use(local: number): LocalUse {
    let use = this.uses.get(local)
    if (use === undefined) {
      use = { writes: [], reads: [], writeCost: 0, readCost: 0, writtenAs: 0, readAs: 0 }
      this.uses.set(local, use)
    }
    return use
  }

  private local(opcode: number, at: number): void {
    const local = localIndex(this.body.bytes, at)
    if (opcode === code.localGet) {
      const type = this.localTypes[local]
      // Of a vector it is not known yet what its lanes are: any kind will do until all writes have been seen.
      this.push(at, type === f64 ? nan.f64 : type === f32 ? nan.f32 : type === v128 ? nan.f32x4 : 0)
      return
    }
    const top = this.height - 1
    const kind = this.kinds[top] as number
    const producer = this.producers[top] as number
    if (kind !== 0 && this.body.bytes[producer] === code.localGet) this.observe(0)
    else if (kind !== 0) {
      const use = this.use(local)
      use.writes.push({ at, producer, kind })
      use.writeCost += this.weight()
      use.writtenAs |= 1 << kind
    }
    if (opcode === code.localSet) this.height--
  }

  private plain(opcode: number, at: number): void {
    const pops = popsOf[opcode] as number
    const blind = blindTo[opcode] as number
    if (this.passesThrough(opcode, at)) return
    if (opcode !== code.drop) {
      for (let below = 0; below < pops; below++) {
        const place = this.height - 1 - below
        if (this.kinds[place] !== 0 && !this.isBlind(blind, place)) this.observe(below)
      }
    }
    this.height -= pops
    if (pushesOf[opcode] === 1) this.push(at, nanOf[opcode] as number)
  }

  private isBlind(blind: number, place: number): boolean {
    if (blind === 0) return false
    const producer = this.producers[place] as number
    if (blind >= nan.f32x4 && this.body.bytes[producer] === code.localGet) {
      this.use(localIndex(this.body.bytes, producer)).readAs |= 1 << blind
      return true
    }
    return this.kinds[place] === blind
  }

  /** select and the sign's instructions: where values are only looked at, a NaN that goes through is still one behind them. */
  private passesThrough(opcode: number, at: number): boolean {
    const select = opcode === code.select || opcode === code.selectTyped
    const kind = signChange[opcode] as number
    if (!select && kind === 0) return false
    if (this.mode === 'repair') return false
    if (select) {
      const [first, second] = [this.kinds[this.height - 3] as number, this.kinds[this.height - 2] as number]
      if (first >= nan.f32x4 || second >= nan.f32x4) return false
      this.height -= 3
      this.push(at, Math.max(first, second))
      return true
    }
    if (popsOf[opcode] === 2) this.observe(0)
    this.height -= popsOf[opcode] as number
    const open = this.kinds[this.height] !== 0
    this.push(at, open ? kind : 0)
    return true
  }

  private control(opcode: number, mark: number): void {
    const { immediates, starts } = this.body.marks
    const immediate = immediates[mark] as number
    const at = starts[mark] as number
    switch (opcode) {
      case code.block:
      case code.loop:
      case code.if: {
        if (opcode === code.if) this.height--
        const parameters = this.parametersOf(immediate)
        this.clean(parameters)
        this.frames.push({ base: this.height - parameters, type: immediate, opcode })
        if (opcode === code.loop) this.loopDepth++
        return
      }
      case code.else: {
        const frame = this.frames.at(-1)
        if (frame === undefined) return
        this.observeTop(Math.min(this.resultsOf(frame.type), this.height - frame.base))
        this.height = frame.base
        this.pushClean(this.parametersOf(frame.type))
        return
      }
      case code.end:
        return this.end()
      case code.brIf:
        this.height--
        return this.branch(immediate)
      case code.br:
        return this.branch(immediate)
      case code.brTable:
        this.height--
        return this.branch(firstTarget(this.body, mark))
      case code.return:
        return this.leave()
      case code.call:
        return this.call(this.types.ofFunction(immediate), at, 0)
      case code.callIndirect:
        return this.call(immediate, at, 1)
      case code.returnCall:
        return this.call(this.types.ofFunction(immediate), at, 0)
      case code.returnCallIndirect:
        return this.call(immediate, at, 1)
    }
  }

  /** What goes into or out of a block is looked at on its way: several values may come together there. */
  private clean(count: number): void {
    this.observeTop(count)
    this.height -= count
    this.pushClean(count)
  }

  private end(): void {
    const frame = this.frames.pop()
    if (frame === undefined) return this.leave()
    if (frame.opcode === code.loop) this.loopDepth--
    const results = this.resultsOf(frame.type)
    this.observeTop(Math.min(results, this.height - frame.base))
    this.height = frame.base
    this.pushClean(results)
  }

  private leave(): void {
    if (!this.returnsOpen) this.observeTop(Math.min(this.type.results.length, this.height))
  }

  private branch(depth: number): void {
    const frame = this.frames[this.frames.length - 1 - depth]
    if (frame === undefined) return this.leave()
    this.observeTop(frame.opcode === code.loop ? this.parametersOf(frame.type) : this.resultsOf(frame.type))
  }

  private call(typeIndex: number, at: number, more: number): void {
    const type = this.module.types[typeIndex] ?? noType
    this.height -= more
    this.observeTop(type.parameters.length)
    this.height -= type.parameters.length
    const open = this.mode === 'detect' ? openResult(type) : 0
    if (open !== 0) this.push(at, open)
    else this.pushClean(type.results.length)
  }

  private decide({ writes, reads, writeCost, readCost, writtenAs, readAs }: LocalUse): void {
    if (writes.length === 0) return
    const kinds = writes[0]?.kind ?? 0
    const mixed = writtenAs !== 1 << kinds || (readAs & ~writtenAs) !== 0
    if (reads.length === 0 && !mixed) return
    if (this.mode === 'repair') for (const { producer, kind } of writes) this.look(producer, kind)
    else if (mixed || writeCost < readCost) for (const { at, kind } of writes) this.look(at, kind)
    else for (const at of reads) this.look(at, kinds)
  }

  private parametersOf(type: number): number {
    return type < 0 ? 0 : (this.module.types[type]?.parameters.length ?? 0)
  }

  private resultsOf(type: number): number {
    if (type >= 0) return this.module.types[type]?.results.length ?? 0
    return type === emptyBlockType ? 0 : 1
  }
}

/** Of a br_table, whose targets all take the same number of values. */
function firstTarget(body: Body, mark: number): number {
  const next = branchTargets(body, mark)
  next()
  return next()
}

/** The kind of the result of a function that returns one float and nothing else. */
export const openResult = ({ results }: FunctionType): number =>
  results.length !== 1 ? 0 : results[0] === f64 ? nan.f64 : results[0] === f32 ? nan.f32 : 0
