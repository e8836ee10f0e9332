/** `/etc/plasm/plasm.toml`, made of the settings themselves: each with its help, and its default by name. */
import { type Setting, settings } from '../server/config.ts'

/** What a machine with this package is for: it takes part. The REST API stays on loopback. */
const values: Readonly<Record<string, string>> = {
  network: '"public"',
  p2p: '["/ip4/0.0.0.0/tcp/7528"]',
}
/** The units say these. */
const ofTheUnits = ['data-dir', 'executor', 'log']

export function configFile(): string {
  const shown = settings.filter(({ name }) => !ofTheUnits.includes(name))
  return `# Plasm's settings: see plasmd(8). After a change: systemctl restart plasmd
# What is not set here has the default that stands beside it. What is in force, and from where:
# plasm config show --origin -- --config /etc/plasm/plasm.toml

${shown.map(block).join('\n')}`
}

function block({ name, value, help, default: fallback, repeatable }: Setting): string {
  const example = repeatable === undefined ? `"${value}"` : `["${value}"]`
  const line = values[name] === undefined ? `# ${name} = ${example}` : `${name} = ${values[name]}`
  return `# ${help} (default: ${fallback})\n${line}\n`
}
