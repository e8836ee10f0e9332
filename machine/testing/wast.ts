/**
 * Test scripts of the official core suite (https://github.com/WebAssembly/spec/tree/main/interpreter#scripts), as directives. Modules are
 * compiled by wabt; so are constants, as globals of a module, whose bits are then read by whoever asks for them.
 */
import { compileText } from '../fixtures/compile.ts'
import { Reader } from '../interpreter/reader.ts'

/** `f32` and `f64` as bits, `v128` as 16 bytes; a reference is null, or a number that stands for something of the host. */
export interface Constant {
  type: string
  value: number | bigint | Uint8Array | null
}

/** What a result must be. `lanes` of a vector with NaNs: their shape, and which may be any canonical or arithmetic NaN. */
export interface Expected {
  constant: Constant
  nan?: { bits: 32 | 64; lanes: ('canonical' | 'arithmetic' | undefined)[] }
  /** Some reference that is not null. */
  anyReference?: boolean
}

export type Action =
  | { kind: 'invoke'; module: string | undefined; name: string; args: Constant[] }
  | { kind: 'get'; module: string | undefined; name: string }

export interface ModuleText {
  id: string | undefined
  /** Not there where its text is not WebAssembly's: a test of text parsers. */
  bytes: Uint8Array<ArrayBuffer> | undefined
}

export type Directive = { line: number } & (
  | { kind: 'module'; module: ModuleText }
  | { kind: 'register'; name: string; module: string | undefined }
  | { kind: 'action'; action: Action }
  | { kind: 'return'; action: Action; expected: Expected[] }
  | { kind: 'trap' | 'exhaustion'; action: Action; message: string }
  | { kind: 'moduleTrap' | 'malformed' | 'invalid' | 'unlinkable'; module: ModuleText; message: string }
)

type Form = string | Form[]
interface Located {
  form: Form[]
  text: string
  line: number
}

/** @throws where wabt does not know the syntax of a module that is meant to be valid. */
export async function readScript(text: string): Promise<Directive[]> {
  const located = topLevel(text)
  const inline = located.some(({ form }) => ['func', 'memory', 'table', 'global', 'type'].includes(form[0] as string))
  if (inline) return [{ kind: 'module', line: 1, module: { id: undefined, bytes: await compileText(text) } }]
  const constants = new Constants()
  const directives: (Directive | undefined)[] = []
  for (const one of located) directives.push(await readDirective(one, constants))
  await constants.resolve()
  return directives.filter(directive => directive !== undefined)
}

async function readDirective({ form, text, line }: Located, constants: Constants): Promise<Directive | undefined> {
  const [head, second] = form
  const inner = () => text.slice(text.indexOf('(', 1))
  const message = () => stringOf(form.at(-1) as string)
  switch (head) {
    case 'module':
      return { kind: 'module', line, module: await readModule(form, text, true) }
    case 'register':
      return { kind: 'register', line, name: stringOf(second as string), module: form[2] as string | undefined }
    case 'invoke':
    case 'get':
      return { kind: 'action', line, action: readAction(form, constants) }
    case 'assert_return':
      return {
        kind: 'return',
        line,
        action: readAction(second as Form[], constants),
        expected: form.slice(2).map(one => constants.expected(one as Form[])),
      }
    case 'assert_trap':
      if ((second as Form[])[0] !== 'module')
        return { kind: 'trap', line, action: readAction(second as Form[], constants), message: message() }
      return { kind: 'moduleTrap', line, module: await readModule(second as Form[], inner()), message: message() }
    case 'assert_exhaustion':
      return { kind: 'exhaustion', line, action: readAction(second as Form[], constants), message: message() }
    case 'assert_malformed':
    case 'assert_invalid':
    case 'assert_unlinkable': {
      const kind = head.slice('assert_'.length) as 'malformed' | 'invalid' | 'unlinkable'
      return { kind, line, module: await readModule(second as Form[], inner()), message: message() }
    }
    default:
      throw new Error(`line ${line}: unknown directive ${String(head)}`)
  }
}

/** Quoted text is compiled only where it is `valid`: the rest tests text parsers. */
async function readModule(form: Form[], text: string, valid = false): Promise<ModuleText> {
  const id = typeof form[1] === 'string' && form[1].startsWith('$') ? form[1] : undefined
  const kind = form[id === undefined ? 1 : 2]
  const strings = () => form.filter(part => typeof part === 'string' && part.startsWith('"')) as string[]
  if (kind === 'quote') {
    const quoted = Buffer.concat(strings().map(string => bytesOf(string))).toString()
    return { id, bytes: valid ? await compileText(`(module ${quoted})`) : undefined }
  }
  if (kind === 'binary') {
    return { id, bytes: new Uint8Array(Buffer.concat(strings().map(string => bytesOf(string)))) }
  }
  return { id, bytes: await compileText(moduleAlone(text)) }
}

