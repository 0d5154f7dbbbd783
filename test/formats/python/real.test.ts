import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { describe, expect, it } from 'vitest'
import { findPython } from '../../../src/formats/python/find.ts'
import { readModel } from '../../../src/formats/read.ts'
import { createPipeline } from '../../../src/pipeline/index.ts'
import { runnableModel } from '../../../src/plugin/runnable.ts'
import vitePlugin from '../../../src/vite.ts'
import { execute, moveElsewhere, temporaryFolder, writeFiles } from '../../hosts/app.ts'

// Debian's, or the one that PYTHON names: `apt-get install python3-torch python3-onnx`.
const python = process.env['PYTHON'] ?? '/usr/bin/python3'
const hasTorch = spawnSync(python, ['-c', 'import torch, onnx']).status === 0
if (!hasTorch) console.log(`skipped: ${python} has no torch and onnx, so nothing here is converted by PyTorch itself`)

/** Runs Python in a folder; gives what it prints last, as JSON. TorchScript is made of the text of a file. */
function run(folder: string, source: string): any {
  writeFileSync(join(folder, 'make.py'), source)
  const { status, stdout, stderr } = spawnSync(python, ['make.py'], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1) || 'null')
}

/** A module whose way depends on its data, saved as TorchScript; prints what torch itself gives. */
const gate = `
import json, torch
class Gate(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)
    def forward(self, x):
        y = torch.relu(self.first(x))
        if bool(y.sum() > 1.0):
            return self.second(x)
        return y - 1
torch.manual_seed(7)
net = torch.jit.script(Gate().eval())
net.save('gate.pt')
torch.jit.freeze(net).save('frozen.pt')
inputs = [torch.rand(2, 4) * scale for scale in (-1.0, 0.01, 1.0, 10.0)]
print(json.dumps([[x.flatten().tolist(), net(x).flatten().tolist()] for x in inputs]))
`

const quiet = { mode: 'build', log: () => {}, warn: () => {} } as const

