import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { languages, readme, readmeFile, samples, samplesDirectory } from './readme.ts'

for (const language of languages) {
  test(`the README for ${language.name} is what the template, the samples and the exceptions say`, async () => {
    const fresh = await readme(language)
    const kept = await readFile(readmeFile(language), 'utf8').catch(() => '')
    if (kept !== fresh) await writeFile(readmeFile(language), fresh)
    assert.ok(kept === fresh, `${readmeFile(language)} was stale. It has been written again: commit it.`)
    assert.doesNotMatch(fresh, /\{\{/)
  })

  test(`every sample is there for ${language.name}, and shown`, async () => {
    const files = await readdir(samplesDirectory(language))
    for (const name of Object.keys(samples)) assert.ok(files.includes(`${name}.${language.extension}`), name)
    const blocks = (await readme(language)).split(`\`\`\`${language.extension}\n`).length - 1
    assert.equal(blocks, files.length)
  })
}
