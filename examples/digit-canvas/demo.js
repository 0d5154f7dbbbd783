/** The page, built by Vite and served as a host of static sites would; Ctrl-C ends it. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { facts, failure, size, step, table } from '../demo-kit/print.js'
import { openBrowser } from './demo/open.js'
import { filesOf, serve } from './demo/server.js'

const usage = `node demo.js [--port N] [--open] [--built DIR]

  --port N     where to listen; otherwise any port that is free
  --open       open the page in the browser
  --built DIR  serve what an earlier build left there instead of building`

const root = fileURLToPath(new URL('.', import.meta.url))

class UsageError extends Error {}

/** @param {{ port: number, open?: boolean, built?: string }} options */
async function demo({ port, open, built }) {
  if (built === undefined) {
    step('Build the page with Vite: import model from ./digit.onnx')
    await build({ root, configFile: join(root, 'vite.config.ts') })
  }

  step('Serve it')
  const files = filesOf(built ?? join(root, 'dist'))
  // Of the two modules a browser loads the one that suits its engine; they are of one size.
  const loaded = files.filter(({ name }) => !name.includes('-relaxed-simd-'))
  const all = {
    name: 'what a page loads',
    bytes: sum(loaded.map(({ bytes }) => bytes)),
    gzipped: sum(loaded.map(({ gzipped }) => gzipped)),
  }
  table([
    ['file', 'size', 'gzip'],
    ...files.map(({ name, bytes, gzipped }) => [name, size(bytes.length), size(gzipped.length)]),
    [all.name, size(all.bytes), size(all.gzipped)],
  ])
  const { url, close } = await serve(files, port)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close())
  facts({ address: url, end: 'Ctrl-C' })
  if (open && !(await openBrowser(url)))
    console.log('   no browser to open here; the address works in any on this machine')
}

/** @param {readonly Buffer[]} buffers */
function sum(buffers) {
  return buffers.reduce((bytes, { length }) => bytes + length, 0)
}

try {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      open: { type: 'boolean' },
      built: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65535)
    throw new UsageError(`--port takes a number up to 65535, not ${values.port}`)
  if (values.help) console.log(usage)
  else await demo({ ...values, port })
} catch (error) {
  failure(error instanceof Error ? error.message : String(error))
  const unknownOption = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  const wrongUsage = unknownOption || error instanceof UsageError
  if (wrongUsage) console.error(usage)
  process.exitCode = wrongUsage ? 2 : 1
}
