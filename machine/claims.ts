/** Where two claims of one task differ. Apart from the machine: who compares need not run anything. */
import type { JsonValue } from '../phase/json.ts'
import type { Claim } from '../phase/receipt.ts'

/** A member that two claims have otherwise; `undefined` where one of them has none. */
export interface ClaimDifference {
  /** Its path: `stdout.digest`. */
  member: string
  claimed: JsonValue | undefined
  found: JsonValue | undefined
}

/** Every member in which the claim of a receipt is not what a replay found; none where they are the same claim. */
export function compareClaims(claimed: Claim, found: Claim): ClaimDifference[] {
  return differences('', claimed, found)
}

function differences(member: string, claimed: JsonValue | undefined, found: JsonValue | undefined): ClaimDifference[] {
  if (!isMembers(claimed) || !isMembers(found)) {
    return JSON.stringify(claimed) === JSON.stringify(found) ? [] : [{ member, claimed, found }]
  }
  const names = [...new Set([...Object.keys(claimed), ...Object.keys(found)])]
  const own = (of: Record<string, JsonValue>, name: string) => (Object.hasOwn(of, name) ? of[name] : undefined)
  return names.flatMap(name =>
    differences(member === '' ? name : `${member}.${name}`, own(claimed, name), own(found, name)),
  )
}

const isMembers = (value: JsonValue | undefined): value is Record<string, JsonValue> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
