/**
 * Writes the body of one function: statements, which leave nothing on the stack, and expressions, which leave values of the types asked for, out
 * of each other until their budget is used up.
 */
import { type Operation, operations } from '../../interpreter/operations.ts'
import { type FunctionType, isReferenceType, type ValueType } from '../../interpreter/values.ts'
import { constant } from './constants.ts'
import { Encoder } from './encoder.ts'
import { anyType, declared, imported, type Plan } from './plan.ts'
import type { Random } from './random.ts'

const byName = new Map([...operations.values()].map(operation => [operation.name, operation]))
const controlNames = new Set(['nop', 'memory.init', 'data.drop', 'table.init', 'elem.drop', 'table.copy'])

/** Instructions with a type of their own that leave one value, by the type of that. */
const producers = Map.groupBy(
  [...operations.values()].filter(({ type, name }) => type?.results.length === 1 && !controlNames.has(name)),
  ({ type }) => type?.results[0],
)
const stores = [...operations.values()].filter(
  ({ type, immediates }) => type?.results.length === 0 && immediates.startsWith('memoryArgument'),
)
/** They trap on most operands that come at random. */
const touchy = /\.(div|rem)_|^i\d\d\.trunc_f/

/** From there on a body is one of many statements. */
const longBudget = 200

export class Body {
  readonly code = new Encoder()
  readonly locals: ValueType[]
  private readonly random: Random
  private readonly plan: Plan
  private readonly index: number
  private readonly type: FunctionType
  private readonly parameters: number
  /** What a branch to each label takes, the innermost last. */
  private readonly labels: { types: readonly ValueType[]; loop: boolean }[] = []
  /** Counters of loops: nobody else writes them. */
  private readonly counters = new Set<number>()
  private budget: number
  private nesting = 0

  constructor(random: Random, plan: Plan, index: number, budget: number) {
    this.random = random
    this.plan = plan
    this.index = index
    this.budget = budget
    this.type = plan.types[plan.functions[index]?.type as number] as FunctionType
    this.parameters = this.type.parameters.length
    this.locals = [...this.type.parameters]
    for (let left = random.below(5); left > 0; left--) this.locals.push(anyType(random, plan))
    this.labels.push({ types: this.type.results, loop: false })
  }

  /** Locals that are declared. */
  get declaredLocals(): readonly ValueType[] {
    return this.locals.slice(this.parameters)
  }

  write(): void {
    this.statements(this.budget > longBudget ? this.random.between(8, 20) : this.random.between(2, 6))
    this.values(this.type.results)
    this.op('end')
  }

  op(name: string): Encoder {
    return this.emit(byName.get(name) as Operation)
  }

  private emit({ code }: Operation): Encoder {
    return code < 0x1000 ? this.code.raw(code) : this.code.raw(Math.floor(code / 0x1000)).u32(code % 0x1000)
  }

  private i32(value: number): void {
    this.op('i32.const').signed(BigInt(value))
  }

  private statements(count: number): void {
    for (let left = count; left > 0; left--) this.statement()
  }

  private statement(): void {
    this.budget--
    if (this.budget < 0 || this.nesting > 12) {
      this.op('nop')
      return
    }
    this.nesting++
    this[
      this.random.weighted<
        | 'assignment'
        | 'store'
        | 'dropped'
        | 'block'
        | 'loop'
        | 'condition'
        | 'branch'
        | 'branchIf'
        | 'call'
        | 'leave'
        | 'bulk'
        | 'tableWork'
        | 'unreachable'
      >({
        assignment: 22,
        store: 14,
        dropped: 6,
        block: 9,
        loop: 11,
        condition: 10,
        branch: 2,
        branchIf: 8,
        call: 12,
        leave: this.nesting > 1 ? 2 : 1,
        bulk: 5,
        tableWork: 5,
        unreachable: 1,
      })
    ]()
    this.nesting--
  }

