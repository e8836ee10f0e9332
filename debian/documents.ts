/** What a Debian package says of itself: whose it is, and what changed. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../release/bundle.ts'

export const maintainer = 'The Plasm project <maintainers@plasm.invalid>'

/** Of a version that is not released yet: any date, so it is the same one everywhere. */
const unreleased = new Date('2026-01-01T00:00:00Z')

interface Section {
  version: string
  date: Date
  changes: string[]
}

/** The newest section of CHANGELOG.md: `## VERSION, DATE` and its list. */
async function newest(): Promise<Section> {
  const text = await readFile(join(root, 'CHANGELOG.md'), 'utf8')
  const found = /^## (\S+), (\S+)\n([^]*?)(?=^## |$(?![^]))/m.exec(text)
  if (found === null) throw new Error('CHANGELOG.md has no section "## VERSION, DATE"')
  const [, version, date, body] = found as unknown as [string, string, string, string]
  const changes = body
    .split('\n')
    .filter(line => line.startsWith('- '))
    .map(line => line.slice(2))
  return { version, date: date === 'unreleased' ? unreleased : new Date(`${date}T00:00:00Z`), changes }
}

/** The time that everything in the package has. */
export async function releasedAt(): Promise<Date> {
  return (await newest()).date
}

/** In Debian's form. */
export async function changelog(version: string): Promise<string> {
  const { date, changes } = await newest()
  const when = date.toUTCString().replace('GMT', '+0000')
  const lines = changes.map(change => `  * ${wrapped(change, 74).join('\n    ')}`)
  return `plasm (${version}) unstable; urgency=medium\n\n${lines.join('\n')}\n\n -- ${maintainer}  ${when}\n`
}

/** In Debian's form (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/). */
export const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Plasm
Comment: The licences of the JavaScript packages that the bundles in
 /usr/lib/plasm contain are in THIRD-PARTY-LICENCES.gz beside this file.

Files: *
Copyright: 2026 The Phase and Plasm authors
License: Apache-2.0
 On Debian systems, the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/plasm/libatomic.so.1
Copyright: Free Software Foundation, Inc.
License: GPL-3+ with GCC-exception-3.1
 On Debian systems, the text of the GNU General Public License is in
 /usr/share/common-licenses/GPL-3. The GCC Runtime Library Exception 3.1 grants
 additional permission for what is compiled with GCC. The source is that of the
 package gcc-12 of Debian 12.

Files: usr/lib/plasm/web/*
Copyright: SmartBear Software, and the Fastify team
License: Apache-2.0 and MIT
 On Debian systems, the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0; that of the MIT licence is in
 THIRD-PARTY-LICENCES.gz under @fastify/swagger-ui.

Files: usr/lib/plasm/node
Copyright: Node.js contributors, Joyent, Inc. and other Node contributors
License: Node.js
 The MIT licence, with those of all that Node.js contains, in node-LICENSE.gz
 beside this file.
`

function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string
    if (last.length + word.length + 1 > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
