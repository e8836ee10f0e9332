/** What a generated module has, before its bodies are written: types, imports, functions, tables, globals, segments. */
import type { Operation } from '../../interpreter/operations.ts'
import type { FunctionType, ValueType } from '../../interpreter/values.ts'
import type { Random } from './random.ts'

export interface Features {
  floats: boolean
  vectors: boolean
  /** Nothing that an engine without a machine around it does otherwise: no clock, no growth beyond maxima of its own. */
  plain?: boolean
}

export interface Plan extends Features {
  types: FunctionType[]
  /** By function index, imports first. */
  functions: { type: number; host?: HostName }[]
  globals: { type: ValueType; mutable: boolean }[]
  tables: { element: 'funcref' | 'externref'; minimum: number; maximum: number | undefined }[]
  memory: { minimum: number; maximum: number | undefined }
  /** Sizes of the passive data segments; one active segment comes before them. */
  data: number[]
  elements: { type: 'funcref' | 'externref'; mode: 'active' | 'passive' | 'declarative'; items: number[] }[]
  start: number | undefined
}

export type HostName = 'fd_write' | 'clock_time_get' | 'random_get' | 'sched_yield' | 'proc_exit' | 'args_sizes_get'

const hostTypes: Record<HostName, FunctionType> = {
  fd_write: { parameters: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] },
  clock_time_get: { parameters: ['i32', 'i64', 'i32'], results: ['i32'] },
  random_get: { parameters: ['i32', 'i32'], results: ['i32'] },
  sched_yield: { parameters: [], results: ['i32'] },
  proc_exit: { parameters: ['i32'], results: [] },
  args_sizes_get: { parameters: ['i32', 'i32'], results: ['i32'] },
}

/** How much of its memory a module writes out at the end. */
export const outputBytes = 4096

export const imported = (plan: Plan): number => plan.functions.filter(({ host }) => host !== undefined).length

export function makePlan(random: Random, features: Features): Plan {
  const plan: Plan = {
    ...features,
    types: [],
    functions: [],
    globals: [],
    tables: [],
    memory: {
      minimum: random.between(1, 2),
      maximum: features.plain || random.chance(60) ? random.between(2, 4) : undefined,
    },
    data: Array.from({ length: random.below(3) }, () => random.below(40)),
    elements: [],
    start: undefined,
  }
  addFunctions(random, plan)
  const globals = random.between(2, 6)
  for (let left = globals; left > 0; left--)
    plan.globals.push({ type: anyType(random, plan), mutable: random.chance(80) })
  addTables(random, plan)
  return plan
}

/** Numbers most often; references and vectors where there are such. */
export function anyType(random: Random, { floats, vectors }: Features): ValueType {
  return random.weighted<ValueType>({
    i32: 40,
    i64: 20,
    f32: floats ? 15 : 0,
    f64: floats ? 15 : 0,
    v128: vectors ? 12 : 0,
    funcref: 4,
    externref: 2,
  })
}

const several = (random: Random, most: number, make: () => ValueType) =>
  Array.from({ length: random.below(most + 1) }, make)

function addFunctions(random: Random, plan: Plan): void {
  const typeOf = (type: FunctionType) => plan.types.push(type) - 1
  for (const host of Object.keys(hostTypes) as HostName[]) {
    if (host === 'clock_time_get' && plan.plain) continue
    if (host === 'fd_write' || random.chance(70)) plan.functions.push({ type: typeOf(hostTypes[host]), host })
  }
  const nothing = typeOf({ parameters: [], results: [] })
  const own: number[] = [nothing]
  for (let left = random.between(2, 5); left > 0; left--) {
    const make = () => anyType(random, plan)
    own.push(typeOf({ parameters: several(random, 4, make), results: several(random, 3, make) }))
  }
  // Now and then a structure under a second number: indirect calls go by structure.
  if (random.chance(30)) own.push(typeOf({ ...(plan.types[random.pick(own)] as FunctionType) }))
  plan.functions.push({ type: nothing })
  for (let left = random.between(2, 8); left > 0; left--) plan.functions.push({ type: random.pick(own) })
  const last = plan.functions.length
  // The engine alone runs it before there is a memory to give to the host.
  if (plan.plain) return
  if (random.chance(15)) plan.start = plan.functions.push({ type: nothing }) - 1
  else if (random.chance(5)) plan.start = random.between(imported(plan), last - 1)
  const start = plan.start === undefined ? undefined : plan.functions[plan.start]
  if (start !== undefined && start.type !== nothing) plan.start = undefined
}

function addTables(random: Random, plan: Plan): void {
  const table = (element: 'funcref' | 'externref') => {
    const minimum = random.between(3, 9)
    plan.tables.push({
      element,
      minimum,
      maximum: plan.plain || random.chance(60) ? minimum + random.below(6) : undefined,
    })
  }
  table('funcref')
  if (random.chance(30)) table('funcref')
  if (random.chance(30)) table('externref')
  const functions = plan.functions.length
  // Rather those that come late: they call fewer others, so that most runs end by themselves.
  const item = () =>
    random.chance(70) ? random.between(Math.floor(functions / 2), functions - 1) : random.below(functions)
  const items = (most: number) => Array.from({ length: random.between(1, most) }, item)
  plan.elements.push({ type: 'funcref', mode: 'active', items: items(plan.tables[0]?.minimum ?? 1) })
  for (let left = random.below(3); left > 0; left--)
    plan.elements.push({ type: 'funcref', mode: 'passive', items: items(4) })
  plan.elements.push({ type: 'funcref', mode: 'declarative', items: items(4) })
}

/** Functions that `ref.func` may name. */
export const declared = (plan: Plan): number[] => [...new Set(plan.elements.flatMap(({ items }) => items))]

/** Not an instruction whose operands the features leave out. */
export function knows({ floats, vectors }: Features, { type }: Operation): boolean {
  const all = [...(type?.parameters ?? []), ...(type?.results ?? [])]
  return (
    (floats || !all.some(one => one.startsWith('f3') || one.startsWith('f6'))) && (vectors || !all.includes('v128'))
  )
}