  private assignment(): void {
    const globals = this.plan.globals.flatMap(({ mutable }, index) => (mutable ? [index] : []))
    if (globals.length > 0 && this.random.chance(35)) {
      const index = this.random.pick(globals)
      this.value(this.plan.globals[index]?.type as ValueType)
      this.op('global.set').u32(index)
      return
    }
    const index = this.localToWrite()
    if (index === undefined) return this.dropped()
    this.value(this.locals[index] as ValueType)
    if (this.random.chance(30)) {
      this.op('local.tee').u32(index)
      this.op('drop')
    } else this.op('local.set').u32(index)
  }

  private localToWrite(type?: ValueType): number | undefined {
    const fitting = this.locals.flatMap((one, index) =>
      !this.counters.has(index) && (type === undefined || one === type) ? [index] : [],
    )
    return fitting.length === 0 ? undefined : this.random.pick(fitting)
  }

  private store(): void {
    const operation = this.random.pick(stores.filter(one => this.known(one)))
    this.address()
    this.value(operation.type?.parameters[1] as ValueType)
    this.access(operation)
  }

  private dropped(): void {
    this.value(anyType(this.random, this.plan))
    this.op('drop')
  }

  /** Inside the memory almost always. */
  private address(): void {
    this.value('i32')
    if (this.random.chance(97)) {
      this.i32(0xff8)
      this.op('i32.and')
    }
  }

  private access(operation: Operation): void {
    this.emit(operation).u32(this.random.below(Math.log2(operation.bytes) + 1))
    this.code.u32(this.random.chance(99) ? this.random.below(64) : this.random.bits())
    if (operation.immediates === 'memoryArgumentAndLane') this.code.raw(this.random.below(16 / operation.bytes))
  }

  private blockType(type: FunctionType): void {
    if (type.parameters.length === 0 && type.results.length === 0 && this.random.chance(90)) this.code.raw(0x40)
    else if (type.parameters.length === 0 && type.results.length === 1) this.code.type(type.results[0] as ValueType)
    else this.code.signed(BigInt(this.typeIndex(type)))
  }

  private typeIndex(type: FunctionType): number {
    const found = this.plan.types.findIndex(
      one => one.parameters.join() === type.parameters.join() && one.results.join() === type.results.join(),
    )
    return found >= 0 ? found : this.plan.types.push(type) - 1
  }

  /** Of a statement: what comes in is written, what is left is put away. */
  private someType(): FunctionType {
    if (this.random.chance(70)) return { parameters: [], results: [] }
    const types = () => Array.from({ length: this.random.below(3) }, () => anyType(this.random, this.plan))
    return { parameters: types(), results: types() }
  }

  private block(): void {
    const type = this.someType()
    this.values(type.parameters)
    this.op('block')
    this.inner(type, type.results, false)
    this.putAway(type.results)
  }

  /** The inside of a block, its `end` too. */
  private inner(type: FunctionType, label: readonly ValueType[], loop: boolean, ended = true): void {
    this.blockType(type)
    this.labels.push({ types: label, loop })
    this.putAway(type.parameters)
    this.statements(this.random.between(1, 3))
    this.values(type.results)
    this.labels.pop()
    if (ended) this.op('end')
  }

  private condition(): void {
    const type = this.someType()
    this.values(type.parameters)
    this.value('i32')
    this.op('if')
    const alone = type.parameters.join() === type.results.join() && this.random.chance(40)
    this.inner(type, type.results, false, false)
    if (!alone) {
      this.op('else')
      this.labels.push({ types: type.results, loop: false })
      this.putAway(type.parameters)
      this.statements(this.random.between(1, 2))
      this.values(type.results)
      this.labels.pop()
    }
    this.op('end')
    this.putAway(type.results)
  }

  /** Most count down; what some others do is known by running them only. */
  private loop(): void {
    const type = this.someType()
    const counter = this.locals.push('i32') - 1
    this.counters.add(counter)
    this.i32(this.random.between(1, 12))
    this.op('local.set').u32(counter)
    this.values(type.parameters)
    this.op('loop')
    this.blockType(type)
    this.labels.push({ types: type.parameters, loop: true })
    this.putAway(type.parameters)
    this.statements(this.random.between(1, 4))
    this.values(type.parameters)
    this.op('local.get').u32(counter)
    this.i32(1)
    this.op('i32.sub')
    this.op('local.tee').u32(counter)
    if (this.random.chance(2)) {
      this.op('drop')
      this.value('i32')
    }
    this.op('br_if').u32(0)
    this.putAway(type.parameters)
    this.values(type.results)
    this.labels.pop()
    this.op('end')
    this.putAway(type.results)
  }

