// The form, its files, and what is shown of the verdict. The work is done in check.js.
const form = document.querySelector('form')
const stop = document.querySelector('#stop')
const verdict = document.querySelector('#verdict')
let worker

form.addEventListener('submit', event => {
  event.preventDefault()
  start(Object.fromEntries(new FormData(form)))
})
stop.addEventListener('click', () => {
  end()
  show('stopped', heading('Stopped'), text('Nothing was found out.'))
})
addEventListener('dragover', event => event.preventDefault())
addEventListener('drop', event => {
  event.preventDefault()
  for (const file of event.dataTransfer.files) void put(file)
})

function start(data) {
  end()
  worker = new Worker('check.js', { type: 'module' })
  worker.addEventListener('message', ({ data: found }) => {
    end()
    show(found.kind, ...wordsOf(found))
  })
  worker.addEventListener('error', () => {
    end()
    show('nothing', heading('Nothing can be said'), text('The SDK is not here: run “npm install” in this folder.'))
  })
  worker.postMessage(data)
  stop.disabled = false
  show('running', text('Running …'))
}

function end() {
  worker?.terminate()
  worker = undefined
  stop.disabled = true
}

/** Into the field that it is for, by what is in it. */
async function put(file) {
  const files = new DataTransfer()
  files.items.add(file)
  form.elements[await fieldOf(file)].files = files.files
}

const fields = {
  'application/vnd.in-toto+json': 'receipt',
  'application/vnd.phase.job-request.v1+json': 'request',
}
/** Twice the largest signed request, in base64. */
const envelopeBytesMax = 2 * 1024 * 1024

async function fieldOf(file) {
  if ((await file.slice(0, 4).text()) === '\0asm') return 'module'
  try {
    const { payloadType } = file.size > envelopeBytesMax ? {} : JSON.parse(await file.text())
    return fields[payloadType] ?? 'stdin'
  } catch {
    return 'stdin'
  }
}

function wordsOf({ kind, claim, differences, signer, pinned, message, hint }) {
  if (kind === 'invalid') return [heading('The receipt does not hold'), text(message)]
  if (kind === 'nothing') {
    const more = hint === undefined ? [] : [text(hint)]
    return [heading('Nothing can be said'), text(message), ...more]
  }
  const { outcome, fuel, stdout } = claim
  const how = outcome.reason === 'exited' ? `exited with ${outcome.exitCode}` : outcome.reason
  const ran = text(`Here the module ${how}, with ${stdout.size} bytes of output, for ${fuel} fuel.`)
  const whose = pinned ? 'the executor that you expect' : 'whose key that is, this page does not know'
  const signed = text(`Signed by ${signer}: ${whose}.`)
  if (kind === 'same') return [heading('The claim comes out'), ran, signed]
  const title = kind === 'other' ? 'The claim does not come out' : 'It claims what this page does not know'
  return [heading(title), ran, tableOf(differences), signed]
}

function tableOf(differences) {
  const shown = value => (value === undefined ? 'nothing' : JSON.stringify(value))
  const table = document.createElement('table')
  const head = element('tr', ...['Member', 'Claimed', 'Found'].map(name => element('th', name)))
  const rows = differences.map(({ member, claimed, found }) =>
    element('tr', ...[member, shown(claimed), shown(found)].map(value => element('td', value))),
  )
  table.append(element('thead', head), element('tbody', ...rows))
  return table
}

function show(kind, ...content) {
  verdict.className = kind
  verdict.replaceChildren(...content)
}

function element(name, ...content) {
  const made = document.createElement(name)
  made.append(...content)
  return made
}
const heading = words => element('h2', words)
const text = words => element('p', words)
