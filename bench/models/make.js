// `node bench/models/make.js [NAME …]`: writes models like those that people deploy, which `npm run bench -- --models bench/models`
// does by itself where they are missing.
import { join, resolve } from 'node:path'
import { onlyOption } from '../../dist/cli/parse.js'
import { runCommand } from '../../dist/cli/run-cli.js'
import { bytesText } from '../../dist/cli/style.js'
import { loadScripts, made } from './scripts.js'

const command = {
  name: 'make',
  summary: 'Write models like those that people deploy, with seeded random weights, as exporters write them',
  positionals: { usage: '[NAME …]', min: 0, max: Infinity },
  options: {
    small: { type: 'boolean', help: 'their twins with few layers and channels, which tests compile' },
    out: {
      type: 'string',
      short: 'o',
      value: 'DIR',
      help: 'where to (default: bench/models/made, small ones in small there)',
    },
    list: { type: 'boolean', help: 'only print the names' },
  },
  notes: `Each model becomes a folder in ONNX's test layout, with inputs and without expected outputs; one that is measured in two
ways becomes two folders. The same scripts write the same bytes. All together take 2 GB.`,
  async run({ positionals, values, flags, usage, print, progress, signal }) {
    const { names, writeModel, scripts } = await loadScripts()
    if (flags.has('list')) return { ok: true, text: names.join('\n'), json: { names } }
    const chosen = positionals.length === 0 ? names : onlyOption(positionals.join(), names, usage)
    const isSmall = flags.has('small')
    const folder = resolve(values['out'] ?? (isSmall ? join(made, 'small') : made))
    const results = {}
    for (const name of chosen) {
      signal.throwIfAborted()
      progress(`making ${name}`)
      const started = performance.now()
      const bytes = writeModel(name, { folder, isSmall, scripts })
      results[name] = { bytes, seconds: (performance.now() - started) / 1000 }
      print(`${name}: ${bytesText(bytes)} in ${results[name].seconds.toFixed(1)} s`)
    }
    return { ok: true, text: folder, json: { folder, models: results } }
  },
}

process.exitCode = await runCommand(command, process.argv.slice(2))
