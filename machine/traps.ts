/** Engines name traps each in their own words; these are ours. What an engine says is a diagnostic, never part of a claim. */
const names: [RegExp, string][] = [
  [/^unreachable/i, 'unreachable'],
  [/divide result unrepresentable|integer overflow/i, 'integerOverflow'],
  [/divi(de|sion) by zero|remainder by zero/i, 'divideByZero'],
  [/float unrepresentable|invalid conversion|out of bounds Trunc/i, 'invalidConversion'],
  [/memory access out of bounds|out of bounds memory access|memory index|data segment/i, 'memoryOutOfBounds'],
  [/table index|table access|element segment|out of bounds (table|call_indirect)/i, 'tableOutOfBounds'],
  [/null function|signature mismatch|signature that does not match|indirect call/i, 'indirectCallMismatch'],
]

/** unreachable, integerOverflow, divideByZero, invalidConversion, memoryOutOfBounds, tableOutOfBounds, indirectCallMismatch, other; host calls trap as memoryOutOfBounds or misalignedPointer. */
export const trapOf = (error: Error): string => names.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'other'
