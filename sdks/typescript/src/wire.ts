/** Answers are held against the shapes that the API promises before anybody relies on them. */
import { ProtocolError } from './errors.ts'
import { type Models, shapes } from './generated/models.ts'

/**
 * `value` as the model `name`. Members that the model does not know stay, and enums are open: a newer node may send both.
 * @throws {ProtocolError} for a member that is missing or of another type.
 */
export function read<Name extends keyof Models>(name: Name, value: unknown): Models[Name] {
  checkShape(name, value, name)
  return value as Models[Name]
}

function checkShape(name: string, value: unknown, at: string): void {
  if (!isObject(value)) throw new ProtocolError(at, value)
  for (const [member, code] of Object.entries(shapes[name as keyof typeof shapes])) {
    const optional = code.endsWith('?')
    const found = value[member]
    if (found === undefined && optional) continue
    checkValue(optional ? code.slice(0, -1) : code, found, `${at}.${member}`)
  }
}

function checkValue(code: string, value: unknown, at: string): void {
  if (code.endsWith('[]')) {
    if (!Array.isArray(value)) throw new ProtocolError(`a list at ${at}`, value)
    for (const item of value) checkValue(code.slice(0, -2), item, at)
  } else if (code.endsWith('{}')) {
    if (!isObject(value)) throw new ProtocolError(`an object at ${at}`, value)
    for (const item of Object.values(value)) checkValue(code.slice(0, -2), item, at)
  } else if (code === 's') {
    if (typeof value !== 'string') throw new ProtocolError(`text at ${at}`, value)
  } else if (code === 'i') {
    if (!Number.isSafeInteger(value)) throw new ProtocolError(`a whole number at ${at}`, value)
  } else {
    checkShape(code, value, at)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
