import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { moduleSource } from '../../src/emit/module.ts'
import type { ModelFacts } from '../../src/runtime/index.ts'

// What a program for Node carries of the runtime: that which runs its models, and nothing of the other way.

const runtime = fileURLToPath(new URL('../../src/runtime/node.ts', import.meta.url))
const ofNative = ['it has no addon', 'staticLimit']
const ofWasm = ['om_call', 'worker_threads']

async function bundle(target: string): Promise<string> {
  const facts: ModelFacts = {
    name: 'm.onnx',
    signature: { inputs: [], outputs: [] },
    target,
    compiler: { name: 'builtin', version: '1' },
  }
  const contents = `${moduleSource({ facts, platform: 'node', runtime, files: { library: '"m"' } })}\nawait run({})`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  })
  return outputFiles[0]!.text
}

test.each([
  ['x86-64-v3', ofNative, ofWasm],
  ['z16', ofNative, ofWasm],
  ['wasm', ofWasm, ofNative],
])('%s', async (target, has, hasNot) => {
  const code = await bundle(target)
  for (const text of has) expect(code).toContain(text)
  for (const text of hasNot) expect(code).not.toContain(text)
})
