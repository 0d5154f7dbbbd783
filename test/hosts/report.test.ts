import { readdir, readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'vite'
import { expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import vitePlugin from '../../src/vite.ts'
import { temporaryFolder, writeFiles } from './app.ts'

/** A product, which NNPA has, and a cosine, which it has not. */
const model = modelBytes({
  opsets: { '': 17 },
  inputs: { x: tensorType('float32', [4, 32]) },
  outputs: { y: tensorType('float32', [4, 32]) },
  initializers: { w: tensorFrom('float32', [32, 32], new Float32Array(1024)) },
  nodes: [
    { op: 'MatMul', name: 'product', inputs: ['x', 'w'], outputs: ['a'] },
    { op: 'Cos', name: 'cosine', inputs: ['a'], outputs: ['y'] },
  ],
})

async function project(): Promise<string> {
  const root = await temporaryFolder()
  await writeFiles(root, { 'package.json': '{ "type": "module" }', 'm.onnx': model })
  return root
}

test('in dev the app runs here while the report for z16 stands beside the server', async () => {
  const root = await project()
  await writeFiles(root, {
    'm.tflite': model,
    'main.js': `
      export { default } from './m.onnx?target=z16'
      export { default as beside } from './m.tflite?target=z16'`,
  })
  const plugin = vitePlugin({ root, compiler: 'builtin', cache: join(root, 'cache'), types: false })
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [plugin],
    server: { port: 0 },
  })
  try {
    const { default: loaded } = await server.ssrLoadModule('/main.js')
    expect(loaded.runSync({ x: new Float32Array(128) }).y.data[0]).toBe(1)
    expect(loaded.report).toMatchObject({ target: 'z16', source: 'predicted', summary: { nnpa: 1, cpu: 1 } })

    await server.listen()
    const { port } = server.httpServer!.address() as AddressInfo
    const list = await (await fetch(`http://localhost:${port}/__onnx/`)).text()
    expect(list).toContain('href="/__onnx/m-z16"')
    for (const name of ['m-z16', 'm.tflite-z16'])
      expect(await (await fetch(`http://localhost:${port}/__onnx/${name}`)).text()).toContain('product')
    expect((await fetch(`http://localhost:${port}/__onnx/..%2Fpackage.json`)).status).toBe(404)
  } finally {
    await server.close()
  }
  expect((await readdir(join(root, '.onnx-mlir', 'reports'))).sort()).toEqual([
    'm-z16.nnpa.html',
    'm-z16.nnpa.json',
    'm.tflite-z16.nnpa.html',
    'm.tflite-z16.nnpa.json',
  ])
  const report: { nodes: unknown } = JSON.parse(
    await readFile(join(root, '.onnx-mlir', 'reports', 'm-z16.nnpa.json'), 'utf8'),
  )
  expect(report.nodes).toMatchObject([
    { name: 'product', device: 'nnpa' },
    { name: 'cosine', device: 'cpu' },
  ])
})

test('a build can ask for a share of the work on NNPA', async () => {
  const root = await project()
  const quiet = { mode: 'build', log: () => undefined, warn: () => undefined } as const
  const pipeline = createPipeline({
    cache: join(root, 'cache'),
    compiler: 'builtin',
    target: 'z16',
    report: { minNnpa: 1 },
  })
  await expect(pipeline.build(join(root, 'm.onnx'), quiet)).rejects.toThrow(
    /% of the floating-point operations run on NNPA/,
  )
})

test('a build that asks for a share warns of a model without work, and fails where nobody can tell the share', async () => {
  const root = await project()
  const warnings: string[] = []
  const context = { mode: 'build', log: () => undefined, warn: (line: string) => void warnings.push(line) } as const
  const write = (op: string, type: ReturnType<typeof tensorType>) =>
    writeFile(
      join(root, 'm.onnx'),
      modelBytes({
        opsets: { '': 20 },
        inputs: { x: type },
        outputs: { y: type },
        nodes: [{ op, name: 'only', inputs: ['x'], outputs: ['y'] }],
      }),
    )
  const options = { cache: join(root, 'cache'), compiler: 'builtin', target: 'z16', report: { minNnpa: 0.9 } } as const
  await write('Identity', tensorType('float32', [2, 4]))
  await createPipeline(options).build(join(root, 'm.onnx'), context)
  expect(warnings).toContainEqual(expect.stringContaining('it has no floating-point operations'))

  await write('Exp', tensorType('float32'))
  await expect(createPipeline(options).build(join(root, 'm.onnx'), context)).rejects.toThrow(
    /is unknown, and 90.0 % are asked for: those of node "only" \(Exp\)/,
  )
})
