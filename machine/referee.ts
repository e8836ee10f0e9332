/**
 * Who is right, where two claim otherwise of one job: both run again, an instruction at a time, and the first thing that one does and the
 * other does not is shown. Whoever disagrees needs only compare digests of states, and then look at one instruction.
 */
import { Interpreter, type InterpreterOptions, type InterpreterState } from './interpreter.ts'

/** An admitted module and what it is given. */
export interface RefereedRun extends Omit<InterpreterOptions, 'observe'> {
  module: Uint8Array
}

export interface Parting {
  /** How many instructions had begun in each when the states differed: one fewer, and they are the same. 0: they differ from the start. */
  instructions: number
  /** Members of the state that differ: `memory`, `operands`, `frames`. */
  parts: string[]
  /** Of each run: the instruction that made the difference; none where it had ended, or not begun. */
  steps: [Step | undefined, Step | undefined]
  states: [InterpreterState, InterpreterState]
}

export interface Step {
  /** As in the text format: `i32.add`. */
  name: string
  /** Where it stands in the module, in bytes. */
  at: number
}

/**
 * Where two runs part, found by halves; `undefined` where they end in the same state. Runs that part and meet again have several such
 * places: it is one of them, and before it they agree. It takes as many runs as halves differ, up to the binary logarithm of the length.
 */
export function partingOf(one: RefereedRun, other: RefereedRun): Parting | undefined {
  const pair = [new Replayed(one), new Replayed(other)] as const
  const statesAt = (instructions: number) => {
    const [first, second] = pair.map(run => run.stateAt(instructions))
    return [first, second] as [InterpreterState, InterpreterState]
  }
  let differs = Math.max(...pair.map(run => run.length))
  let differing = statesAt(differs)
  if (isSame(differing)) return undefined
  let same = -1
  while (differs - same > 1) {
    const middle = Math.floor((same + differs) / 2)
    const states = statesAt(middle)
    if (isSame(states)) {
      same = middle
    } else {
      differs = middle
      differing = states
    }
  }
  const steps = pair.map(run => run.stepAt(differs)) as Parting['steps']
  return { instructions: differs, parts: partsOf(differing), steps, states: differing }
}

const isSame = ([one, other]: [InterpreterState, InterpreterState]): boolean => one.state === other.state

const partsOf = ([one, other]: [InterpreterState, InterpreterState]): string[] =>
  (Object.keys(one) as (keyof InterpreterState)[]).filter(
    part => part !== 'state' && JSON.stringify(one[part]) !== JSON.stringify(other[part]),
  )

/** A run that is begun again where it has to go back. */
class Replayed {
  readonly length: number
  private readonly run: RefereedRun
  private current: Interpreter

  constructor(run: RefereedRun) {
    this.run = run
    this.current = this.begun()
    this.current.run()
    this.length = this.current.instructions
  }

  stateAt(instructions: number): InterpreterState {
    const ended = this.current.state().ended
    if (this.current.instructions > instructions || (ended && instructions < this.length)) this.current = this.begun()
    this.current.run(instructions)
    // What ends behind the last instruction ends with it.
    if (instructions >= this.length) this.current.run()
    return this.current.state()
  }

  /** The last one of so many. */
  stepAt(instructions: number): Step | undefined {
    if (instructions === 0 || instructions > this.length) return undefined
    let step: Step | undefined
    this.begun(({ operation: { name }, at }) => {
      step = { name, at }
    }).run(instructions)
    return step
  }

  private begun(observe?: InterpreterOptions['observe']): Interpreter {
    const { module, ...options } = this.run
    return new Interpreter(module, observe === undefined ? options : { ...options, observe })
  }
}
