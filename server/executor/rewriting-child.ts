/**
 * The process in which one stranger's module is admitted and rewritten, and nothing is run. It was granted nothing but the pipe to its parent.
 * It sees no second module: whatever this one did to it ends with it.
 */
import { hasFloats, meter } from '../../machine/meter.ts'
import { type AdmittedModule, admit, interfaceOf } from '../../machine/validate.ts'
import type { RewriteMessage } from './messages.ts'
import { cpuTotalUs, faulted, readFrame, writeFrame } from './pipe.ts'
import { warm } from './warming.ts'

let admitted: AdmittedModule | undefined

writeFrame({ type: 'ready', cpuTotalUs: cpuTotalUs() })
warm()
for (let frame = readFrame(); frame !== undefined; frame = readFrame()) {
  try {
    if (frame.header.type === 'rewrite') rewrite(frame.header)
    else admitOne(frame.body)
  } catch (error) {
    writeFrame(faulted(error))
  }
}

function admitOne(bytes: Uint8Array): void {
  // It is looked at again when it is rewritten, and the next frame comes to where these are.
  admitted = admit(new Uint8Array(bytes))
  writeFrame({ type: 'inspected' }, [new TextEncoder().encode(JSON.stringify(interfaceOf(admitted)))])
}

function rewrite({ mode }: RewriteMessage): void {
  if (admitted === undefined) throw new Error('nothing was admitted yet')
  writeFrame({ type: 'rewritten', differs: hasFloats(admitted) }, [meter(admitted, mode)])
}
