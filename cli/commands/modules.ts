import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { CommandFile } from '../command-file.ts'
import { sinkTo } from '../outputs.ts'
import { ago, bytes, facts, table } from '../text.ts'

export const modules: CommandFile = {
  needsNode: true,
  define(command) {
    command
      .argument('[action]', 'list, put FILE, show DIGEST, get DIGEST', 'list')
      .argument('[what]', 'a .wasm file to put, or the digest of a module')
      .option('-o, --output <file>', 'where get writes to [stdout]')
      .option('--limit <n>', 'how many to list at most [50]', '50')
  },
  async run(context, [action, what]: [string, string | undefined], flags: { output?: string; limit: string }) {
    context.catchInterrupt()
    const { ArgumentError } = await import('../../sdks/typescript/src/index.ts')
    const { api } = await context.plasm()
    const { signal } = context
    if (action === 'list') {
      const page = await api.listModules({ signal, limit: Number(flags.limit) })
      const rows = page.items.map(({ digest, size, createdAt }) => [digest, bytes(size), ago(createdAt, Date.now())])
      context.print(page, () =>
        rows.length === 0 ? 'No modules yet.\n' : table(['MODULE', 'SIZE', 'FIRST SEEN'], rows),
      )
      return undefined
    }
    if (!['put', 'show', 'get'].includes(action) || what === undefined) {
      throw new ArgumentError(`Cannot do "${action}": list, put FILE, show DIGEST or get DIGEST was expected`)
    }
    if (action === 'put') {
      const { openAsBlob } = await import('node:fs')
      const module = await api.putModule(await openAsBlob(what), { signal })
      context.print(module, () => `${module.digest}\n`)
    } else if (action === 'show') {
      const module = await api.getModule(what, { signal })
      const { memory } = module
      const named = (ones: readonly { name: string; module?: string }[]) =>
        ones.map(({ name, module }) => (module === undefined ? name : `${module}.${name}`)).join(' ')
      context.print(module, () =>
        facts([
          ['module', module.digest],
          ['size', bytes(module.size)],
          [
            'memory',
            memory &&
              `${bytes(memory.initialBytes)} at first, ${memory.maximumBytes === undefined ? 'no limit' : `at most ${bytes(memory.maximumBytes)}`}`,
          ],
          ['imports', named(module.imports)],
          ['exports', named(module.exports)],
          ['first seen', module.createdAt],
        ]),
      )
    } else {
      const file = flags.output === undefined ? undefined : createWriteStream(flags.output)
      await api.getModuleContent(what, { signal, sink: sinkTo(file ?? context.terminal.stdout) })
      if (file !== undefined) {
        await finished(file.end())
        context.print({ digest: what, file: flags.output }, () => '')
      }
    }
    return undefined
  },
}
