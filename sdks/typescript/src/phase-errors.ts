import { isPhaseError } from '../../../phase/errors.ts'
import { ArgumentError, type PlasmError } from './errors.ts'

/** What the protocol's own code throws, as an error of this library. */
export function inOurWords<T>(work: () => T, As: new (detail: string) => PlasmError = ArgumentError): T {
  try {
    return work()
  } catch (error) {
    if (isPhaseError(error)) throw new As(error.message)
    throw error
  }
}
