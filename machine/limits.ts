/**
 * The bounds of admission and of the machine's own state. They belong to the profile (SPEC.md, Profiles): two nodes with other bounds
 * would give two verdicts on one module, so a change here is a new profile.
 */
const KIB = 1024
const MIB = 1024 * KIB

/** Function types. Programs of 10 MiB have hundreds. */
export const typesMax = 100_000
/** Parameters, and results, of one type: engines take 1,000; the rest is room for what the rewriter threads through. */
export const parametersMax = 900
/** Both of all types together, some thousands in programs: 60 MB of types that are all different take an engine 20 s and 3 GB. */
export const typeValuesMax = 1_000_000
/** Preview 1 has 46 functions; some linkers import one twice. */
export const importsMax = 1_000
/** A name costs its bytes wherever the interface is shown; 1,024 hold every mangled name that a command needs to export. */
export const nameBytesMax = 1_024
/** A command needs two. Programs linked with all symbols exported have thousands, and each is shown to whoever asks for the module. */
export const exportsMax = 4_096
/** 64 MiB at the size of real functions (200 bytes and more). */
export const functionsMax = 300_000
/** One body with its locals: engines take 7,654,321 bytes, and must still take it rewritten, which may double it. */
export const bodyBytesMax = 3_000_000
/** The same body as it may be once charges, checks and repairs of NaNs stand in it (SPEC.md, Profiles): what engines take, and some room. */
export const bodyRoomMax = 7_000_000
/** Locals of one function with its parameters: engines take 50,000; the rest is room for the rewriter. */
export const localsMax = 40_000
/**
 * Those of all functions together. One that is used takes four bytes at least, so the largest module has no use for a sixth of them; engines lay
 * all of them out each time that they look at a function, and 300,000 times 40,000 kept one busy for 47 s.
 */
export const localsTotalMax = 100_000_000
/** Blocks inside blocks: compilers recurse on them. Real code stays below 200, generated parsers below 1,000. */
export const nestingMax = 10_000
/** Targets of one br_table: V8's bound, the lowest of the engines. */
export const branchTargetsMax = 65_520
export const globalsMax = 100_000
/** Tables, and entries of one at any time: an entry costs the host 20 to 30 bytes, and 10,000,000 of them kill a Node process. */
export const tablesMax = 16
export const tableEntriesMax = 100_000
/** Function indices in all element segments: a few full tables. */
export const elementsMax = 1_000_000
export const elementSegmentsMax = 100_000
export const dataSegmentsMax = 100_000
/** One constant expression (the start of a segment, a global's value). */
export const constantExpressionBytesMax = 256
/** Custom sections: debug information comes in a dozen; they are skipped, but skipping is not free. */
export const sectionsMax = 1_000

/** Bytes of the files and symbolic links in the scratch file system, and names in it. More is no answer to a question; it is storage. */
export const scratchBytesMax = 64 * MIB
export const scratchNodesMax = 16_384
export const fileNameBytesMax = 255
export const pathBytesMax = 4_096
/** Symbolic links that one path may lead through (Linux: 40), and the bytes of all their targets: a short path must not mean much work. */
export const followedLinksMax = 40
export const followedBytesMax = 4_096
/** Entries in the lists that open directories hold while they are read: 64 of the largest directories. */
export const listedEntriesMax = 1_048_576
/** Open descriptors. */
export const descriptorsMax = 1_024
/** Subscriptions of one poll_oneoff: every descriptor both ways, and clocks. */
export const subscriptionsMax = 4_096
/** Buffers of one scattered read or write: POSIX's IOV_MAX. */
export const ioVectorsMax = 1_024

/**
 * The stack of a guest, in bytes of the model that SPEC.md, Depth, describes: a frame has its base and so much for each slot. What passes
 * the model fits a stack of 496 KiB, the smallest that an engine of the matrix gives unless it is told otherwise (a worker in Chromium), with a
 * fifth to spare: V8's and SpiderMonkey's worst frames take as many bytes as the model says (`make determinism` measures it). No bound of this kind
 * holds against a guest that is made to have its values kept in frames by an optimizing compiler: an engine where that overflows makes no claim.
 */
export const depthBytesMax = 393_216
export const frameBytesBase = 128
export const slotBytes = 8
