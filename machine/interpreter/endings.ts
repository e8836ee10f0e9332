/** How execution ends other than by returning. */

export type TrapName =
  | 'unreachable'
  | 'integerOverflow'
  | 'divideByZero'
  | 'invalidConversion'
  | 'memoryOutOfBounds'
  | 'tableOutOfBounds'
  | 'indirectCallMismatch'

export class Trap extends Error {
  readonly trap: TrapName

  constructor(trap: TrapName) {
    super(`trap: ${trap}`)
    this.trap = trap
  }
}

/** A bound of the run is used up. */
export class Exhausted extends Error {
  readonly what: 'fuel' | 'depth'

  constructor(what: 'fuel' | 'depth') {
    super(`exhausted: ${what}`)
    this.what = what
  }
}
