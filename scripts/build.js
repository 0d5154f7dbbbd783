// Compiles src/ to dist/ with tsc, copies what tsc leaves out (the generated protobuf reader, and what the NNPA report's
// page is put together from), and makes the programs of workers one text each.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeWorkers } from './worker.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
  cwd: root,
})
if (status !== 0) process.exit(status ?? 1)
const generated = join(root, 'src', 'onnx', 'generated')
if (existsSync(generated)) cpSync(generated, join(root, 'dist', 'onnx', 'generated'), { recursive: true })
for (const file of ['nnpa.schema.json', 'html/viewer.css', 'html/viewer.js'])
  cpSync(join(root, 'src', 'report', file), join(root, 'dist', 'report', file))
await writeWorkers(join(root, 'dist', 'runtime'))
