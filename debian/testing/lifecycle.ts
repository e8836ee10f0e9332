/**
 * The life of an installed node, from `dpkg -i` to purge, on real systems: `make deb-test`. Two Debian releases stand in for the Ubuntu ones
 * with a systemd and a glibc of their age, which cannot be had here; Ubuntu itself is untested. Times are told, and decide nothing.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import { bundle, distDirectory } from '../../release/bundle.ts'
import { signPackages } from '../../release/sign.ts'
import { throwAwayKey } from '../../release/testing/key.ts'
import server from '../../server/package.json' with { type: 'json' }
import { Client, helloFile } from '../../server/testing/client.ts'
import { startNodeProcess } from '../../server/testing/process.ts'
import { buildDeb, releaseLevel } from '../deb.ts'
import { Machine, whyNoMachine } from './machine.ts'
import { typePage } from './pages.ts'

const run = promisify(execFile)
/** Debian, and the Ubuntu that it stands in for. */
const suites = { bookworm: '22.04 and 24.04, with the older systemd 252', trixie: '24.04 and later, with systemd 257' }
/** As systemd-analyze counts: tenths. */
const exposureMax = { 'plasmd.service': 15, 'plasm-executor.service': 10 }
const oldVersion = '0.0.9'
const newVersion = server.version
const ready = 'systemctl is-active --quiet plasmd'

const reason = await whyNoMachine()
if (reason !== undefined) console.log(`make deb-test proves nothing here: ${reason}.`)
const directory = await mkdtemp(join(tmpdir(), 'plasm-deb-'))
const packages: string[] = []
/** Names of files beside the packages. */
const signatures = ['plasm-release.gpg', 'SHA256SUMS']

before(async () => {
  if (reason !== undefined) return
  await bundle(distDirectory)
  for (const version of [oldVersion, newVersion])
    packages.push(await buildDeb({ dist: distDirectory, directory, level: 1, version }))
  const key = await throwAwayKey(join(directory, 'gnupg'))
  signatures.push(...(await signPackages(directory, key.who, key.env)).map(file => `${file}.sig`))
  await key.forget()
})
after(() => rm(directory, { recursive: true, force: true }))

test('what is given to others has the same files, at most 35 MB; lintian finds nothing that is not explained', {
  skip: reason !== undefined,
}, async t => {
  const released = await buildDeb({ dist: distDirectory, directory: join(directory, 'release'), level: releaseLevel })
  const files = (deb: string) => run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | sha256sum', 'sh', deb])
  assert.equal((await files(released)).stdout, (await files(packages.at(-1) as string)).stdout)
  const { size } = await stat(released)
  assert.ok(size <= 35_000_000, `${size} bytes`)
  console.log(JSON.stringify({ package: basename(released), bytes: size }))
  if (!(await has('lintian'))) return t.diagnostic('lintian is not here: .ci/install roots')
  const flags = ['--allow-root', '--fail-on', 'error,warning', '--display-level', '>=warning']
  await run('lintian', [...flags, released])
})

