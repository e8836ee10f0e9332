/** Hostile guests in text form: the host functions that they name, two pages of memory, and what `_start` does. */
import { compileText } from '../../fixtures/compile.ts'
import { type WasiName, wasiParameters } from '../../wasi/signatures.ts'
import type { Ending, Hostile } from './corpus.ts'

const typeOf = (name: WasiName): string => {
  const parameters = wasiParameters[name].split('').map(letter => (letter === 'i' ? 'i32' : 'i64'))
  const result = name === 'proc_exit' ? '' : '(result i32)'
  return `(param ${parameters.join(' ')}) ${result}`
}

const importOf = (name: WasiName): string =>
  `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${typeOf(name)}))`

/** A whole module of what stands in it. */
export const written = (text: string, ends: Ending, more: Partial<Hostile> = {}): Hostile => ({
  ends,
  make: () => compileText(`(module ${text})`),
  ...more,
})

export interface Text {
  calls?: readonly WasiName[]
  /** Pages of memory. */
  pages?: string
  /** Other fields of the module. */
  fields?: string
}

/** A command with a memory; locals $i, $j (i32) and $l (i64) are there for it. */
export const guest = (start: string, ends: Ending, text: Text = {}, more: Partial<Hostile> = {}): Hostile => {
  const { calls = [], pages = '2', fields = '' } = text
  const module = `${calls.map(importOf).join('\n')} (memory (export "memory") ${pages}) ${fields}
    (func (export "_start") (local $i i32) (local $j i32) (local $l i64) ${start})`
  return written(module, ends, more)
}

/** Does the same for ever. */
export const endless = (again: string, text: Text = {}, more: Partial<Hostile> = {}): Hostile =>
  guest(`(loop $again ${again} (br $again))`, 'fuelExhausted', text, { endless: true, ...more })

/** Ends with what an expression of type i32 gives as exit code: for a host call, its error number. */
export const exits = (expression: string, code: number, text: Text = {}, more: Partial<Hostile> = {}): Hostile =>
  guest(
    `(call $proc_exit ${expression})`,
    `exited ${code}`,
    { ...text, calls: ['proc_exit', ...(text.calls ?? [])] },
    more,
  )