describe.skipIf(!hasTorch)('with PyTorch itself', { timeout: 120_000 }, () => {
  it('a scripted module with an `if` on data gives torch’s own numbers, through Vite', async () => {
    const root = await temporaryFolder()
    const cases = run(root, gate) as [number[], number[]][]
    await writeFiles(root, {
      'package.json': '{ "type": "module" }',
      'main.js': `
        import gate from './gate.pt?inputs=x-float32-batch-4'
        import frozen from './frozen.pt'
        const cases = ${JSON.stringify(cases)}
        const of = (model) => cases.map(([x]) => [...model.runSync({ x: { data: new Float32Array(x), dims: [2, 4] } }).output.data])
        console.log(JSON.stringify([of(gate), of(frozen)]))`,
      'frozen.pt.json': '{ "inputs": { "x": "float32[batch, 4]" } }',
    })
    await build({
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: [vitePlugin({ python, cache: join(root, 'cache'), compiler: 'builtin', types: false })],
      build: { ssr: 'main.js', outDir: 'out' },
    })
    const folder = await moveElsewhere(join(root, 'out'))
    const results = (await execute(join(folder, 'main.js'))) as number[][][]
    // Both ways were taken.
    expect(new Set(cases.map(([, y]) => y.every((value) => value >= -1 && y.includes(-1)))).size).toBe(2)
    for (const outputs of results)
      for (const [i, [, expected]] of cases.entries())
        for (const [j, value] of expected.entries()) expect(outputs[i]![j]).toBeCloseTo(value, 5)
  })

  it('a file of Python: what it names, its example, its sizes that vary, and what it reads', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{ "type": "module" }',
      'layers.py': 'def scale(x, by):\n    return x * by\n',
      'factor.txt': '3',
      'net.py': `
import os, torch
from layers import scale
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.by = float(open(os.path.join(os.path.dirname(__file__), 'factor.txt')).read())
    def forward(self, x, bias: float = 0.5, mask=None):
        return {'scaled': scale(x, self.by) + bias, 'parts': (x, x - 1)}
def small():
    return Net(), torch.ones(2)
def example_inputs():
    return {'x': torch.ones(2, 3)}
dynamic_axes = {'x': {0: 'batch'}}
`,
    })
    const pipeline = createPipeline({ python, cache: join(root, 'cache'), compiler: 'builtin', report: false })
    const built = async (query: string) => {
      const of = await pipeline.build(`${join(root, 'net.py')}?${query}`, quiet)
      return { of, model: await runnableModel(join(root, 'net.py'), of) }
    }
    const { of, model } = await built('export=Net')
    expect(of.artifact.signature).toMatchObject({
      inputs: [{ name: 'x', type: 'float32', shape: ['batch', 3] }],
      outputs: [{ name: 'scaled' }, { name: 'parts.0' }, { name: 'parts.1' }],
    })
    expect(of.watch.map((path) => path.slice(root.length + 1)).sort()).toEqual(['factor.txt', 'layers.py', 'net.py'])
    expect([...model.runSync({ x: { data: new Float32Array([1, 2, 3]), dims: [1, 3] } })['scaled']!.data]).toEqual([
      3.5, 6.5, 9.5,
    ])
    writeFileSync(join(root, 'factor.txt'), '-1')
    expect([...(await built('export=small')).model.runSync({ x: new Float32Array([1, 2]) })['scaled']!.data]).toEqual([
      -0.5, -1.5,
    ])
    const { of: given } = await built('export=Net&inputs=x-float64-n')
    expect(given.artifact.signature.inputs).toEqual([{ name: 'x', type: 'float64', shape: ['n'] }])
    expect(readdirSync(root).filter((name) => name.includes('cache'))).toEqual(['cache'])
  })

  it('outputs have the names of a named tuple, a script’s other arguments their defaults', async () => {
    const root = await temporaryFolder()
    run(
      root,
      `
import torch
from typing import NamedTuple
Out = NamedTuple('Out', [('logits', torch.Tensor), ('x', torch.Tensor)])
class M(torch.nn.Module):
    def forward(self, x, by: float = 2.0):
        if bool(x.sum() > 0):
            return Out(x * by, x)
        return Out(x, x)
torch.jit.script(M()).save('m.pt')
print('{}')`,
    )
    const model = await readModel(join(root, 'm.pt'), { python: { interpreter: python, inputs: 'x-float32-n' } })
    expect([...model.graph.inputs].map(({ name }) => name)).toEqual(['x'])
    expect([...model.graph.outputs].map(({ name }) => name)).toEqual(['logits', 'x_'])
  })

  it('what fails is told in torch’s words, and in ours what to say', async () => {
    const root = await temporaryFolder()
    run(
      root,
      `
import torch
class M(torch.nn.Module):
    def forward(self, x, y):
        return torch.linalg.svd(x)[1] + torch.fft.rfft(y).real
torch.jit.script(M()).save('m.pt')
torch.save(M(), 'pickled.pt')
torch.save(M().state_dict(), 'weights.pt')
print('{}')`,
    )
    copyFileSync(join(root, 'm.pt'), join(root, 'm.onnx'))
    await writeFiles(root, {
      'bad.py': 'import nowhere_to_be_found\n',
      'syntax.py': 'import broken\n',
      'broken.py': 'def\n',
      'exit.py': 'import sys\nsys.exit(1)\n',
      'json.py': 'Net = 1\n',
      'none.py': 'class Net: pass\n',
    })
    const read = (name: string, inputs = '', exported = '') =>
      readModel(join(root, name), { python: { interpreter: python, inputs, export: exported } })
    await expect(read('m.pt')).rejects.toThrow('(x: Tensor, y: Tensor)')
    await expect(read('m.onnx', 'x-float32-2-2')).rejects.toThrow('inputs=y-float32-batch-3')
    await expect(read('m.pt', 'z-float32-2')).rejects.toThrow('forward takes no z, but x, y')
    await expect(read('m.pt', 'x-float32-2-2,y-float32-2')).rejects.toThrow(/UnsupportedOperatorError|not supported/)
    await expect(read('m.pt', 'x-float32-2,y-float32-2')).rejects.toMatchObject({ code: 'MODEL_PYTHON' })
    for (const name of ['pickled.pt', 'weights.pt'])
      await expect(read(name)).rejects.toThrow('torch.jit.save(torch.jit.script(model)')
    await expect(read('bad.py', '', 'Net')).rejects.toThrow("No module named 'nowhere_to_be_found'")
    await expect(read('syntax.py', '', 'Net')).rejects.toMatchObject({
      message: expect.stringContaining('SyntaxError'),
      data: { watch: [join(root, 'broken.py'), join(root, 'syntax.py')] },
    })
    await expect(read('exit.py', '', 'Net')).rejects.toThrow('SystemExit')
    await expect(read('json.py', '', 'Net')).rejects.toThrow('another module is called json, too; rename the file')
    await expect(read('none.py', '', 'Net')).rejects.toThrow('no torch.nn.Module, but Net')
    await expect(read('none.py', '', 'Nett')).rejects.toThrow('there is no Nett in it. It has Net.')
  })

  it('files that native code opens are files of the model, too', async () => {
    const root = await temporaryFolder()
    run(
      root,
      `
import torch
class Twice(torch.nn.Module):
    def forward(self, x): return x * 2
torch.jit.script(Twice()).save('inner.pt')`,
    )
    await writeFiles(root, {
      'package.json': '{}',
      'weights.bin': new Uint8Array(8),
      'weights.safetensors': '',
      // Stands for the package of that name, whose safe_open is native.
      'safetensors.py': 'safe_open = lambda path, framework: path\n',
      'net.py': `
import numpy, torch
from safetensors import safe_open
def net():
    numpy.memmap('weights.bin', dtype='float32')
    safe_open('weights.safetensors', framework='pt')
    return torch.jit.load('inner.pt'), torch.ones(2)
`,
    })
    process.env['PYTHONPATH'] = root
    const reading = readModel(join(root, 'net.py'), { python: { interpreter: python, export: 'net' } })
    const { files } = await reading.finally(() => delete process.env['PYTHONPATH'])
    const names = files.map(({ path }) => path.slice(root.length + 1)).sort()
    expect(names).toEqual(expect.arrayContaining(['inner.pt', 'net.py', 'weights.bin', 'weights.safetensors']))
  })

  it('what is no input of a graph is refused, and what an example can’t be', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'net.v2.py': `
import torch
class Net(torch.nn.Module):
    def forward(self, x): return x[0] + 1
class Pair(Net):
    example_inputs = ((torch.ones(2), torch.ones(2)),)
class Number(Net):
    example_inputs = 5
class Keyword(torch.nn.Module):
    example_inputs = {'x': torch.ones(2), 'y': torch.ones(2)}
    def forward(self, x, *, y): return x + y
class Typo(Net):
    example_inputs = torch.ones(2)
    dynamic_axes = {'z': {0: 'n'}}
class Constant(torch.nn.Module):
    example_inputs = torch.ones(2)
    def forward(self, x): return x + 1, 3
`,
    })
    const warnings: string[] = []
    const read = (name: string) =>
      readModel(join(root, 'net.v2.py'), {
        python: { interpreter: python, export: name, warn: (line) => warnings.push(line) },
      })
    await expect(read('Pair')).rejects.toThrow('the example of x is no tensor or number, but tuple')
    await expect(read('Number')).rejects.toThrow('example_inputs is no tensor, tuple or dict, but int')
    await expect(read('Keyword')).rejects.toThrow('forward takes y by keyword only')
    // torch's own line has a tensor of three lines in it; newer ones may take the number.
    await expect(read('Constant').catch((error: Error) => error.message)).resolves.not.toMatch(/output 1 \(3\.|len\(\)/)
    await expect(read('Typo')).resolves.toMatchObject({ format: 'PyTorch (Python module)' })
    expect(warnings).toEqual([expect.stringContaining('Provided key z for dynamic axes')])
  })

  it('a binary of Python is asked once for its packages', async () => {
    const memoFolder = await temporaryFolder()
    const options = { what: 'm.pt', interpreter: python, memoFolder }
    const found = await findPython('torch', { ...options, from: memoFolder })
    // Nothing can be started in a folder that is not there.
    expect(await findPython('torch', { ...options, from: '/nowhere' })).toEqual(found)
  })
})
