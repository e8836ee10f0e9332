/** The words of V8 (Node 26) and of JavaScriptCore (Bun 1.4) for the same traps. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trapOf } from './traps.ts'

const words: Record<string, readonly string[]> = {
  unreachable: ['unreachable', 'Unreachable code should not be executed (evaluating "f()")'],
  divideByZero: ['divide by zero', 'remainder by zero', 'Division by zero (evaluating "f()")'],
  integerOverflow: ['divide result unrepresentable', 'Integer overflow (evaluating "f()")'],
  invalidConversion: ['float unrepresentable in integer range', 'Out of bounds Trunc operation (evaluating "f()")'],
  memoryOutOfBounds: [
    'memory access out of bounds',
    'data segment 0 is out of bounds (offset 4294967295 + size 1 > memory_size 65536 bytes)',
    'Out of bounds memory access (evaluating "f()")',
  ],
  tableOutOfBounds: ['table index is out of bounds', 'Out of bounds call_indirect (evaluating "f()")'],
  indirectCallMismatch: [
    'null function or function signature mismatch',
    'call_indirect to a signature that does not match (evaluating "f()")',
  ],
  other: ['something new'],
}

test('a trap has one name, whichever engine says it', () => {
  for (const [name, messages] of Object.entries(words))
    for (const message of messages) assert.equal(trapOf(new WebAssembly.RuntimeError(message)), name, message)
})
