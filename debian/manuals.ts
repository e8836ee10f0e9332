/** The manual pages, made of what the command and the settings say of themselves (man-pages(7), groff_man(7)). */
import { gzipSync } from 'node:zlib'
import { settings } from '../server/config.ts'
import { releasedAt } from './documents.ts'

/** Without name and time, so that the same text has the same bytes. */
export const compressed = (text: string): Uint8Array => gzipSync(text, { level: 9 })

/** Pages by their path below share/man. `plasm` runs the command. */
export async function manuals(
  plasm: (...args: string[]) => Promise<string>,
  version: string,
): Promise<Record<string, string>> {
  const date = (await releasedAt()).toISOString().slice(0, 10)
  const head = (name: string, section: number) =>
    `.TH ${name.toUpperCase()} ${section} ${date} "Plasm ${version}" "Plasm manual"`
  return {
    'man1/plasm.1': `${head('plasm', 1)}\n${await commandPage(plasm)}`,
    'man5/plasm.toml.5': `${head('plasm.toml', 5)}\n${settingsPage()}`,
    'man8/plasmd.8': `${head('plasmd', 8)}\n${daemonPage()}`,
  }
}

async function commandPage(plasm: (...args: string[]) => Promise<string>): Promise<string> {
  const overview = await plasm('--help')
  const names = [...overview.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name as string)
  const helps = await Promise.all(names.map(async name => [name, await plasm(name, '--help')] as const))
  return `.SH NAME
plasm \\- run WebAssembly on nodes of Phase, and check their receipts
.SH SYNOPSIS
.B plasm
.I COMMAND
[options] ...
.SH DESCRIPTION
${verbatim(overview)}
.SH COMMANDS
${helps.map(([name, help]) => `.SS plasm ${name}\n${verbatim(help)}`).join('\n')}
.SH SEE ALSO
.BR plasmd (8),
.BR plasm.toml (5)
`
}

function settingsPage(): string {
  const entries = settings.map(
    ({ name, value, help, default: fallback, repeatable }) =>
      `.TP\n.BR ${roff(name)} " = \\fI${roff(value)}\\fR"\n${roff(help)}${repeatable === undefined ? '' : ', a list'} (default: ${roff(fallback)})`,
  )
  return `.SH NAME
plasm.toml \\- settings of a Plasm node
.SH SYNOPSIS
.I /etc/plasm/plasm.toml
.SH DESCRIPTION
The file is TOML (https://toml.io). Each setting has a twin in the environment (\\fBdata\\-dir\\fR is \\fBPLASM_DATA_DIR\\fR, a list is
separated by commas) and one on the command line of \\fBplasm serve\\fR (\\fB\\-\\-data\\-dir\\fR). Flags win over the environment, the environment
over the file. A name that is no setting, or a value that cannot be used, ends the start with one line that says which, and exit code 2.
.PP
The service is given its data directory and its executor by its unit.
.SH SETTINGS
${entries.join('\n')}
.SH SEE ALSO
.BR plasmd (8),
.BR plasm (1)
`
}

const daemonPage = () => `.SH NAME
plasmd \\- the Plasm node as a service
.SH SYNOPSIS
.B systemctl
start|stop|restart|status
.B plasmd
.SH DESCRIPTION
\\fBplasmd.service\\fR is a node of Phase: it serves the REST API on http://127.0.0.1:7527 (its documentation is at /docs), takes part in
the peer to peer network on TCP port 7528, and keeps jobs, modules, outputs and receipts in /var/lib/plasm.
.PP
Strangers' modules run in \\fBplasm\\-executor.service\\fR: another user, without network, without the node's key, without a disk that it
could write to. The two speak over \\fI/run/plasm/executor.socket\\fR. The executor starts when the node asks for it.
.PP
Either comes back by itself when it is killed: jobs that were accepted are not lost, and those that ran are run again. Wrong settings end
the start with exit code 2, and the service stays down until they are mended.
.SH FILES
.TP
.I /etc/plasm/plasm.toml
The settings, see \\fBplasm.toml\\fR(5). Read at the start.
.TP
.I /var/lib/plasm
All that the node keeps, for its user \\fBplasm\\fR alone.
.TP
.I /var/lib/plasm/identity.key
The node's key, made at its first start. Who has it is this node: its backup wants as much care as the file.
.SH ENVIRONMENT
Drop\\-ins of \\fBsystemctl edit plasmd\\fR may set the twins of the settings, \\fBPLASM_SLOTS\\fR for example.
.SH DIAGNOSTICS
The log is JSON, a line for each entry: \\fBjournalctl \\-u plasmd\\fR, and \\fBjournalctl \\-u plasm\\-executor\\fR. Whether the node is
ready, and if not why, says http://127.0.0.1:7527/readyz; \\fBplasm doctor\\fR looks for what is wrong.
.SH SEE ALSO
.BR plasm (1),
.BR plasm.toml (5),
.BR journalctl (1),
.BR systemd.service (5)
`

/** Text as it is, for a page. */
const verbatim = (text: string): string => `.nf\n${text.trimEnd().split('\n').map(roff).join('\n')}\n.fi`

const roff = (line: string): string =>
  line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&')
