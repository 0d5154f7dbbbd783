import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { resolveTarget } from '../../src/targets/index.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { oneOfEach } from './hosts.ts'
import { addModel } from './models.ts'

// One module for several kinds of machines. Those of other archs: test/package/prebuilds.test.ts.

const app = (targets: string) => ({
  'main.js': `
    import model, { target, compiler } from './add.onnx?target=${targets}'
    model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) =>
      console.log(JSON.stringify({ y: [...y.data], sync: [...model.runSync({ x: [1, 2, 3] }).y.data], target, of: model.target, compiler: compiler.name })))`,
  'add.onnx': addModel(10),
})

const here = resolveTarget('host').name

describe.skipIf(process.arch !== 'x64').each(oneOfEach)('$name', (host) => {
  test.each(['auto', 'inline'] as const)('what fits is chosen, files: %s', async (files) => {
    const root = await temporaryFolder()
    await writeFiles(root, app('wasm,x86-64-v2,host,x86-64-v4'))
    const outDir = join(root, 'out')
    const built = await host.build({ root, entries: { main: 'main.js' }, outDir, options: { files } })
    expect(built.warnings).toEqual([])

    const moved = await moveElsewhere(outDir)
    const expected = { y: [11, 12, 13], sync: [11, 12, 13], target: here, of: here, compiler: 'builtin' }
    expect(await execute(join(moved, built.file('main')))).toEqual(expected)
    const native = new Set(['x86-64-v4', here, 'x86-64-v2'])
    const endings = (await filesBelow(moved)).map((file) => /\.(so|node|wasm|targets\.json)$/.exec(file)?.[1])
    const count = (ending: string) => endings.filter((found) => found === ending).length
    const isInside = files === 'inline'
    expect([count('so'), count('node'), count('targets.json')]).toEqual(isInside ? [0, 0, 0] : [native.size, 1, 1])
    expect(count('wasm') > 0).toBe(!isInside)
  })

  test('a list tells of the files', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, app('x86-64,wasm'))
    const outDir = join(root, 'out')
    await host.build({ root, entries: { main: 'main.js' }, outDir })
    const list = (await filesBelow(outDir)).find((file) => file.endsWith('.targets.json'))
    expect(JSON.parse(await readFile(join(outDir, list!), 'utf8'))).toMatchObject({
      model: 'add.onnx',
      targets: [
        {
          target: 'x86-64',
          compiler: { name: 'builtin' },
          requires: { arch: 'x64', cpu: 'x86-64' },
          files: [
            { role: 'addon', name: 'onnx-mlir.node', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
            { role: 'library', name: 'add-x86-64.so' },
          ],
        },
        { target: 'wasm', files: [{ role: 'library', name: 'add.wasm' }] },
      ],
    })
  })
})
