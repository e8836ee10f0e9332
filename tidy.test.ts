/** Holds the house in order: who may import whom, how long files and functions get, no cycles. Each message says what to do instead. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter(path => /\.(ts|mjs)$/.test(path) && !/generated|\.d\.ts$/.test(path))

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

const isTest = (path: string) => /\.(test|contract)\.ts$|\/(testing|fixtures|vectors)\//.test(path)
const sources = tracked.filter(path => !isTest(path))

function importsOf(path: string): Import[] {
  const text = readFileSync(path, 'utf8')
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm)
  const dynamic = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)
  const resolve = (name: string) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name)
  return [
    ...[...found].map(([, type, name]) => ({ from: path, to: resolve(name as string), typeOnly: type !== undefined })),
    ...[...dynamic].map(([, name]) => ({ from: path, to: resolve(name as string), typeOnly: false })),
  ]
}

const imports = sources.flatMap(importsOf)

/** The room of a file: the folder that the fences are about. */
function roomOf(path: string): string {
  const room =
    /^(phase|machine|server\/(?:store|executor|p2p|scheduler|routes)|cli|openapi|bench|examples|release|debian|sdks\/[a-z]+)\//.exec(
      path,
    )
  if (room !== null) return room[1] as string
  if (/^server\/(main|node)\.ts$/.test(path)) return 'server/node'
  if (path === 'server/systemd.ts') return 'server/systemd'
  if (/^server\/([a-z]+\.ts|package\.json)$/.test(path)) return 'server/parts'
  return 'root'
}

/** Rooms whose values a room may use; a `type ` prefix allows types only. Its own room always. */
const rooms: Record<string, string[]> = {
  phase: [],
  machine: ['phase'],
  'server/store': ['phase'],
  'server/executor': ['phase', 'machine'],
  'server/p2p': ['phase', 'type server/parts'],
  'server/scheduler': ['phase', 'type server/store', 'type server/executor', 'type server/p2p', 'type server/parts'],
  'server/routes': [
    'phase',
    'type server/store',
    'type server/executor',
    'type server/p2p',
    'type server/scheduler',
    'type server/parts',
  ],
  'server/parts': ['phase'],
  'server/systemd': [],
  'server/node': [
    'phase',
    'server/store',
    'server/executor',
    'server/p2p',
    'server/scheduler',
    'server/routes',
    'server/parts',
    'server/systemd',
  ],
  'sdks/typescript': ['phase', 'machine'],
  cli: ['sdks/typescript', 'phase', 'machine', 'server/node', 'server/parts'],
}

