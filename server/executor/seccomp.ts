/**
 * A filter of system calls for a child, as the classic BPF program that Linux wants (seccomp(2)). It refuses what neither Node nor a guest needs and what
 * has let others out of sandboxes: sockets, new processes, other processes' memory, namespaces, mounts, keys, BPF, io_uring, kernel modules.
 * A list of what is refused, and not of what is allowed: the latter breaks with every new libc. `execve` stays, since Node is started behind it.
 */

interface Architecture {
  /** AUDIT_ARCH_*, linux/audit.h */
  audit: number
  clone: number
  /** Numbers of system calls, as <asm/unistd.h> has them. */
  refused: readonly number[]
}

/** Numbered alike everywhere since 2019. */
const common = {
  ioUring: [425, 426, 427],
  mounts: [428, 429, 430, 431, 432, 433, 442],
  processDescriptors: [434, 438],
} as const
const clone3 = 435

const architectures: Partial<Record<NodeJS.Architecture, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    refused: [
      // socket, connect, accept, bind, listen, socketpair, accept4
      [41, 42, 43, 49, 50, 53, 288],
      // fork, vfork, kill, tkill, rt_sigqueueinfo, ptrace, process_vm_readv, process_vm_writev, kcmp
      [57, 58, 62, 200, 129, 101, 310, 311, 312],
      // mount, umount2, pivot_root, chroot, unshare, setns, open_by_handle_at, quotactl, swapon, swapoff, acct
      [165, 166, 155, 161, 272, 308, 304, 179, 167, 168, 163],
      // bpf, perf_event_open, userfaultfd, add_key, request_key, keyctl, modify_ldt, ioperm, iopl
      [321, 298, 323, 248, 249, 250, 154, 173, 172],
      // init_module, finit_module, delete_module, kexec_load, kexec_file_load, reboot, syslog, settimeofday, clock_settime, adjtimex
      [175, 313, 176, 246, 320, 169, 103, 164, 227, 159],
    ].flat(),
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    refused: [
      [198, 203, 202, 200, 201, 199, 242],
      [129, 130, 138, 117, 270, 271, 272],
      [40, 39, 41, 51, 97, 268, 265, 60, 224, 225, 89],
      [280, 241, 282, 217, 218, 219],
      [105, 273, 106, 104, 294, 142, 116, 170, 112, 171],
    ].flat(),
  },
}

/** BPF instructions: code, jump if true, jump if false, constant. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, constant: number]
const load = 0x20
const jumpIfEqual = 0x15
const jumpIfNotBelow = 0x35
const jumpIfAnySet = 0x45
const answer = 0x06

const allow: Instruction = [answer, 0, 0, 0x7fff0000]
const killProcess: Instruction = [answer, 0, 0, 0x80000000]
const refuse = (error: number): Instruction => [answer, 0, 0, 0x00050000 | error]
const notPermitted = 1
const notThere = 38

/** Offsets in struct seccomp_data: nr, arch, the low half of the first argument. */
const data = { number: 0, architecture: 4, firstArgument: 16 } as const
/** Numbers from here on are another ABI (x32) on x64. */
const otherAbi = 0x40000000
const cloneThread = 0x00010000

/** The program's bytes, for `bwrap --seccomp`; `undefined` where the architecture is not known here. */
export function seccompFilter(architecture: NodeJS.Architecture = process.arch): Uint8Array | undefined {
  const known = architectures[architecture]
  if (known === undefined) return undefined
  const refused = [...known.refused, ...common.ioUring, ...common.mounts, ...common.processDescriptors]
  const program: Instruction[] = [
    [load, 0, 0, data.architecture],
    [jumpIfEqual, 1, 0, known.audit],
    killProcess,
    [load, 0, 0, data.number],
    [jumpIfNotBelow, 0, 1, otherAbi],
    refuse(notPermitted),
    // The C library falls back to clone, whose flags can be seen.
    [jumpIfEqual, 0, 1, clone3],
    refuse(notThere),
    ...refused.flatMap(number => [[jumpIfEqual, 0, 1, number], refuse(notPermitted)] satisfies Instruction[]),
    // A thread is fine, a process is not.
    [jumpIfEqual, 1, 0, known.clone],
    allow,
    [load, 0, 0, data.firstArgument],
    [jumpIfAnySet, 1, 0, cloneThread],
    refuse(notPermitted),
    allow,
  ]
  return encode(program)
}

/** struct sock_filter: u16, u8, u8, u32, in the order of the machine, which is little-endian here. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, [code, jumpTrue, jumpFalse, constant]] of program.entries()) {
    view.setUint16(index * 8, code, true)
    view.setUint8(index * 8 + 2, jumpTrue)
    view.setUint8(index * 8 + 3, jumpFalse)
    view.setUint32(index * 8 + 4, constant, true)
  }
  return bytes
}
