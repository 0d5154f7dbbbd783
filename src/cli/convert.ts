import { statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { diskError } from '../cache/disk.ts'
import { encodeModel } from '../onnx/write.ts'
import { modelFile } from '../request/request.ts'
import type { Command } from './command.ts'
import { modelArgument } from './model-build.ts'
import { OUT_OPTION } from './output.ts'
import { readNamed } from './read-named.ts'
import { pythonFlag } from './reading.ts'
import { bytesText } from './style.ts'
import { summaries } from './summaries.ts'

export const convert: Command = {
  name: 'convert',
  summary: summaries.convert,
  positionals: modelArgument,
  options: {
    out: { type: 'string', short: 'o', value: 'FILE', help: 'where to (default: beside the model, as .onnx)' },
    python: pythonFlag,
  },
  notes: `What is imported is converted by itself; this is to look at the result, or for other tools. Of a file with several
signatures, one is named as in an import: convert 'm.tflite?signature=decode'. An ONNX file is written anew, with its
external data in it.`,
  async run(invocation) {
    const { positionals, values, usage, progress } = invocation
    const id = positionals[0] ?? ''
    const path = modelFile(id)
    const out = values['out'] ?? path.replace(/\.[^./\\]+$/, '.onnx')
    if (resolve(out) === resolve(path)) throw usage(`${out} is the model itself; name another file with --out`)
    if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
      throw usage(`${out} is a folder; name a file with --out`)
    progress(`converting ${path}`)
    const model = await readNamed(id, invocation)
    const bytes = encodeModel(model)
    await writeFile(out, bytes).catch((error: unknown) => {
      throw diskError(error, out, OUT_OPTION)
    })
    const format = model.format ?? 'ONNX'
    return {
      ok: true,
      text: `${out}: ONNX of ${path} (${format}), ${model.graph.nodes.length} nodes, ${bytesText(bytes.length)}`,
      json: { file: out, format, nodes: model.graph.nodes.length, bytes: bytes.length },
    }
  },
}
