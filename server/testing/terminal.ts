/** A program in a terminal of its own, where somebody can press keys: python3 makes it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** Says the program's process id, then what the terminal shows; takes keys; ends as the program does. */
const script = `
import os, sys, _thread
pid, terminal = os.forkpty()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
os.write(1, b'%d\\n' % pid)
def show():
    try:
        while True: os.write(1, os.read(terminal, 4096))
    except OSError: os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
_thread.start_new_thread(show, ())
for key in iter(lambda: os.read(0, 1), b''): os.write(terminal, key)
os.kill(pid, 9)
`

export const keys = { pause: '\u0013', resume: '\u0011' } as const

export const inTerminal = (argv: readonly string[]): ChildProcessByStdio<Writable, Readable, null> =>
  spawn('python3', ['-c', script, ...argv], { stdio: ['pipe', 'pipe', 'inherit'] })