/** The text of the form that begins it, without what stands behind. */
function moduleAlone(text: string): string {
  return topLevel(text, 1)[0]?.text as string
}

function readAction(form: Form[], constants: Constants): Action {
  const module = typeof form[1] === 'string' && form[1].startsWith('$') ? form[1] : undefined
  const rest = form.slice(module === undefined ? 1 : 2)
  const name = stringOf(rest[0] as string)
  if (form[0] === 'get') return { kind: 'get', module, name }
  return { kind: 'invoke', module, name, args: rest.slice(1).map(one => constants.constant(one as Form[])) }
}

/** Constants of one script: collected as text, then compiled all at once. */
class Constants {
  private readonly texts: string[] = []
  private readonly waiting: Constant[] = []

  constant(form: Form[]): Constant {
    const [head, ...rest] = form as string[]
    if (head === 'ref.null') return { type: rest[0] === 'func' ? 'funcref' : 'externref', value: null }
    if (head === 'ref.extern') return { type: 'externref', value: Number(rest[0]) }
    const constant: Constant = { type: (head as string).replace('.const', ''), value: 0 }
    this.texts.push(`(global ${constant.type} (${form.join(' ')}))`)
    this.waiting.push(constant)
    return constant
  }

  expected(form: Form[]): Expected {
    const [head, ...rest] = form as string[]
    if (head === 'ref.func' || (head === 'ref.extern' && rest.length === 0)) {
      return { constant: { type: head === 'ref.func' ? 'funcref' : 'externref', value: 0 }, anyReference: true }
    }
    const lanes = rest.map(part => /^nan:(canonical|arithmetic)$/.exec(part)?.[1] as 'canonical' | undefined)
    if (lanes.every(lane => lane === undefined)) return { constant: this.constant(form) }
    const constant = this.constant([head as string, ...rest.map((part, index) => (lanes[index] ? '0' : part))])
    const bits = head === 'f64.const' || rest[0] === 'f64x2' ? 64 : 32
    return { constant, nan: { bits, lanes: head === 'v128.const' ? lanes.slice(1) : lanes } }
  }

  async resolve(): Promise<void> {
    const bytes = await compileText(`(module ${this.texts.join('\n')})`)
    if (this.waiting.length === 0) return
    const reader = new Reader(bytes, 8)
    reader.byte()
    const section = reader.part(reader.u32())
    section.u32()
    for (const constant of this.waiting) {
      section.copy(2)
      constant.value = readConstant(section)
      section.byte()
    }
  }
}

function readConstant(reader: Reader): Constant['value'] {
  const opcode = reader.byte()
  if (opcode === 0x41) return reader.s32()
  if (opcode === 0x42) return reader.s64()
  if (opcode === 0x43) return reader.f32()
  if (opcode === 0x44) return reader.f64()
  reader.u32()
  return reader.copy(16)
}

/** The forms of a script with their text; `most` of them. */
function topLevel(text: string, most = Number.POSITIVE_INFINITY): Located[] {
  const found: Located[] = []
  const open: { form: Form[]; start: number }[] = []
  const token = /"(?:[^"\\]|\\.)*"|\(;|;;[^\n\r]*|[()]|[^\s()";]+/gy
  for (let at = 0; at < text.length && found.length < most; ) {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null) {
      at++
      continue
    }
    const [part] = match
    at = part === '(;' ? endOfComment(text, match.index) : token.lastIndex
    if (part === '(') open.push({ form: [], start: match.index })
    else if (part === ')') {
      const { form, start } = open.pop() as (typeof open)[number]
      const parent = open.at(-1)
      if (parent !== undefined) parent.form.push(form)
      else found.push({ form, text: text.slice(start, at), line: text.slice(0, start).split('\n').length })
    } else if (part !== '(;' && !part.startsWith(';;')) open.at(-1)?.form.push(part)
  }
  return found
}

function endOfComment(text: string, start: number): number {
  const mark = /\(;|;\)/g
  mark.lastIndex = start
  let depth = 0
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    depth += match[0] === '(;' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return text.length
}

const stringOf = (literal: string): string => Buffer.from(bytesOf(literal)).toString('utf8')

/** The bytes of a string literal. */
function bytesOf(literal: string): Buffer {
  const escapes: Record<string, string> = { t: '\t', n: '\n', r: '\r', '"': '"', "'": "'", '\\': '\\' }
  const parts = literal.slice(1, -1).match(/\\u\{[^}]*\}|\\[0-9a-fA-F]{2}|\\.|[^\\]+/gs) ?? []
  return Buffer.concat(
    parts.map(part => {
      if (!part.startsWith('\\')) return Buffer.from(part)
      if (part[1] === 'u') return Buffer.from(String.fromCodePoint(Number.parseInt(part.slice(3, -1), 16)))
      const escape = escapes[part[1] as string]
      return escape !== undefined && part.length === 2 ? Buffer.from(escape) : Buffer.from(part.slice(1), 'hex')
    }),
  )
}
