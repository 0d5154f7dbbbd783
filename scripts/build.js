// Compiles src/ to dist/ with tsc, copies what tsc leaves out (the generated protobuf reader, what the NNPA report's page is put
// together from, and the script that Python runs), and makes the programs of workers and the CommonJS form of the runtime one text each.
// With --publish, files whose source is gone go first, and declarations that nobody can see go last.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeCommonJs } from './common-js.js'
import { removeInternalDeclarations } from './declarations.js'
import { writeWorkers } from './worker.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

const isPublished = process.argv.includes('--publish')
if (isPublished) rmSync(join(root, 'dist'), { recursive: true, force: true })

const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
  cwd: root,
})
if (status !== 0) process.exit(status ?? 1)
const generated = join(root, 'src', 'onnx', 'generated')
if (existsSync(generated)) cpSync(generated, join(root, 'dist', 'onnx', 'generated'), { recursive: true })
for (const file of ['nnpa.schema.json', 'html/viewer.css', 'html/viewer.js'])
  cpSync(join(root, 'src', 'report', file), join(root, 'dist', 'report', file))
cpSync(join(root, 'src/formats/python/convert.py'), join(root, 'dist/formats/python/convert.py'))
await writeWorkers(join(root, 'dist', 'runtime'))
await writeCommonJs(join(root, 'dist', 'runtime'))
if (isPublished) removeInternalDeclarations(root)
