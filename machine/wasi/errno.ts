/** WASI preview 1 error numbers, as far as the machine gives them, and the ways out of a host call. */
import type { Outcome } from '../../phase/receipt.ts'

export const errno = {
  success: 0,
  badDescriptor: 8,
  busy: 10,
  exists: 20,
  fileTooLarge: 22,
  illegalBytes: 25,
  invalid: 28,
  isDirectory: 31,
  loop: 32,
  tooManyOpen: 33,
  nameTooLong: 37,
  noEntry: 44,
  noSpace: 51,
  notDirectory: 54,
  notEmpty: 55,
  notSocket: 57,
  notSupported: 58,
  notPermitted: 63,
  noSeek: 70,
  notCapable: 76,
} as const

/** Ends one host call: the guest gets `errno`. */
export class Failure extends Error {
  readonly errno: number

  constructor(number: number) {
    super(`WASI error ${number}`)
    this.errno = number
  }
}

export const fail = (number: number): never => {
  throw new Failure(number)
}

/** Ends the run as a trap does: a pointer that the call would have to follow leads nowhere. `trap` is one of the names in traps.ts, or `misalignedPointer`. */
export class HostTrap extends Error {
  readonly trap: 'memoryOutOfBounds' | 'misalignedPointer'

  constructor(trap: HostTrap['trap']) {
    super(`a host call trapped: ${trap}`)
    this.trap = trap
  }
}

/** Ends the run. The guest cannot catch it: modules with exception handlers are not admitted. */
export class RunEnd extends Error {
  readonly outcome: Outcome

  constructor(outcome: Outcome) {
    super(`the run ended: ${outcome.reason}`)
    this.outcome = outcome
  }
}

/** The host could not give what the limits allow: no claim follows from such a run. */
export class HostFault extends Error {}
