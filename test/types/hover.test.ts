import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { encodeModel } from '../../src/onnx/write.ts'
import { readModel } from '../../src/formats/read.ts'
import { writeFile } from 'node:fs/promises'
import { declaredOf } from '../../src/pipeline/index.ts'
import { generateTypes } from '../../src/types/generate.ts'
import { buildPackage } from './project.ts'
import { appOf, isInstalled, typescripts } from './tools.ts'

/** As much of TypeScript's programs for editors as is asked here. */
interface Editors {
  readonly sys: { readFile(path: string): string | undefined; fileExists(path: string): boolean }
  readonly ScriptSnapshot: { fromString(text: string): unknown }
  getDefaultLibFilePath(options: object): string
  displayPartsToString(parts: unknown): string
  createLanguageService(host: object): {
    getQuickInfoAtPosition(
      file: string,
      position: number,
    ):
      | { readonly displayParts: unknown; readonly documentation: unknown; readonly tags?: readonly unknown[] }
      | undefined
  }
}

test.skipIf(!isInstalled)('an editor shows name, type, shape and what the model says of itself', async () => {
  const packageFolder = await mkdtemp(join(tmpdir(), 'onnx-mlir-package-'))
  try {
    await buildPackage(packageFolder)
    const source = `import fraud from './fraud.onnx'\nconst { score } = fraud.runSync({ amounts: new Float32Array(4) })\nexport { score }\n`
    const root = await appOf({ 'src/main.ts': source }, { packageFolder, typescript: typescripts['TypeScript 5.9']! })
    const bytes = modelBytes({
      opsets: { '': 17 },
      docString: 'Finds fraud.\n@deprecated use another */',
      inputs: { amounts: tensorType('float32', ['batch', 4]) },
      outputs: { score: tensorType('float32', ['batch', 4]) },
      nodes: [{ op: 'Relu', inputs: ['amounts'], outputs: ['score'] }],
    })
    const path = join(root, 'src/fraud.onnx')
    await writeFile(path, bytes)
    const model = await readModel(path)
    const graph = {
      ...model.graph,
      inputs: model.graph.inputs.map((info) => ({ ...info, docString: 'Euros, oldest first.' })),
      outputs: model.graph.outputs.map((info) => ({ ...info, docString: 'From 0 to 1.' })),
    }
    await writeFile(path, encodeModel({ ...model, graph }))
    await generateTypes({ root, signatureOf: declaredOf })

    const ts = createRequire(import.meta.url)(typescripts['TypeScript 5.9']!) as Editors
    const main = join(root, 'src/main.ts')
    const service = ts.createLanguageService({
      ...ts.sys,
      getCompilationSettings: () => ({
        allowArbitraryExtensions: true,
        rootDirs: [root, join(root, '.onnx-mlir/types')],
        target: 9,
        module: 99,
        moduleResolution: 100,
        types: [],
      }),
      getScriptFileNames: () => [main],
      getScriptVersion: () => '1',
      getScriptSnapshot: (path: string) => ts.ScriptSnapshot.fromString(ts.sys.readFile(path) ?? ''),
      getCurrentDirectory: () => root,
      useCaseSensitiveFileNames: () => true,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
    })
    const hover = (word: string) => {
      const info = service.getQuickInfoAtPosition(main, source.indexOf(word))!
      return [ts.displayPartsToString(info.displayParts), ts.displayPartsToString(info.documentation), info.tags ?? []]
    }
    expect(hover('fraud')).toEqual([
      '(alias) const fraud: TypedModel\nimport fraud',
      '"src/fraud.onnx"\n\nFinds fraud.\n&#64;deprecated use another *\\/\n\nTakes "amounts": float32 [batch, 4]\n\nGives "score": float32 [batch, 4]',
      [],
    ])
    expect(hover('amounts')).toEqual([
      expect.stringContaining('TensorInput<"float32", readonly [number, 4]>'),
      '"amounts": float32 [batch, 4]\n\nEuros, oldest first.',
      [],
    ])
    expect(hover('score')).toEqual([
      expect.stringContaining('Tensor<"float32", readonly [number, 4]>'),
      expect.stringMatching(/^(?:"score": float32 \[batch, 4\]\n\nFrom 0 to 1\.)?$/),
      [],
    ])
  } finally {
    await rm(packageFolder, { recursive: true, force: true })
  }
})
