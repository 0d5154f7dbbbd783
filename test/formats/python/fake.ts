import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { modelBytes, tensorType } from '../../../src/onnx/build.ts'
import { tensorFrom } from '../../../src/onnx/tensor.ts'
import { zipOf } from '../pt2/writer.ts'

/** What a program that passes for Python has, and what it answers when it is to convert. */
export interface Fake {
  readonly torch?: string | null
  readonly keras?: string | null
  readonly tf2onnx?: string | null
  /** Written as the ONNX model. */
  readonly onnx?: Uint8Array
  /** The result; that of a success by default. */
  readonly result?: object
  /** Lines of JavaScript that are run instead of a conversion. */
  readonly instead?: string
}

/** Writes a program that answers like a Python; its calls are told by `callsOf`. */
export function fakePython(
  path: string,
  { torch = null, keras = null, tf2onnx = null, onnx = added(1), ...given }: Fake = {},
): string {
  const { result = { ok: true, warnings: [], files: [] }, instead } = given
  mkdirSync(dirname(path), { recursive: true })
  const answer = { python: '3.11.2', folders: [], packages: { torch, keras, tf2onnx } }
  writeFileSync(
    path,
    `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = process.getBuiltinModule('node:fs')
const isProbe = process.argv[3] === 'probe'
appendFileSync(${JSON.stringify(`${path}.calls`)}, isProbe ? 'probe\\n' : readFileSync(process.argv[3], 'utf8').replace(/\\s+/g, ' ') + '\\n')
if (isProbe) console.log('welcome\\n' + ${JSON.stringify(JSON.stringify(answer))})
else {
  const job = JSON.parse(readFileSync(process.argv[3], 'utf8'))
  ${instead ?? `writeFileSync(job.onnx, Buffer.from('${Buffer.from(onnx).toString('base64')}', 'base64')); writeFileSync(job.result, ${JSON.stringify(JSON.stringify(result))})`}
}
`,
  )
  chmodSync(path, 0o755)
  return path
}

/** The jobs that a fake was given, and how often it was probed. */
export function callsOf(path: string): { readonly probes: number; readonly jobs: any[] } {
  const lines = existsSync(`${path}.calls`) ? readFileSync(`${path}.calls`, 'utf8').trim().split('\n') : []
  return {
    probes: lines.filter((line) => line === 'probe').length,
    jobs: lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as unknown),
  }
}

/** ONNX of x[3] + n. */
export function added(n: number): Uint8Array {
  return modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [3]) },
    outputs: { y: tensorType('float32', [3]) },
    initializers: { n: tensorFrom('float32', [], [n]) },
    nodes: [{ op: 'Add', inputs: ['x', 'n'], outputs: ['y'] }],
  })
}

/** What torch.jit.save writes, as far as anything but PyTorch looks at it. */
export function scriptZip(content = ''): Uint8Array {
  return zipOf({ 'net/data.pkl': '', 'net/constants.pkl': '', 'net/code/__torch__.py': content })
}

/** Adds to a file, so that it is another. */
export function touch(path: string, text: string): void {
  appendFileSync(path, text)
}
