/** The shape of the scenarios (README.md), and how they are read. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Fault {
  /** `METHOD /path`, `{}` for a part of the path, `*` for every method. */
  on: string
  times?: number
  after?: number
  delayMs?: number
  answer?: { status: number; headers?: Record<string, string>; body?: unknown; problem?: Record<string, unknown> }
  lose?: 'request' | 'answer'
  cut?: { bytes?: number; events?: number }
  silent?: true
  swap?: string
  set?: Record<string, unknown>
  sign?: true
  replace?: [string, string]
}

export interface Call {
  call: string
  as?: string
  expect?: { ok?: unknown; error?: unknown }
  [member: string]: unknown
}

export interface RequestsExpected {
  on: string
  count?: number
  min?: number
  max?: number
  apartMs?: number
  same?: string
}

export interface Scenario {
  name: string
  client?: { timeout?: number; token?: string }
  node?: { flags: string[] }
  faults?: Fault[]
  calls: Call[]
  expect?: { jobs?: number; requests?: RequestsExpected[] }
}

const directory = join(import.meta.dirname, '..')

/** Every scenario, by file. */
export function scenarioFiles(): { file: string; scenarios: Scenario[] }[] {
  const files = readdirSync(directory).filter(name => name.endsWith('.json'))
  return files.sort().map(file => ({
    file,
    scenarios: (JSON.parse(readFileSync(join(directory, file), 'utf8')) as { scenarios: Scenario[] }).scenarios,
  }))
}

/** `value` with `$did`, `$peerId`, `$other` and `$digest:FILE` filled in, wherever in a text they stand. */
export function fill<T>(value: T, names: Record<string, string>, filesDirectory: string): T {
  const text = (one: string) =>
    one
      .replace(/\$digest:([\w.-]+)/g, (_, file: string) => {
        const bytes = readFileSync(join(filesDirectory, file))
        return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      })
      .replace(/\$(\w+)/g, (whole, name: string) => names[name] ?? whole)
  const inside = (one: unknown): unknown => {
    if (typeof one === 'string') return text(one)
    if (Array.isArray(one)) return one.map(inside)
    if (typeof one !== 'object' || one === null) return one
    return Object.fromEntries(Object.entries(one).map(([name, member]) => [name, inside(member)]))
  }
  return inside(value) as T
}

/** What of `found` is not as `wanted` says; `undefined` where all is. */
export function difference(wanted: unknown, found: unknown, at = ''): string | undefined {
  const differs = () =>
    `${at === '' ? 'it' : at} is ${JSON.stringify(found)?.slice(0, 300)}, not ${JSON.stringify(wanted)}`
  if (typeof wanted === 'string' && /^\/.+\/$/s.test(wanted)) {
    return typeof found === 'string' && new RegExp(wanted.slice(1, -1), 's').test(found) ? undefined : differs()
  }
  if (Array.isArray(wanted)) return JSON.stringify(wanted) === JSON.stringify(found) ? undefined : differs()
  if (typeof wanted !== 'object' || wanted === null) return wanted === found ? undefined : differs()
  if ('oneOf' in wanted && Array.isArray(wanted.oneOf)) {
    return wanted.oneOf.some(one => difference(one, found) === undefined) ? undefined : differs()
  }
  if (typeof found !== 'object' || found === null) return differs()
  for (const [name, value] of Object.entries(wanted)) {
    const inner: unknown = (found as Record<string, unknown>)[name.replace(/^!/, '')]
    const wrong = name.startsWith('!')
      ? inner === undefined
        ? undefined
        : `${at}/${name.slice(1)} is there: ${JSON.stringify(inner)}`
      : difference(value, inner, `${at}/${name}`)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