for (const [index, [suite, standsFor]] of Object.entries(suites).entries()) {
  describe(`Debian ${suite}, in place of Ubuntu ${standsFor}`, { skip: reason !== undefined }, () => {
    const machine = new Machine(suite, 77 + index)
    const told: Record<string, number | string> = { suite }
    let filesBefore: string[] = []
    let peerId = ''

    before(async () => {
      await machine.start()
      const signed = signatures.map(name => join(directory, name))
      for (const file of [...packages, ...signed, helloFile])
        await copyFile(file, join(machine.root, 'root', basename(file)))
      await writeFile(join(machine.root, 'root', 'slow.wasm'), await compileFixture('slow'))
      filesBefore = await files()
    })
    after(async () => {
      await machine.stop()
      console.log(JSON.stringify(told))
    })

    const files = async () =>
      (await machine.must(`find / -xdev ${watched.map(p => `-path '${p}' -prune -o`).join(' ')} -print`))
        .split('\n')
        .sort()
    const install = (version: string) =>
      machine.must(`DEBIAN_FRONTEND=noninteractive dpkg -i /root/plasm_${version}_amd64.deb`)
    const node = async () =>
      JSON.parse(await machine.must('plasm node --json')) as { peerId: string; sandbox: string[] }
    const killed = async (unit: string) => {
      const pid = await machine.must(`systemctl show -p MainPID --value ${unit}`)
      await machine.must(`kill -9 ${pid}`)
      await machine.until(`[ "$(systemctl show -p MainPID --value ${unit})" != ${pid} ]`)
    }

    test('it is installed by dpkg alone, and serves its first job', async () => {
      const begin = performance.now()
      await install(oldVersion)
      await machine.until(ready)
      told['installToReadySeconds'] = seconds(begin)
      const output = await machine.must('plasm run /root/hello.wasm', 'Hello, World')
      told['emptyMachineToVerifiedReceiptSeconds'] = seconds(begin)
      assert.equal(output, 'dlroW ,olleH')
      peerId = (await node()).peerId
      const readyLine = await machine.must(`journalctl -u plasmd -o cat | grep '"msg":"ready"'`)
      assert.equal((JSON.parse(readyLine) as { peerId: string }).peerId, peerId)
      told['residentMiB'] = Math.round(Number(await machine.must(residentOf('plasmd'))) / 1024)
    })

    test('both units are shut in as promised', async () => {
      for (const [unit, exposure] of Object.entries(exposureMax)) {
        const shown = await machine.must(
          `systemd-analyze security --no-pager --threshold=${exposure} ${unit} | tail -n 1`,
        )
        told[unit] = /level for \S+ (\S+)/.exec(shown)?.[1] ?? ''
        await machine.must(`systemd-analyze security --no-pager --threshold=${exposure} ${unit}`)
        const status = await machine.must(`cat /proc/$(systemctl show -p MainPID --value ${unit})/status`)
        assert.match(status, /^CapEff:\s+0+$/m)
        assert.match(status, /^NoNewPrivs:\s+1$/m)
        assert.match(status, /^Seccomp:\s+2$/m)
        assert.doesNotMatch(status, /^Uid:\s+0/m)
      }
    })

    test('the executor has no network, no key and no writable disk, and jobs run nowhere else', async () => {
      const pid = await machine.must('systemctl show -p MainPID --value plasm-executor')
      const interfaces = (await machine.must(`tail -n +3 /proc/${pid}/net/dev`)).split('\n')
      assert.deepEqual(
        interfaces.map(line => line.trim().split(':')[0]),
        ['lo'],
      )
      for (const path of ['/var/lib/plasm', '/etc/plasm', '/etc/passwd', '/usr/bin/sh', '/home'])
        assert.equal(
          (await machine.run(`find /proc/${pid}/root${path} -mindepth 1 2>/dev/null | grep .`)).code,
          1,
          path,
        )
      const mounts = (await machine.must(`cat /proc/${pid}/mounts`)).split('\n').map(line => line.split(' '))
      const writable = mounts.filter(
        ([, , type, options]) => !virtual.includes(type as string) && options?.startsWith('rw'),
      )
      assert.deepEqual(writable, [])
      const { sandbox } = await node()
      for (const layer of layers) assert.ok(sandbox.includes(layer), `${layer} is not in ${sandbox.join()}`)
      told['sandbox'] = sandbox.join(' ')
      assert.equal(await machine.must(`stat -c '%a %U' /var/lib/plasm/identity.key`), '600 plasm')
    })

    test('a job from a gateway outside comes back with a valid receipt', async t => {
      await machine.must(`sed -i 's/^network = .*/network = "lan"/' /etc/plasm/plasm.toml && systemctl restart plasmd`)
      const flags = ['--network', 'lan', '--slots', '0', '--p2p', `/ip4/${machine.here}/tcp/0`]
      const bootstrap = ['--bootstrap', `/ip4/${machine.there}/tcp/7528/p2p/${peerId}`]
      const gateway = await startNodeProcess({ dataDir: join(directory, suite), flags: [...flags, ...bootstrap] })
      t.after(() => gateway.stop())
      const client = new Client(gateway.http)
      assert.equal((await client.executor()).peerId, peerId)
      const module = await client.uploadHello()
      const job = await client.run({ module, stdin: { text: 'Hello, World' } })
      assert.equal(await client.output(job.id), 'dlroW ,olleH')
      const { verdict } = await client.verify(await client.receipt(job.id), { jobId: job.id, module, executor: peerId })
      assert.equal(verdict, 'valid')
    })

    test('SIGKILL of the node or of its executor in the middle of a job: both come back, and the job ends well', async () => {
      for (const unit of ['plasmd', 'plasm-executor']) {
        const job = await machine.must('plasm submit --timeout 120s --no-stdin /root/slow.wasm')
        await machine.until(`plasm status --json ${job} | grep -q '"state": *"running"'`)
        const begin = performance.now()
        await killed(unit)
        await machine.until(ready)
        told[`${unit}KilledToReadySeconds`] = seconds(begin)
        await machine.must(`plasm wait ${job}`)
        assert.equal(await machine.must(`plasm result ${job}`), 'done')
      }
    })

    test('no number of failures makes it stay down', async () => {
      for (let kill = 0; kill < 7; kill++) {
        await killed('plasmd')
        await machine.until(ready)
      }
      assert.equal(await machine.must('plasm run /root/hello.wasm', 'abc'), 'cba')
    })

    test('wrong settings are said once, and the node waits for them to be mended', async () => {
      await machine.must(`cp /etc/plasm/plasm.toml /root/kept && echo 'slots = "many"' >> /etc/plasm/plasm.toml`)
      assert.notEqual((await machine.run('systemctl restart plasmd')).code, 0)
      assert.equal(
        await machine.must('systemctl show -p ActiveState -p ExecMainStatus --value plasmd | sort | xargs'),
        '2 failed',
      )
      assert.match(
        await machine.must('journalctl -u plasmd -o cat'),
        /Cannot use slots "many" \(file \/etc\/plasm\/plasm\.toml\)/,
      )
      await machine.must('mv /root/kept /etc/plasm/plasm.toml && systemctl restart plasmd')
    })

    test('an upgrade keeps edited settings, key and jobs', async () => {
      const jobs = await machine.must('plasm status --json')
      await install(newVersion)
      await machine.until(ready)
      assert.equal(await machine.must('plasm --version'), newVersion)
      assert.match(await readFile(join(machine.root, 'etc/plasm/plasm.toml'), 'utf8'), /^network = "lan"$/m)
      assert.equal((await node()).peerId, peerId)
      assert.deepEqual(JSON.parse(await machine.must('plasm status --json')), JSON.parse(jobs))
      assert.equal(await machine.must('plasm run /root/hello.wasm', 'abc'), 'cba')
    })

    test('a node that was stopped stays so through an upgrade', async () => {
      await machine.must('systemctl stop plasmd')
      await install(newVersion)
      assert.equal((await machine.run(ready)).code, 3)
      await machine.must('systemctl start plasmd')
    })

    test('remove keeps settings and data, and installing again finds them', async () => {
      await machine.must('dpkg -r plasm')
      assert.equal(await machine.must('ls -l /proc/[0-9]*/exe 2>/dev/null | grep /usr/lib/plasm || true'), '')
      await machine.must('test -s /var/lib/plasm/identity.key -a -s /etc/plasm/plasm.toml')
      await install(newVersion)
      await machine.until(ready)
      assert.equal((await node()).peerId, peerId)
    })

    test('purge leaves nothing', async () => {
      await machine.must('dpkg -P plasm')
      await isAsBefore()
    })

    test('what README.md and docs/run-a-node.md say to type on a server and a laptop works, and leaves nothing', async t => {
      for (const tool of ['php', 'composer', 'git']) {
        if (!(await has(tool))) return t.skip(`${tool} is not here: .ci/install php composer`)
      }
      const laptop = await machine.addNeighbour()
      await typePage('README.md', machine, laptop)
      await machine.must('dpkg -P plasm')
      await typePage('docs/run-a-node.md', machine, laptop)
      await isAsBefore()
    })

    async function isAsBefore(): Promise<void> {
      assert.deepEqual(
        (await files()).filter(path => !filesBefore.includes(path)),
        [],
      )
      assert.equal((await machine.run('getent passwd plasm')).code, 2)
      assert.equal((await machine.run('getent group plasm')).code, 2)
      assert.equal(
        await machine.must('systemctl list-units --all --plain --no-legend "plasm*" | grep -v not-found || true'),
        '',
      )
    }
  })
}

/** What stands between a module and the machine, at least. */
const layers = [
  'nodePermission',
  'parentDeathSignal',
  'noNewPrivileges',
  'noCapabilities',
  'resourceLimits',
  'systemCallFilter',
  'ownService',
  'noNetwork',
]
/** What is not the package's: the system's log and its records, dpkg's own books, homes. */
const watched = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/tmp',
  '/var/log',
  '/var/lib/dpkg',
  '/var/lib/systemd',
  '/var/cache/ldconfig',
  // What the command keeps for whoever types it lies in that person's home, which is not for a package to touch.
  '/root/.cache',
]
/** No disk, and nothing that another service reads. */
const virtual = ['proc', 'devpts']

const has = (tool: string) =>
  run(tool, ['--version']).then(
    () => true,
    () => false,
  )
const residentOf = (unit: string) =>
  `awk '/^VmRSS/ { print $2 }' /proc/$(systemctl show -p MainPID --value ${unit})/status`
const seconds = (begin: number) => Number(((performance.now() - begin) / 1000).toFixed(2))