  /** Labels behind which the function goes on; those of loops seldom, since nothing counts such rounds. */
  private label(): number {
    const depth = this.random.below(this.labels.length)
    const label = this.labels[this.labels.length - 1 - depth]
    const outermost = depth === this.labels.length - 1
    // To leave the function is one choice of many; the next block is another.
    if (label?.loop && this.random.chance(95)) return this.innermost()
    return outermost && this.random.chance(60) ? this.innermost() : depth
  }

  private innermost(): number {
    const place = this.labels.findLastIndex(({ loop }) => !loop)
    return this.labels.length - 1 - place
  }

  private labelTypes(depth: number): readonly ValueType[] {
    return this.labels[this.labels.length - 1 - depth]?.types ?? []
  }

  private branch(): void {
    if (this.random.chance(50)) {
      const label = this.label()
      this.values(this.labelTypes(label))
      this.op('br').u32(label)
    } else this.branchTable()
    this.dead()
  }

  private branchTable(): void {
    const last = this.label()
    const types = this.labelTypes(last)
    const fitting = this.labels
      .map((_, depth) => depth)
      .filter(
        depth => this.labelTypes(depth).join() === types.join() && !this.labels[this.labels.length - 1 - depth]?.loop,
      )
    const list = Array.from({ length: this.random.below(6) }, () =>
      fitting.length > 0 ? this.random.pick(fitting) : last,
    )
    this.values(types)
    this.value('i32')
    if (this.random.chance(80)) {
      this.i32(7)
      this.op('i32.and')
    }
    this.op('br_table').vector(list, (label, code) => code.u32(label))
    this.code.u32(last)
  }

  private branchIf(): void {
    const label = this.label()
    const types = this.labelTypes(label)
    this.values(types)
    this.value('i32')
    this.op('br_if').u32(label)
    this.putAway(types)
  }

  /** What can never be reached may use operands that nobody has pushed. */
  private dead(): void {
    if (this.random.chance(60)) return
    for (let left = this.random.between(1, 3); left > 0; left--) {
      const choice = this.random.below(5)
      if (choice === 0) this.op('drop')
      else if (choice === 1) {
        this.op('i32.add')
        this.op('drop')
      } else if (choice === 2) {
        this.op('select')
        this.op('drop')
      } else if (choice === 3) {
        this.op('block').raw(0x40)
        this.op('end')
      } else this.statement()
    }
  }

  private callee(fits: (type: FunctionType) => boolean): number | undefined {
    const all = this.plan.functions.flatMap(({ type }, index) =>
      fits(this.plan.types[type] as FunctionType) ? [index] : [],
    )
    const later = all.filter(index => index > this.index)
    const hosts = all.filter(index => index < imported(this.plan) && this.plan.functions[index]?.host !== 'proc_exit')
    const choice = this.random.below(100)
    const from = choice < 50 && later.length > 0 ? later : choice < 92 && hosts.length > 0 ? hosts : all
    return from.length === 0 ? undefined : this.random.pick(from)
  }

  private typeOf(index: number): FunctionType {
    return this.plan.types[this.plan.functions[index]?.type as number] as FunctionType
  }

  private call(): void {
    const type = this.random.chance(75) ? this.directCall() : this.indirectCall()
    this.putAway(type.results)
  }

  private directCall(fits: (type: FunctionType) => boolean = () => true): FunctionType {
    const index = this.callee(fits)
    if (index === undefined) return { parameters: [], results: [] }
    this.args(index)
    this.op('call').u32(index)
    return this.typeOf(index)
  }

  private args(index: number): void {
    const host = this.plan.functions[index]?.host
    if (host === undefined || this.random.chance(3)) return this.values(this.typeOf(index).parameters)
    this.hostArgs(host)
  }