/** Outside packages and the rooms where they live. */
const homes: [RegExp, string[]][] = [
  [/^@sinclair\/typebox/, ['phase', 'server/routes']],
  [/^@noble\//, ['phase']],
  [/^(fastify|@fastify\/.*)$/, ['server/routes', 'bench']],
  [
    /^(libp2p|@libp2p\/.*|@chainsafe\/.*|@multiformats\/.*|multiformats.*|uint8arraylist|it-.*|interface-datastore|datastore-core)$/,
    ['server/p2p'],
  ],
  [/^node:sqlite$/, ['server/store', 'bench']],
  [
    /^node:child_process$/,
    ['server/executor', 'server/systemd', 'cli', 'openapi', 'bench', 'examples', 'release', 'debian', 'root'],
  ],
  [/^esbuild$/, ['release']],
  [/^commander$/, ['cli']],
  [/^prom-client$/, ['server/parts']],
  [/^pino$/, ['server/parts']],
  [/^smol-toml$/, ['server/parts']],
]

test('a room uses only the rooms that the house lets it use', () => {
  for (const { from, to, typeOnly } of imports) {
    const [room, other] = [roomOf(from), roomOf(to)]
    const allowed = rooms[room]
    if (allowed === undefined || room === other || !/\.(ts|mjs|json)$/.test(to)) continue
    const fine = allowed.includes(other) || (typeOnly && allowed.includes(`type ${other}`))
    assert.ok(
      fine,
      `${from} imports ${to}${typeOnly ? ' (types)' : ''}: ${room} may not use ${other}. Pass what it needs in as an argument from server/node.ts, or move the shared shape to phase/.`,
    )
  }
})

test('an outside package stays in its room', () => {
  for (const { from, to } of imports) {
    const home = homes.find(([pattern]) => pattern.test(to))?.[1]
    if (home === undefined) continue
    assert.ok(
      home.includes(roomOf(from)),
      `${from} imports ${to}: it lives in ${home.join(', ')}. Offer a function there instead.`,
    )
  }
})

test('phase and machine are pure: no node: modules, no clock, no randomness', () => {
  for (const path of sources.filter(path => /^(phase|machine)\//.test(path))) {
    for (const { to } of importsOf(path)) {
      assert.ok(!to.startsWith('node:'), `${path} imports ${to}: take it as an argument.`)
    }
    const impure =
      /\b(Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|crypto\.getRandomValues|process\.(?!stdout))/.exec(
        readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
      )
    assert.equal(impure, null, `${path} uses ${impure?.[0]}: take time and randomness as arguments.`)
  }
})

test('Date.now and Math.random are asked for in few places', () => {
  const allowed =
    /^(server\/(node|main|log)\.ts|server\/p2p\/|server\/executor\/|server\/store\/|server\/scheduler\/directory\.ts|server\/routes\/|bench\/|examples\/|openapi\/|cli\/|sdks\/)/
  for (const path of sources.filter(path => !allowed.test(path))) {
    const found = /\b(Date\.now\(\)|Math\.random\(\))/.exec(readFileSync(path, 'utf8'))
    assert.equal(found, null, `${path} uses ${found?.[0]}: take a clock as an argument.`)
  }
})

test('what a comment points to in SPEC.md is there', () => {
  const spec = readFileSync('phase/SPEC.md', 'utf8')
  const titles = [...spec.matchAll(/^#{2,3} (?:\d+\. )?(.+)$|^\*\*([A-Z][^*.]+)\.?\*\*/gm)].map(
    ([, section, term]) => section ?? term,
  )
  for (const path of tracked) {
    for (const [text, name] of readFileSync(path, 'utf8').matchAll(/SPEC\.md,(?:\s|\*)+([A-Z].{0,60})/g)) {
      const found = titles.some(title => name?.startsWith(title as string))
      assert.ok(found, `${path} says "${text}": name a section of phase/SPEC.md as its title does`)
    }
  }
})

test('no file is longer than 400 lines', () => {
  for (const path of tracked) {
    const lines = readFileSync(path, 'utf8').split('\n').length - 1
    assert.ok(lines <= 400, `${path} has ${lines} lines: a concept in it wants its own name, and its own file.`)
  }
})

test('no function is longer than 70 lines', () => {
  for (const path of sources) {
    for (const { name, line, length } of functionsOf(readFileSync(path, 'utf8'))) {
      assert.ok(length <= 70, `${path}:${line} ${name} has ${length} lines: give its steps names.`)
    }
  }
})

test('imports form no cycle, types included', () => {
  const graph = Map.groupBy(imports, ({ from }) => from)
  const state = new Map<string, 'open' | 'done'>()
  const visit = (path: string, trail: string[]): void => {
    if (state.get(path) === 'done') return
    assert.notEqual(
      state.get(path),
      'open',
      `import cycle: ${[...trail, path].join(' -> ')}. Move what both need to a file below them.`,
    )
    state.set(path, 'open')
    for (const { to } of graph.get(path) ?? []) if (sources.includes(to)) visit(to, [...trail, path])
    state.set(path, 'done')
  }
  for (const path of sources) visit(path, [])
})

test('folders are technologies or stages, never kinds of things', () => {
  for (const path of sources) {
    const found = /(^|\/)(services|types|utils|helpers|common|lib|misc)\//.exec(path)
    assert.equal(found, null, `${path}: a folder "${found?.[2]}" says nothing. Name what it is about.`)
  }
})

/** Functions and methods, by indentation: the formatter makes that exact. */
function functionsOf(text: string): { name: string; line: number; length: number }[] {
  const lines = text.split('\n')
  const found: { name: string; line: number; length: number }[] = []
  for (const [index, line] of lines.entries()) {
    const start =
      /^(\s*)(?:export )?(?:default )?(?:private |protected |public |static |override |readonly )*(?:async )?(?:(?:function\*? |get |set |\*)?([\w#]+)(?:<.*>)?\(.*|const (\w+) = .*=>) ?.*\{$/.exec(
        line,
      )
    if (start === null || /^\s*(if|for|while|switch|catch|return|else|\}|await|throw|new)\b/.test(line)) continue
    const indent = start[1] as string
    const end = lines.findIndex(
      (other, at) => at > index && other.startsWith(`${indent}}`) && !other.startsWith(`${indent} `),
    )
    if (end > 0) found.push({ name: start[2] ?? start[3] ?? '', line: index + 1, length: end - index + 1 })
  }
  return found
}
