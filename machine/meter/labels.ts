/** What is owed at the labels of a body. Those that one br_table names are taken as one: it can pay nothing on the way to a single one of them. */
import { type Body, branchTargets } from './body.ts'
import { code } from './opcodes.ts'

/** Nobody has come there yet. */
const open = -1

/** Made again for each body; the arrays are used again. */
export class Labels {
  private owed = new Float64Array(256)
  /** Of each label one that it is taken together with, itself in the end. Only where there is a br_table. */
  private groups = new Int32Array(256)
  private count = 0
  private grouped = false
  private readonly opened: number[] = []

  make(body: Body): void {
    const { opcodes } = body.marks
    this.count = 0
    this.grouped = false
    for (let mark = body.first; mark < body.last; mark++) {
      if (opcodes[mark] !== code.brTable) continue
      this.group(body)
      this.grouped = true
      this.count = 0
      return
    }
  }

  /** The next label: first the function's, then that of each block, loop and if that is reached, in their order. */
  next(): number {
    if (this.grouped) return this.find(this.count++)
    return this.add()
  }

  /** What is owed there, or less than nothing if nobody has come there yet. */
  at(label: number): number {
    return this.owed[label] as number
  }

  set(label: number, owed: number): void {
    this.owed[label] = owed
  }

  private add(): number {
    const label = this.count++
    if (label === this.owed.length) this.grow()
    this.owed[label] = open
    this.groups[label] = label
    return label
  }

  private group(body: Body): void {
    const { opened } = this
    const { opcodes } = body.marks
    opened.length = 0
    opened.push(this.add())
    for (let mark = body.first; mark < body.last; mark++) {
      const opcode = opcodes[mark] as number
      if (opcode >= code.block && opcode <= code.if) opened.push(this.add())
      else if (opcode === code.end) opened.pop()
      else if (opcode === code.brTable) this.unite(body, mark)
    }
  }

  private unite(body: Body, mark: number): void {
    const { opened, groups } = this
    const next = branchTargets(body, mark)
    const left = next()
    const first = this.find(opened[opened.length - 1 - next()] as number)
    for (let more = left; more > 0; more--) groups[this.find(opened[opened.length - 1 - next()] as number)] = first
  }

  private find(label: number): number {
    const { groups } = this
    let at = label
    while (groups[at] !== at) {
      groups[at] = groups[groups[at] as number] as number
      at = groups[at] as number
    }
    return at
  }

  private grow(): void {
    const owed = new Float64Array(2 * this.owed.length)
    owed.set(this.owed)
    this.owed = owed
    const groups = new Int32Array(owed.length)
    groups.set(this.groups)
    this.groups = groups
  }
}