  private hostArgs(host: string): void {
    const at = () => this.i32(8 * this.random.between(256, 400))
    if (host === 'fd_write') {
      this.i32(this.random.pick([1, 1, 1, 2, 3, 9]))
      this.i32(8)
      this.i32(1)
      at()
    } else if (host === 'clock_time_get') {
      this.i32(this.random.below(4))
      this.op('i64.const').signed(0n)
      at()
    } else if (host === 'random_get') {
      at()
      this.i32(this.random.below(40))
    } else if (host === 'args_sizes_get') {
      at()
      at()
    } else if (host === 'proc_exit') this.value('i32')
  }

  private indirectCall(fits: (type: FunctionType) => boolean = () => true): FunctionType {
    const types = this.plan.functions
      .map(({ type }) => type)
      .filter(type => fits(this.plan.types[type] as FunctionType))
    if (types.length === 0) return { parameters: [], results: [] }
    const { type, table } = this.indirectTarget(types)
    this.values((this.plan.types[type] as FunctionType).parameters)
    this.tableIndex(table, type)
    this.op('call_indirect').u32(type).u32(table)
    return this.plan.types[type] as FunctionType
  }

  private indirectTarget(types: readonly number[]): { type: number; table: number } {
    const tables = this.plan.tables.flatMap(({ element }, index) => (element === 'funcref' ? [index] : []))
    const first = (this.plan.elements[0]?.items ?? []).map(item => this.plan.functions[item]?.type as number)
    const there = types.filter(type => first.includes(type))
    if (there.length > 0 && this.random.chance(90)) return { type: this.random.pick(there), table: 0 }
    return { type: this.random.pick(types), table: this.random.pick(tables) }
  }

  /** Mostly of an entry with a function of that type, as the table is at first. */
  private tableIndex(table: number, type?: number): void {
    const items = table === 0 ? (this.plan.elements[0]?.items ?? []) : []
    const fitting = items.flatMap((item, index) => (this.plan.functions[item]?.type === type ? [index] : []))
    if (fitting.length > 0 && this.random.chance(97)) this.i32(this.random.pick(fitting))
    else if (this.random.chance(80)) this.i32(this.random.below(this.plan.tables[table]?.minimum as number))
    else this.value('i32')
  }

  /** return, and calls that take its place. */
  private leave(): void {
    const results = this.type.results.join()
    const fits = (type: FunctionType) => type.results.join() === results
    const choice = this.random.below(3)
    if (choice === 0) {
      this.values(this.type.results)
      this.op('return')
    } else if (choice === 1) {
      const index = this.callee(fits)
      if (index === undefined) return
      this.args(index)
      this.op('return_call').u32(index)
    } else {
      const types = this.plan.functions
        .map(({ type }) => type)
        .filter(type => fits(this.plan.types[type] as FunctionType))
      if (types.length === 0) return
      const { type, table } = this.indirectTarget(types)
      this.values((this.plan.types[type] as FunctionType).parameters)
      this.tableIndex(table, type)
      this.op('return_call_indirect').u32(type).u32(table)
    }
    this.dead()
  }

  private unreachable(): void {
    if (this.random.chance(60)) return this.branchIf()
    this.op('unreachable')
    this.dead()
  }

  private bulk(): void {
    const segment = this.random.below(this.plan.data.length + 1)
    const choice = this.random.weighted({ fill: 4, copy: 4, init: 3, drop: 1, grow: 3 })
    if (choice === 'drop') this.op('data.drop').u32(segment)
    else if (choice === 'grow') {
      this.i32(this.random.chance(95) ? this.random.below(3) : this.random.bits() | 0)
      this.op('memory.grow').raw(0)
      this.op('drop')
    } else {
      this.address()
      if (choice === 'init') this.i32(this.random.below(4))
      else this.address()
      if (this.random.chance(95)) this.i32(this.random.below(choice === 'init' ? 6 : 100))
      else this.value('i32')
      if (choice === 'init') this.op('memory.init').u32(segment).raw(0)
      else if (choice === 'copy') this.op('memory.copy').raw(0, 0)
      else this.op('memory.fill').raw(0)
    }
  }

