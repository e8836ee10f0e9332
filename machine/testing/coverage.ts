/** What generated modules did, all together: instructions that were executed, kinds of calls, ways to end. */

import type { Instruction } from '../interpreter/code.ts'
import { operations } from '../interpreter/operations.ts'
import type { Interpreted } from '../interpreter.ts'

const calls = new Set(['call', 'call_indirect', 'return_call', 'return_call_indirect'])

export class Coverage {
  readonly opcodes = new Map<string, number>()
  readonly calls = new Map<string, number>()
  readonly endings = new Map<string, number>()
  readonly traps = new Map<string, number>()
  modules = 0
  instructions = 0

  /** `imported`: functions of the host, which have the lowest numbers. */
  observer(imported: number): (instruction: Instruction) => void {
    this.modules++
    return ({ operation: { name, immediates }, index }) => {
      this.instructions++
      count(this.opcodes, name)
      if (calls.has(name))
        count(this.calls, immediates === 'function' && index < imported ? `${name} of the host` : name)
    }
  }

  ended(result: Interpreted): void {
    if (result.kind === 'faulted') return count(this.endings, result.reason)
    count(this.endings, result.stopped ?? result.outcome.reason)
    if (result.trap !== undefined) count(this.traps, result.trap)
  }

  /** Instructions that none of them executed. */
  get missing(): string[] {
    return [...operations.values()].map(({ name }) => name).filter(name => !this.opcodes.has(name))
  }

  lines(): string[] {
    const listed = (counts: Map<string, number>) =>
      [...counts]
        .sort(([, a], [, b]) => b - a)
        .map(([name, times]) => `${name} ${times}`)
        .join(', ')
    const { missing } = this
    return [
      `${this.modules} modules, ${this.instructions} instructions`,
      `opcodes: ${this.opcodes.size} of ${operations.size}${missing.length > 0 ? `, not: ${missing.join(' ')}` : ''}`,
      `calls: ${listed(this.calls)}`,
      `endings: ${listed(this.endings)}`,
      `traps: ${listed(this.traps)}`,
    ]
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
