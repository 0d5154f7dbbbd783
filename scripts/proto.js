// Makes src/onnx/generated/onnx.js and .d.ts from src/onnx/onnx.proto: static code, no reflection, nothing compiled at run time.
// With --check, writes nothing and fails where the files are not what it would write.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const onnx = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'onnx')
const pbjs = join(dirname(createRequire(import.meta.url).resolve('protobufjs-cli/package.json')), 'bin', 'pbjs')
const header = '// Made from src/onnx/onnx.proto by `npm run proto`. Do not edit.\n'

const work = mkdtempSync(join(tmpdir(), 'onnx-proto-'))
try {
  const out = join(work, 'onnx.js')
  // A named root: the default one is shared with every other protobufjs module of the process, which may have an `onnx` too.
  const flags =
    '--target static-module --wrap esm --es6 --root unplugin-onnx-mlir --dependency protobufjs/minimal.js --dts ' +
    '--null-semantics --no-create --no-verify --no-convert --no-delimited --no-typeurl --no-service'
  execFileSync(process.execPath, [pbjs, ...flags.split(' '), '--out', out, join(onnx, 'onnx.proto')], {
    stdio: 'inherit',
  })
  const made = {
    'onnx.js': withoutDocs(readFileSync(out, 'utf8')),
    'onnx.d.ts': ourTypes(readFileSync(out.replace(/js$/, 'd.ts'), 'utf8')),
  }
  for (const [name, text] of Object.entries(made)) save(join(onnx, 'generated', name), header + text)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function save(path, text) {
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is not what src/onnx/onnx.proto makes; run \`npm run proto\``)
    process.exitCode = 1
  }
}

/** The doc comments are in the .d.ts already. */
function withoutDocs(js) {
  return js.replace(/^[ \t]*\/\*\*[^]*?\*\/\r?\n/gm, '').replace(/\n{3,}/g, '\n\n')
}

/** The types as WireReader and WireWriter make them: 64-bit integers are bigint, packed scalars stay bytes until they are used. */
function ourTypes(dts) {
  return dts
    .replace('import Long = require("long");', 'import type { WireReader, WireWriter } from "../wire.js";')
    .replace(/import \* as \$protobuf.*\n/, '')
    .replace(/^ +\w+: .*;$/gm, (field) => field.replaceAll('.$Properties', ''))
    .replace(/^( +\w+): \(number\|Long\)\[\];/gm, '$1: (bigint|Uint8Array)[];')
    .replace(/^( +\w+): number\[\];/gm, '$1: (number|Uint8Array)[];')
    .replace(/\(?number\|Long\)?(?=\[\])/g, 'bigint')
    .replaceAll('number|Long', 'bigint')
    .replaceAll('($protobuf.Reader|Uint8Array)', 'WireReader')
    .replaceAll('writer?: $protobuf.Writer): $protobuf.Writer', 'writer: WireWriter): WireWriter')
    .replace(/(static decode\(.*\): onnx\.[\w.]+) & onnx\.[\w.$]+;/g, '$1;')
}