  private tableWork(): void {
    const table = this.random.below(this.plan.tables.length)
    const { element, minimum } = this.plan.tables[table] as Plan['tables'][number]
    const passive = this.plan.elements.flatMap(({ type }, index) => (type === element ? [index] : []))
    const small = () => (this.random.chance(95) ? this.i32(this.random.below(minimum)) : this.value('i32'))
    const choice = this.random.weighted({
      set: 5,
      grow: 3,
      fill: 2,
      copy: 2,
      init: passive.length > 0 ? 3 : 0,
      drop: 1,
    })
    if (choice === 'drop') this.op('elem.drop').u32(this.random.below(this.plan.elements.length))
    else if (choice === 'grow') {
      this.value(element)
      this.i32(this.random.chance(95) ? this.random.below(3) : this.random.bits() | 0)
      this.op('table.grow').u32(table)
      this.op('drop')
    } else if (choice === 'set') {
      small()
      this.value(element)
      this.op('table.set').u32(table)
    } else if (choice === 'fill') {
      small()
      this.value(element)
      this.i32(this.random.below(2))
      this.op('table.fill').u32(table)
    } else {
      small()
      this.i32(this.random.below(2))
      this.i32(this.random.below(2))
      if (choice === 'init') this.op('table.init').u32(this.random.pick(passive)).u32(table)
      else this.op('table.copy').u32(table).u32(table)
    }
  }

  /** Takes values of these types off the stack. */
  private putAway(types: readonly ValueType[]): void {
    for (const type of types.toReversed()) {
      const index = this.random.chance(60) ? this.localToWrite(type) : undefined
      if (index === undefined) this.op('drop')
      else this.op('local.set').u32(index)
    }
  }

  private values(types: readonly ValueType[]): void {
    for (const type of types) this.value(type)
  }

  /** Leaves one value of that type. */
  value(type: ValueType): void {
    this.budget--
    if (this.budget < 0 || this.nesting > 12 || this.random.chance(22)) return this.leaf(type)
    this.nesting++
    const choice = this.random.weighted({
      operation: isReferenceType(type) ? 0 : 55,
      select: 6,
      block: 6,
      condition: 6,
      tee: 5,
      call: 6,
      branchIf: 3,
      reference: 8,
    })
    if (choice === 'operation') this.operation(type)
    else if (choice === 'select') this.select(type)
    else if (choice === 'tee') this.tee(type)
    else if (choice === 'call') this.callValue(type)
    else if (choice === 'branchIf') this.branchIfValue(type)
    else if (choice === 'reference') this.reference(type)
    else this.blockValue(type, choice === 'condition')
    this.nesting--
  }

  private leaf(type: ValueType): void {
    const locals = this.locals.flatMap((one, index) => (one === type ? [index] : []))
    const globals = this.plan.globals.flatMap((one, index) => (one.type === type ? [index] : []))
    if (locals.length > 0 && this.random.chance(60)) this.op('local.get').u32(this.random.pick(locals))
    else if (globals.length > 0 && this.random.chance(40)) this.op('global.get').u32(this.random.pick(globals))
    else this.constant(type)
  }

  private constant(type: ValueType): void {
    const functions = declared(this.plan)
    if (type === 'funcref' && this.random.chance(60)) this.op('ref.func').u32(this.random.pick(functions))
    else if (isReferenceType(type)) this.op('ref.null').type(type)
    else {
      this.op(`${type}.const`)
      constant(this.random, type, this.code)
    }
  }

  /** Not one whose operands the features leave out. */
  private known({ type }: Operation): boolean {
    const { floats, vectors } = this.plan
    const all = [...(type?.parameters ?? []), ...(type?.results ?? [])]
    return (
      (floats || !all.some(one => one.startsWith('f3') || one.startsWith('f6'))) && (vectors || !all.includes('v128'))
    )
  }

