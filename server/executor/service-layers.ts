/** What shuts in a service, and so all that it starts, as the kernel says and not its configuration. */
import { readFileSync } from 'node:fs'

/** Names as in sandbox.ts. Read from files: where it matters, no socket may be opened that could be asked. */
export function serviceLayers(): string[] {
  const found = { noNetwork: isOffline(), ...ofStatus(read('/proc/self/status')) }
  return ['ownService', ...Object.entries(found).flatMap(([layer, isOn]) => (isOn ? [layer] : []))]
}

/** Fields of proc_pid_status(5). */
function ofStatus(status: string): Record<string, boolean> {
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)$`, 'm').exec(status)?.[1]
  return {
    noNewPrivileges: field('NoNewPrivs') === '1',
    noCapabilities: /^0+$/.test(field('CapPrm') ?? '') && /^0+$/.test(field('CapBnd') ?? ''),
    systemCallFilter: field('Seccomp') === '2',
  }
}

/** Whether there is no interface but loopback. */
function isOffline(): boolean {
  const [, , ...interfaces] = read('/proc/self/net/dev').trimEnd().split('\n')
  return interfaces.length > 0 && interfaces.every(line => line.trimStart().startsWith('lo:'))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
