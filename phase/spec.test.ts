/** SPEC.md says what the code does: its examples are in the vectors, its tables are the schemas and constants. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TObject, TSchema } from '@sinclair/typebox'
import * as machineLimits from '../machine/limits.ts'
import { code, nanOf, roomOf } from '../machine/meter/opcodes.ts'
import { entryBytes, subscriptionBytes } from '../machine/wasi/charges.ts'
import { fuelPerNs, hostWeights, instructionWeights, lengthWeights } from '../machine/weights.ts'
import { nobleEd25519 } from './ed25519.ts'
import { errorCodes } from './errors.ts'
import { JobReasonSchema, JobStateSchema, jobEventTypes } from './job.ts'
import * as limits from './limits.ts'
import { CompleteManifestSchema, capabilityNames, JobManifestSchema, profiles, ResourcesSchema } from './manifest.ts'
import { NodeInfoSchema, NodeLimitsSchema, nodeInfoPayloadType } from './peer.ts'
import {
  BindingSchema,
  ClaimSchema,
  MeasurementSchema,
  receiptPayloadType,
  receiptPredicateType,
  statementType,
} from './receipt.ts'
import { JobRequestSchema, requestPayloadType } from './request.ts'
import { vectorFiles } from './vectors/generate.ts'
import { everything, executor, receipt } from './vectors/material.ts'
import { verifyReceipt } from './verify.ts'
import { blobAnswerFrames, blobRequestFrames, executorFrames, infoFrames, protocols, submitterFrames } from './wire.ts'

const spec = readFileSync(new URL('SPEC.md', import.meta.url), 'utf8')
const vectors = Object.values(vectorFiles()).join('\n').replaceAll('\\"', '"')
const section = (title: string): string => {
  const found = new RegExp(`^## \\d+\\. ${title}\\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(spec)
  assert.ok(found, `a section "${title}"`)
  return found[1] as string
}
const members = (schema: TSchema): string[] => Object.keys((schema as TObject).properties)
const assertNames = (text: string, names: readonly string[]) => {
  for (const name of names)
    assert.match(text, new RegExp(`[\`.{ ,(]${RegExp.escape(name)}[\`.?:} ,)]`), `SPEC.md lacks "${name}"`)
}

test('every digest, key, did, peer id and canonical text of the page is in the vectors', () => {
  const found = spec.match(/sha256:[0-9a-f]{64}|\b[0-9a-f]{64}\b|did:key:z6Mk\w+|12D3KooW\w+|^\{"args".*$/gm) ?? []
  assert.ok(found.length > 10)
  for (const value of found) assert.ok(vectors.includes(value), `not in the vectors: ${value}`)
})

test('the table of limits is limits.ts, no more and no less', () => {
  assert.deepEqual(table(section('Limits')), { ...limits })
})

test('the bounds of the profile are those of the machine, no more and no less', () => {
  const rows = section('Profiles')
    .split('\n')
    .filter(line => line.startsWith('| '))
  const found: Record<string, number> = {}
  for (let at = 0; at < rows.length; at += 2) {
    const [names, values] = [cells(rows[at] as string), cells(rows[at + 1] as string)]
    for (const [index, name] of names.entries()) found[name.replaceAll('`', '')] = Number(values[index])
  }
  assert.deepEqual(found, { ...machineLimits })
})

test('the table of weights is weights.ts, no more and no less', () => {
  const hex = (code: number, prefix: number) =>
    prefix === 0 ? `0x${code.toString(16).padStart(2, '0')}` : `0x${prefix.toString(16)} ${code}`
  const rows = instructionWeights.map(({ prefix, first, last, weight, instructions }) => {
    const to = first === last ? '' : ` to ${prefix === 0 ? hex(last, 0) : last}`
    return [hex(first, prefix) + to, instructions, String(weight)]
  })
  const found = section('Metering').split('\n')
  assert.deepEqual(found.filter(line => line.startsWith('| 0x')).map(cells), rows)
  for (const [name, weight] of Object.entries({ ...lengthWeights, ...hostWeights }))
    assert.ok(section('Metering').includes(`\`${name}\` = ${weight}`), `\`${name}\` = ${weight}`)
})

test('the numbers between the tables are those of the code', () => {
  const { memoryPageBytes, moduleBytesMax, jsonDepthMax, attemptsMax, replicasMax } = limits
  const { frameBytesBase, slotBytes, ioVectorsMax, scratchBytesMax, tableEntriesMax } = machineLimits
  const said: [section: string, text: string][] = [
    ['Spelling', `nested at most ${jsonDepthMax} deep`],
    ['Module', `at most ${moduleBytesMax / 1024 / 1024} MiB`],
    ['Manifest', `at most ${limits.argsAndEnvEntriesMax}; see below`],
    ['Manifest', `together have at most ${limits.argsAndEnvBytesMax} bytes`],
    ['Manifest', `up to ${limits.stdinInlineBytesMax} bytes`],
    ['Manifest', `| 1 | 1 to ${limits.cpuMax}, at most the node's |`],
    [
      'Manifest',
      `| ${limits.memoryBytesDefault} | a multiple of ${memoryPageBytes} up to ${limits.memoryBytesMax}, at most the node's |`,
    ],
    ['Manifest', `| ${limits.fuelDefault} | 0 to ${limits.fuelMax} |`],
    ['Manifest', `| ${limits.outputBytesDefault} | up to ${limits.outputBytesMax}, at most the node's |`],
    ['Manifest', `| ${limits.timeoutMsDefault} | 1 to ${limits.timeoutMsMax} |`],
    ['Manifest', `| ${limits.queueMsDefault} | 0 to ${limits.queueMsMax} |`],
    ['Manifest', `| 1, 1 | 1 to ${replicasMax}; beyond 1 \`unsupported\``],
    ['Profiles', `A table grows up to ${tableEntriesMax} entries`],
    ['Job', `where attempt ${attemptsMax} was lost`],
    ['Job', `At most ${attemptsMax} attempts`],
    ['Envelope', `\`signatures\` (1 to ${limits.signaturesMax})`],
    ['Envelope', `twice the payload's limit and ${limits.envelopeBytesExtra} bytes more`],
    ['Request', `at most ${limits.requestPayloadBytesMax} bytes`],
    ['Receipt', `at most ${limits.receiptPayloadBytesMax} bytes`],
    ['Verification', `payload at most ${limits.receiptPayloadBytesMax} bytes`],
    ['Node info', `at most ${limits.nodeInfoPayloadBytesMax} bytes`],
    [
      'Wire',
      `\`type\`, at most ${limits.frameHeaderBytesMax} bytes; the body is raw bytes, at most ${limits.frameBodyBytesMax}`,
    ],
    ['Wire', `at most ${limits.creditBytes} raw bytes are under way`],
    ['Wire', `stdin where it is at most ${limits.stdinInlineBytesMax} bytes`],
    ['Wire', `every ${limits.heartbeatMs} ms`],
    ['Metering', `the budget (0 to ${limits.fuelMax})`],
    ['Metering', `none if there are more than ${ioVectorsMax}, or`],
    ['Metering', `they are to write, at most ${scratchBytesMax};`],
    ['Metering', `lies beyond the file's, at most ${scratchBytesMax} |`],
    ['Metering', `| the length given, and ${entryBytes} for each entry of the directory`],
    ['Metering', `| ${subscriptionBytes} for each subscription |`],
    ['Metering', `\`frame(f) = ${frameBytesBase} + ${slotBytes} x (2 x parameters + 2 x results + locals + height)\``],
    ['Metering', `\`fuelPerNs\` = ${fuelPerNs} and rounded down`],
  ]
  for (const [title, text] of said) assert.ok(section(title).includes(text), `${title}: ${text}`)
})

test('the room of a body is that of the page', () => {
  const said =
    /the bytes of its instructions; (\d+) more for each ([^;]+); (\d+) more for each ([^;]+); (\d+) more for/.exec(
      section('Profiles').replaceAll('\n', ' '),
    )
  assert.ok(said)
  const [, forLocals, locals, forMarks, marks, forFloats] = said as unknown as string[]
  const expected = new Uint8Array(roomOf.length)
  for (const [room, names] of [
    [forLocals, locals],
    [forMarks, marks],
  ] as [string, string][]) {
    for (const name of names.match(/(?<=`)[a-z_.]+(?=`)/g) ?? []) expected[opcodeOf(name)] = Number(room)
  }
  assert.ok(marks?.endsWith('each call of any kind, and each instruction 0xfc 8 to 17'))
  expected.fill(Number(forMarks), code.call, code.returnCallIndirect + 1)
  expected.fill(Number(forMarks), code.memoryInit, code.tableFill + 1)
  for (const [opcode, kind] of nanOf.entries()) if (kind !== 0) expected[opcode] = Number(forFloats)
  assert.deepEqual(roomOf, expected)
})

test('the page names every member, state, reason, event and code', () => {
  assertNames(section('Manifest'), [...members(JobManifestSchema), ...members(ResourcesSchema), ...capabilityNames])
  assertNames(section('Manifest'), members(CompleteManifestSchema))
  assertNames(section('Job'), [
    ...(JobStateSchema.enum as string[]),
    ...(JobReasonSchema.enum as string[]),
    ...jobEventTypes,
  ])
  assertNames(section('Request'), [...members(JobRequestSchema), requestPayloadType])
  assertNames(section('Receipt'), [...members(ClaimSchema), ...members(MeasurementSchema), ...members(BindingSchema)])
  assertNames(section('Receipt'), [receiptPayloadType, receiptPredicateType, statementType])
  assertNames(section('Node info'), [...members(NodeInfoSchema), ...members(NodeLimitsSchema)])
  assert.ok(section('Node info').includes(nodeInfoPayloadType))
  assertNames(section('Profiles'), profiles)
  assert.deepEqual((section('Error codes').match(/`\w+`/g) ?? []).map(code => code.slice(1, -1)).slice(0, -1), [
    ...errorCodes,
  ])
})

test('the page has every protocol, frame and member of a frame', () => {
  const wire = section('Wire')
  for (const protocol of Object.values(protocols)) assert.ok(wire.includes(protocol), protocol)
  for (const frames of [infoFrames, blobRequestFrames, blobAnswerFrames, submitterFrames, executorFrames]) {
    for (const [type, schema] of Object.entries(frames)) assertNames(wire, [type, ...members(schema)])
  }
})

test('the checks of verification come in the order of the page', () => {
  const order = section('Verification')
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .flatMap(line => (cells(line)[0] as string).match(/\w+/g) ?? [])
  const { checks } = verifyReceipt(receipt.envelope, everything, nobleEd25519)
  assert.deepEqual(
    checks.map(({ name }) => name),
    order,
  )
  assert.equal(everything.executor, executor.did)
})

function table(text: string): Record<string, number> {
  const rows = text
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(cells)
  return Object.fromEntries(
    rows.flatMap(([names, values]) => {
      const numbers = (values as string).split(', ').map(Number)
      return (names as string)
        .replaceAll('`', '')
        .split(', ')
        .map((name, index): [string, number] => [name, numbers[index] as number])
    }),
  )
}

/** `br_if` is `brIf` in the meter's names. */
function opcodeOf(name: string): number {
  const opcode = code[name.replace(/[_.]([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof typeof code]
  assert.notEqual(opcode, undefined, name)
  return opcode
}

function cells(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim())
}