  private operation(type: ValueType): void {
    const fitting = (producers.get(type) ?? []).filter(one => this.known(one) && this.allowedFloats(one))
    const operation = this.random.pick(fitting)
    if (touchy.test(operation.name) && this.random.chance(50)) return this.leaf(type)
    if (operation.immediates === 'constant') return this.constant(type)
    const [first, ...rest] = operation.type?.parameters ?? []
    if (operation.immediates.startsWith('memoryArgument')) {
      this.address()
      this.values(rest)
      return this.access(operation)
    }
    if (operation.name === 'memory.grow') this.i32(this.random.below(2))
    else if (first !== undefined) this.values([first, ...rest])
    this.makeHarmless(operation)
    this.emit(operation)
    if (operation.immediates === 'memory') this.code.raw(0)
    if (operation.immediates === 'lane') this.code.raw(this.random.below(Number(/x(\d+)/.exec(operation.name)?.[1])))
    if (operation.immediates === 'lanes') for (let lane = 0; lane < 16; lane++) this.code.raw(this.random.below(32))
  }

  /** Vectors of floats are floats, too. */
  private allowedFloats({ name }: Operation): boolean {
    return this.plan.floats || !/f32|f64/.test(name)
  }

  /** A divisor that is not zero; a float that fits. */
  private makeHarmless({ name, type }: Operation): void {
    if (!touchy.test(name) || this.random.chance(5)) return
    const of = type?.parameters[0] as ValueType
    if (/(div|rem)_/.test(name)) {
      if (this.random.chance(3)) return this.divisionThatFails(of)
      this.op(`${of}.const`).signed(1n)
      this.op(`${of}.or`)
      return
    }
    this.op('drop')
    this.op(`${of}.const`).fixed(of === 'f32' ? 0x42f6_e979n : 0x405e_dd2f_1a9f_be77n, of === 'f32' ? 4 : 8)
  }

  private divisionThatFails(type: ValueType): void {
    this.op('drop')
    this.op('drop')
    this.op(`${type}.const`).signed(type === 'i32' ? -(2n ** 31n) : -(2n ** 63n))
    this.op(`${type}.const`).signed(this.random.pick([-1n, 0n]))
  }

  private select(type: ValueType): void {
    this.values([type, type, 'i32'])
    if (!isReferenceType(type) && this.random.chance(60)) this.op('select')
    else this.op('select_typed').u32(1).type(type)
  }

  private tee(type: ValueType): void {
    const index = this.localToWrite(type)
    this.value(type)
    if (index !== undefined) this.op('local.tee').u32(index)
  }

  private callValue(type: ValueType): void {
    const fits = (one: FunctionType) => one.results.join() === type
    const choice = this.random.chance(70) ? this.directCall(fits) : this.indirectCall(fits)
    if (choice.results.length === 0) this.leaf(type)
  }

  private branchIfValue(type: ValueType): void {
    const depth = this.labels.findIndex(({ types, loop }) => types.join() === type && !loop)
    this.value(type)
    if (depth < 0) return
    this.value('i32')
    this.op('br_if').u32(this.labels.length - 1 - depth)
  }

  private blockValue(type: ValueType, condition: boolean): void {
    const result = { parameters: [], results: [type] }
    if (condition) this.value('i32')
    this.op(condition ? 'if' : this.random.chance(85) ? 'block' : 'loop')
    // A loop's label takes what it begins with: nothing.
    const loop = !condition && this.code.bytes.at(-1) === byName.get('loop')?.code
    this.inner(result, loop ? [] : [type], loop, !condition)
    if (!condition) return
    this.op('else')
    this.labels.push({ types: [type], loop: false })
    if (this.random.chance(40)) this.statement()
    this.value(type)
    this.labels.pop()
    this.op('end')
  }

  /** What has to do with references, where the type allows it. */
  private reference(type: ValueType): void {
    const tables = this.plan.tables.flatMap(({ element }, index) => (element === type ? [index] : []))
    if (isReferenceType(type) && tables.length > 0) {
      const table = this.random.pick(tables)
      this.tableIndex(table)
      this.op('table.get').u32(table)
    } else if (type === 'i32' && this.random.chance(50)) {
      this.value(this.random.chance(70) ? 'funcref' : 'externref')
      this.op('ref.is_null')
    } else if (type === 'i32') this.op('table.size').u32(this.random.below(this.plan.tables.length))
    else this.leaf(type)
  }
}
